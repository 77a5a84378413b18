/** What one session sees of params: that nothing goes backwards. */
export class SessionWatch {
  /** Sentences; none when all is well. */
  readonly problems: string[];
  readonly #name: string;
  readonly #seen = new Map<string, { readonly revision: number; readonly value: number }>();

  /** @param problems Where to add what goes wrong. */
  constructor(name: string, problems: string[]) {
    this.#name = name;
    this.problems = problems;
  }

  /** The newest revision that it has seen of an address. */
  revision(address: string): number | undefined {
    return this.#seen.get(address)?.revision;
  }

  /** An update or an entry of a snapshot. All writers write growing numbers. */
  saw(address: string, { revision, value }: { revision: number; value: number }): void {
    const before = this.#seen.get(address);
    if (before !== undefined && revision < before.revision) {
      this.problems.push(
        `${this.#name}: ${address} went from revision ${before.revision} to ${revision}`,
      );
    }
    if (before !== undefined && value < before.value) {
      this.problems.push(`${this.#name}: ${address} went from ${before.value} to ${value}`);
    }
    if (before !== undefined && revision === before.revision && value !== before.value) {
      this.problems.push(
        `${this.#name}: ${address} was ${before.value} and ${value} at revision ${revision}`,
      );
    }
    this.#seen.set(address, { revision, value });
  }
}
