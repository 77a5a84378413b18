import { RECEIVE_TURN_BYTES, RECEIVE_TURN_MESSAGES } from "../limits.ts";

interface Waiting {
  readonly step: () => boolean;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Shares the turns of the event loop among the connections that receive, so that timers and the
 * other sockets get theirs. Reads that complete at once give no turn away: whoever floods would be
 * handled without end.
 *
 * Nothing is planned for connections that receive little: only work that is spent is counted.
 */
export class ReceiveTurns {
  readonly #nextTurn: (action: () => void) => void;
  #messages = 0;
  #bytes = 0;
  readonly #waiting: Waiting[] = [];

  /** @param nextTurn Runs an action when the event loop has looked at everything else. */
  constructor(nextTurn: (action: () => void) => void) {
    this.#nextTurn = nextTurn;
  }

  /** Whether this turn's share is used up: what is left is for the next. */
  get isSpent(): boolean {
    return this.#messages >= RECEIVE_TURN_MESSAGES || this.#bytes >= RECEIVE_TURN_BYTES;
  }

  /** Counts what was handled. */
  spend(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
  }

  /**
   * Calls `step` once in each turn, with others in the order in which they came, until it returns
   * true. Resolves then.
   */
  finish(step: () => boolean): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ step, done, failed });
      if (this.#waiting.length === 1) this.#nextTurn(() => this.#run());
    });
  }

  #run(): void {
    this.#messages = 0;
    this.#bytes = 0;
    // Those that are not done come again behind all others, in a later turn.
    const again: Waiting[] = [];
    let handled = 0;
    for (const waiting of this.#waiting) {
      if (handled > 0 && this.isSpent) break;
      handled++;
      if (!this.#isDone(waiting)) again.push(waiting);
    }
    this.#waiting.splice(0, handled);
    this.#waiting.push(...again);
    if (this.#waiting.length > 0) this.#nextTurn(() => this.#run());
  }

  #isDone({ step, done, failed }: Waiting): boolean {
    try {
      if (!step()) return false;
      done();
    } catch (error) {
      failed(error);
    }
    return true;
  }
}
