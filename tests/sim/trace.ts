/** What happened in a simulation, a line of text for each event; the same seed gives the same text. */
export class Trace {
  readonly #lines: string[] = [];
  readonly #isKept: boolean;

  /** One that is not kept costs next to nothing. */
  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  /** Adds a line. Its text is asked for only when it is kept. */
  add(nowMicros: number, text: () => string): void {
    if (this.#isKept) this.#lines.push(`${(nowMicros / 1e6).toFixed(6)} ${text()}`);
  }

  get text(): string {
    return this.#lines.join("\n");
  }
}
