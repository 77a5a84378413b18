import { GETS_WAITING_PER_SESSION_MAX } from "../limits.ts";

/** What waits for one address. */
interface Waiting {
  writes: number;
  readonly actions: (() => void)[];
}

/** The writes of one session that are on their way to their owners, and what waits for them. */
export class PendingWrites {
  /** Undefined while there are none: most sessions never have any. */
  #byAddress: Map<string, Waiting> | undefined;
  #actions = 0;

  /** A write was sent on. */
  began(address: string): void {
    const byAddress = this.#byAddress ??= new Map();
    const waiting = byAddress.get(address);
    if (waiting === undefined) byAddress.set(address, { writes: 1, actions: [] });
    else waiting.writes++;
  }

  /** A write was answered; each is, at the latest when its life ends. */
  ended(address: string): void {
    const waiting = this.#byAddress?.get(address);
    if (waiting === undefined || --waiting.writes > 0) return;
    this.#byAddress?.delete(address);
    if (this.#byAddress?.size === 0) this.#byAddress = undefined;
    this.#actions -= waiting.actions.length;
    for (const action of waiting.actions) action();
  }

  /**
   * Does something when no write to an address is on its way: now, or later. False when too much
   * waits already.
   */
  afterAll(address: string, action: () => void): boolean {
    const waiting = this.#byAddress?.get(address);
    if (waiting === undefined) action();
    else if (this.#actions >= GETS_WAITING_PER_SESSION_MAX) return false;
    else {
      waiting.actions.push(action);
      this.#actions++;
    }
    return true;
  }
}
