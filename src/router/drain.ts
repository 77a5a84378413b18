import { WRITE_LIFE_MS } from "../limits.ts";
import type { Connection } from "./connection.ts";
import { CLOSE_CODE } from "./error_code.ts";
import type { RouterCore } from "./router_core.ts";

/** How often connections are looked at: sockets do not say when they have taken everything. */
const LOOK_INTERVAL_MS = 5;

/**
 * The end of a router's work: each connection is closed as soon as it has taken all that waits for
 * it, so that those who keep up may go elsewhere at once and slow ones get what was acknowledged.
 *
 * Clients are refused what would be new (ERROR 503). Answers that are on their way from other routers
 * are waited for, at most as long as a write lives; peers are served until their link is closed.
 */
export class Drain {
  readonly #router: RouterCore;
  readonly #reason: string;
  readonly #connections: ReadonlyMap<unknown, Connection>;
  readonly #done: () => void;
  readonly #answersUntilMicros: number;

  constructor(router: RouterCore, options: {
    readonly reason: string;
    readonly connections: ReadonlyMap<unknown, Connection>;
    /** Called once, when none is left; not before `start` has returned. */
    readonly done: () => void;
  }) {
    this.#router = router;
    this.#reason = options.reason;
    this.#connections = options.connections;
    this.#done = options.done;
    this.#answersUntilMicros = router.nowMicros + WRITE_LIFE_MS * 1_000;
  }

  start(): void {
    this.#plan(0);
  }

  #plan(delayMs: number): void {
    this.#router.after(delayMs, () => this.#look());
  }

  #look(): void {
    const router = this.#router;
    for (const connection of [...this.#connections.values()]) router.pumpOnce(connection);
    // What links gather in a turn waits in no outbox.
    router.flush(router.nowMicros);
    for (const connection of [...this.#connections.values()]) {
      if (this.#isServed(connection)) connection.close(CLOSE_CODE.goingAway, this.#reason);
    }
    if (this.#connections.size === 0) this.#done();
    else this.#plan(LOOK_INTERVAL_MS);
  }

  #isServed(connection: Connection): boolean {
    if (!connection.isSent) return false;
    return connection.handler?.isAnswering !== true ||
      this.#router.nowMicros >= this.#answersUntilMicros;
  }
}
