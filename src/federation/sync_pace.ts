import { SYNC_PARAMS_PER_MS } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import type { Connection } from "../router/connection.ts";

/** After what takes less than this, the next may begin at the end of the turn. */
const AT_ONCE_MAX_MS = 1;

/** What a {@linkcode SyncPace} needs of its router. */
export interface SyncSurroundings {
  readonly nowMicros: number;
  readonly params: { readonly size: number };
  after(delayMs: number, action: () => void, connection?: Connection): Appointment;
  flushAtEndOfTurn(flush: () => void, connection?: Connection): void;
}

/**
 * When the comparisons of states begin that a peer asks for: one a turn, however many were asked for,
 * and not before the router had time for others since the last one. Each may walk the whole store.
 */
export class SyncPace {
  readonly #router: SyncSurroundings;
  readonly #connection: Connection;
  readonly #begin: () => void;
  #nextMicros = -Infinity;
  #plan: Appointment | undefined;

  constructor(router: SyncSurroundings, connection: Connection, begin: () => void) {
    this.#router = router;
    this.#connection = connection;
    this.#begin = () => {
      const { nowMicros, params } = router;
      const pauseMs = params.size / SYNC_PARAMS_PER_MS;
      if (pauseMs > AT_ONCE_MAX_MS) this.#nextMicros = nowMicros + pauseMs * 1_000;
      begin();
    };
  }

  /** One is asked for. */
  begin(): void {
    if (this.#plan !== undefined) return;
    const waitMs = (this.#nextMicros - this.#router.nowMicros) / 1_000;
    if (waitMs <= 0) return this.#router.flushAtEndOfTurn(this.#begin, this.#connection);
    this.#plan = this.#router.after(waitMs, () => {
      this.#plan = undefined;
      this.#begin();
    }, this.#connection);
  }
}
