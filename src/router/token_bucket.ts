/**
 * How much of something may be had in a second, and at once. What is taken may exceed what is there:
 * then there is none until that has been made up for.
 */
export class TokenBucket {
  readonly #perMicro: number;
  readonly #burst: number;
  #level: number;
  #atMicros: number;

  /** Full at first. */
  constructor(options: {
    readonly perSecond: number;
    /** At once, after a time in which nothing was taken. */
    readonly burst: number;
    /** Monotonic. */
    readonly nowMicros: number;
  }) {
    this.#perMicro = options.perSecond / 1_000_000;
    this.#burst = options.burst;
    this.#level = options.burst;
    this.#atMicros = options.nowMicros;
  }

  /** Whether there is any. */
  has(nowMicros: number): boolean {
    this.#fill(nowMicros);
    return this.#level > 0;
  }

  /** Takes so much, of which there may be less. */
  take(amount: number): void {
    this.#level -= amount;
  }

  /** Whether all that was taken is there again. */
  isFull(nowMicros: number): boolean {
    this.#fill(nowMicros);
    return this.#level >= this.#burst;
  }

  #fill(nowMicros: number): void {
    const passedMicros = nowMicros - this.#atMicros;
    if (passedMicros <= 0) return;
    this.#atMicros = nowMicros;
    this.#level = Math.min(this.#burst, this.#level + passedMicros * this.#perMicro);
  }
}
