/** How long updates took, milliseconds, for quantiles. Their numbers start at 0. */
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

  sent(number: number, nowMs: number): void {
    this.#sentMs[number] = nowMs;
  }

  received(number: number, nowMs: number): void {
    this.#tookMs[this.#count++] = nowMs - (this.#sentMs[number] ?? 0);
  }

  /** Sorts: for when all is over. */
  quantiles(): { readonly p50Ms: number; readonly p99Ms: number } {
    const sorted = this.#tookMs.subarray(0, this.#count).sort();
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
    return { p50Ms: at(0.5), p99Ms: at(0.99) };
  }
}
