/**
 * How long updates took, milliseconds, for quantiles. Has room for so many; what is written before
 * `clear` may be more, and overwrites itself.
 */
export class Latencies {
  readonly #sentMs: Float64Array;
  readonly #tookMs: Float64Array;
  #count = 0;

  constructor({ updates, deliveries }: { readonly updates: number; readonly deliveries: number }) {
    this.#sentMs = new Float64Array(updates);
    this.#tookMs = new Float64Array(deliveries);
  }

  get count(): number {
    return this.#count;
  }

  /** Forgets all. */
  clear(): void {
    this.#count = 0;
  }

  sent(number: number, nowMs: number): void {
    this.#sentMs[number % this.#sentMs.length] = nowMs;
  }

  received(number: number, nowMs: number): void {
    const sentMs = this.#sentMs[number % this.#sentMs.length] ?? 0;
    this.#tookMs[this.#count++ % this.#tookMs.length] = nowMs - sentMs;
  }

  /** Sorts: for when all is over. */
  quantiles(): { readonly p50Ms: number; readonly p99Ms: number } {
    const sorted = this.#tookMs.subarray(0, this.#count).sort();
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
    return { p50Ms: at(0.5), p99Ms: at(0.99) };
  }
}
