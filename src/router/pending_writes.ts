/** What waits for one address. */
interface Waiting {
  writes: number;
  readonly actions: (() => void)[];
}

/** The writes of one session that are on their way to their owners, and what waits for them. */
export class PendingWrites {
  readonly #byAddress = new Map<string, Waiting>();

  /** A write was sent on. */
  began(address: string): void {
    const waiting = this.#byAddress.get(address);
    if (waiting === undefined) this.#byAddress.set(address, { writes: 1, actions: [] });
    else waiting.writes++;
  }

  /** A write was answered; each is, at the latest when its life ends. */
  ended(address: string): void {
    const waiting = this.#byAddress.get(address);
    if (waiting === undefined || --waiting.writes > 0) return;
    this.#byAddress.delete(address);
    for (const action of waiting.actions) action();
  }

  /** Does something when no write to an address is on its way: now, or later. */
  afterAll(address: string, action: () => void): void {
    const waiting = this.#byAddress.get(address);
    if (waiting === undefined) action();
    else waiting.actions.push(action);
  }
}
