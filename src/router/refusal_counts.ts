/** How many ERRORs a router sent, by their code. Codes are its own, so there are few. */
export class RefusalCounts {
  readonly #byCode = new Map<number, number>();

  /** One more was sent. */
  count(code: number): void {
    this.#byCode.set(code, (this.#byCode.get(code) ?? 0) + 1);
  }

  /** Codes that were sent with how often, the lowest first. */
  entries(): readonly (readonly [code: number, count: number])[] {
    return [...this.#byCode].sort(([a], [b]) => a - b);
  }
}
