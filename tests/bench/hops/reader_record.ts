const UPDATES_AT_FIRST = 65_536;

/** What one reader has seen. */
export class ReaderRecord {
  /** One above the newest update that has come: no order within a turn is asked for. */
  progress = 0;
  /** Updates that have come, repeats not counted. */
  distinct = 0;
  duplicates = 0;
  /** Whether something has come at all, were it a probe. */
  isReached = false;
  readonly #last: Float64Array;
  #seen = new Uint8Array(UPDATES_AT_FIRST);

  constructor(addresses: number) {
    this.#last = new Float64Array(addresses).fill(-1);
  }

  /** @returns Whether it is an update that had not come before. */
  take(address: number, number: number): boolean {
    this.isReached = true;
    if (number < 0) return false;
    this.#last[address] = number;
    if (number >= this.progress) this.progress = number + 1;
    if (number >= this.#seen.length) this.#grow(number);
    if (this.#seen[number] === 1) {
      this.duplicates++;
      return false;
    }
    this.#seen[number] = 1;
    this.distinct++;
    return true;
  }

  /** Adds the addresses at which it saw something else last than what was written last. */
  collectWrong(written: Float64Array, wrong: Set<number>): void {
    for (const [address, number] of written.entries()) {
      if (this.#last[address] !== number) wrong.add(address);
    }
  }

  #grow(number: number): void {
    const seen = new Uint8Array(2 * number);
    seen.set(this.#seen);
    this.#seen = seen;
  }
}
