/** Entries that mean nothing any more and are kept at most, beside as many as there are addresses. */
const STALE_KEPT = 1_000;

/**
 * Addresses by the time at which something is to be done about them.
 *
 * An address has one entry, at the earliest time that was said: when its time moves away, the entry
 * stays, is taken early, and whoever takes it adds the address again. So a param that is written
 * 500 times a second costs a look-up each time, and no more memory than one that rests.
 */
export class ExpiryQueue {
  /** Binary heap; two arrays, so that an entry is not an object of its own. */
  readonly #times: number[] = [];
  readonly #addresses: string[] = [];
  /** When the entry of an address is due. Others of its entries in the heap mean nothing. */
  readonly #dueByAddress = new Map<string, number>();

  /** Addresses that wait. */
  get size(): number {
    return this.#dueByAddress.size;
  }

  /** Entries in memory, those included that mean nothing any more. */
  get entries(): number {
    return this.#times.length;
  }

  /** When the first address is due. */
  get firstMicros(): number | undefined {
    this.#dropStale();
    return this.#times[0];
  }

  /** Has an address taken at this time or earlier. */
  add(address: string, atMicros: number): void {
    const dueMicros = this.#dueByAddress.get(address);
    if (dueMicros !== undefined && dueMicros <= atMicros) return;
    this.#dueByAddress.set(address, atMicros);
    this.#push(address, atMicros);
    if (this.#times.length > 2 * this.size + STALE_KEPT) this.#rebuild();
  }

  /** Forgets an address. */
  remove(address: string): void {
    if (this.#dueByAddress.size > 0) this.#dueByAddress.delete(address);
  }

  /** Takes the first address that is due, or undefined. */
  takeDue(nowMicros: number): string | undefined {
    const firstMicros = this.firstMicros;
    if (firstMicros === undefined || firstMicros > nowMicros) return undefined;
    const address = this.#addresses[0];
    this.#removeFirst();
    if (address !== undefined) this.#dueByAddress.delete(address);
    return address;
  }

  #dropStale(): void {
    for (;;) {
      const address = this.#addresses[0];
      if (address === undefined || this.#dueByAddress.get(address) === this.#times[0]) return;
      this.#removeFirst();
    }
  }

  #rebuild(): void {
    this.#times.length = 0;
    this.#addresses.length = 0;
    for (const [address, atMicros] of this.#dueByAddress) this.#push(address, atMicros);
  }

  #push(address: string, atMicros: number): void {
    let index = this.#times.length;
    this.#times.push(atMicros);
    this.#addresses.push(address);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#at(parent) <= atMicros) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #removeFirst(): void {
    const atMicros = this.#times.pop();
    const address = this.#addresses.pop();
    if (atMicros === undefined || address === undefined || this.#times.length === 0) return;
    this.#times[0] = atMicros;
    this.#addresses[0] = address;
    for (let index = 0;;) {
      const left = 2 * index + 1;
      const first = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(first) >= atMicros) return;
      this.#swap(index, first);
      index = first;
    }
  }

  /** Infinity beyond the end. */
  #at(index: number): number {
    return this.#times[index] ?? Infinity;
  }

  #swap(i: number, j: number): void {
    const [time, address] = [this.#times[i], this.#addresses[i]];
    const [otherTime, otherAddress] = [this.#times[j], this.#addresses[j]];
    if (time === undefined || address === undefined) return;
    if (otherTime === undefined || otherAddress === undefined) return;
    this.#times[i] = otherTime;
    this.#addresses[i] = otherAddress;
    this.#times[j] = time;
    this.#addresses[j] = address;
  }
}
