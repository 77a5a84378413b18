/**
 * Who holds which param. A holder is any string that is unique for the time it holds something (the
 * router uses session ids).
 */
export class Locks {
  readonly #holderByAddress = new Map<string, string>();
  readonly #addressesByHolder = new Map<string, Set<string>>();

  /** The holder of an address, or undefined. */
  holder(address: string): string | undefined {
    return this.#holderByAddress.get(address);
  }

  /** Takes an address. Does nothing when someone holds it; the caller has asked `holder` before. */
  acquire(address: string, holder: string): void {
    if (this.#holderByAddress.has(address)) return;
    this.#holderByAddress.set(address, holder);
    let addresses = this.#addressesByHolder.get(holder);
    if (addresses === undefined) {
      addresses = new Set();
      this.#addressesByHolder.set(holder, addresses);
    }
    addresses.add(address);
  }

  /** Gives an address back. Does nothing unless this holder holds it. */
  release(address: string, holder: string): void {
    if (this.#holderByAddress.get(address) !== holder) return;
    this.#holderByAddress.delete(address);
    const addresses = this.#addressesByHolder.get(holder);
    addresses?.delete(address);
    if (addresses?.size === 0) this.#addressesByHolder.delete(holder);
  }

  /** Gives back all that a holder holds. */
  releaseAll(holder: string): void {
    for (const address of this.#addressesByHolder.get(holder) ?? []) {
      this.#holderByAddress.delete(address);
    }
    this.#addressesByHolder.delete(holder);
  }
}
