import { HEARTBEAT_MS, HEARTBEATS_UNANSWERED_MAX } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import type { RouterCore } from "../router/router_core.ts";

/**
 * The heartbeat towards a legacy peer: PING and PONG, for a public leaf does not answer SYNC.
 */
export class PingHeartbeat {
  readonly #router: RouterCore;
  readonly #ping: () => void;
  readonly #lost: (reason: string) => void;
  #unanswered = 0;
  #next: Appointment | undefined;

  /** `lost` is called once, when too many are unanswered. */
  constructor(
    router: RouterCore,
    actions: { readonly ping: () => void; readonly lost: (reason: string) => void },
  ) {
    this.#router = router;
    this.#ping = actions.ping;
    this.#lost = actions.lost;
  }

  /** Sends one now and then every `HEARTBEAT_MS`. */
  start(): void {
    this.#unanswered++;
    this.#ping();
    this.#next = this.#router.after(HEARTBEAT_MS, () => this.#beat());
  }

  stop(): void {
    this.#router.agenda.cancel(this.#next);
  }

  /** A PONG came. */
  answered(): void {
    this.#unanswered = 0;
  }

  #beat(): void {
    if (this.#unanswered >= HEARTBEATS_UNANSWERED_MAX) {
      return this.#lost(`No answer to ${HEARTBEATS_UNANSWERED_MAX} heartbeats`);
    }
    this.start();
  }
}
