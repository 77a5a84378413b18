import { WRITE_LIFE_MS } from "../limits.ts";
import type { Connection } from "./connection.ts";
import { CLOSE_CODE } from "./error_code.ts";
import type { RouterCore } from "./router_core.ts";

/** How often connections are looked at: sockets do not say when they have taken everything. */
const LOOK_INTERVAL_MS = 5;

/**
 * Asks some connections to connect again (1012), each as soon as it has taken all that waits for it.
 * The router goes on meanwhile and afterwards: until a connection is closed it is served, and those
 * that are not concerned notice nothing.
 */
export class Renewal {
  readonly #router: RouterCore;
  readonly #reason: string;
  readonly #waiting: Set<Connection>;
  readonly #done: () => void;
  readonly #answersUntilMicros: number;
  readonly #untilMicros: number;

  constructor(router: RouterCore, options: {
    readonly reason: string;
    readonly connections: Iterable<Connection>;
    /** Then those are closed that still have something to take. */
    readonly timeoutMs: number;
    /** Called once, when all are closed; not before `start` has returned. */
    readonly done: () => void;
  }) {
    this.#router = router;
    this.#reason = options.reason;
    this.#waiting = new Set(options.connections);
    this.#done = options.done;
    this.#answersUntilMicros = router.nowMicros + WRITE_LIFE_MS * 1_000;
    this.#untilMicros = router.nowMicros + options.timeoutMs * 1_000;
  }

  start(): void {
    this.#plan(0);
  }

  #plan(delayMs: number): void {
    this.#router.after(delayMs, () => this.#look());
  }

  #look(): void {
    const router = this.#router;
    for (const connection of this.#waiting) {
      if (!connection.isClosed) router.pumpOnce(connection);
    }
    // What links gather in a turn waits in no outbox.
    router.flush(router.nowMicros);
    for (const connection of this.#waiting) {
      if (!connection.isClosed) this.#closeIfServed(connection);
      if (connection.isClosed) this.#waiting.delete(connection);
    }
    if (this.#waiting.size === 0) this.#done();
    else this.#plan(LOOK_INTERVAL_MS);
  }

  #closeIfServed(connection: Connection): void {
    const { nowMicros } = this.#router;
    const isAnswering = connection.handler?.isAnswering === true &&
      nowMicros < this.#answersUntilMicros;
    const isServed = connection.isSent && !isAnswering;
    if (!isServed && nowMicros < this.#untilMicros) return;
    // What was acknowledged reaches those who subscribed, if they read it in time.
    connection.outbox.sendAll(nowMicros);
    connection.close(CLOSE_CODE.serviceRestart, this.#reason);
  }
}
