/** Things kept at most, and addresses without a param; beyond it they are found anew. */
const FOUND_MAX = 100_000;
const NOT_FOUND = -1;

/**
 * What was found out about addresses, each thing once however many addresses it is true of. An address
 * is given a number, its mark, by which the same is found again until something changes. That of a
 * param is noted with it; that of any other address here.
 */
export class FoundByMark<Key, Found> {
  readonly #marks = new Map<Key, number>();
  readonly #marksByAddress = new Map<string, number>();
  #found: Found[] = [];
  /** Marks below it are of what was forgotten. */
  #firstMark = 0;

  /** What a mark stands for; undefined when it is to be found anew. */
  at(mark: number): Found | undefined {
    const index = mark - this.#firstMark;
    // An array is slow to say that it has nothing at a negative index.
    return index >= 0 ? this.#found[index] : undefined;
  }

  /** What was found of an address without a param; undefined when it is to be found anew. */
  of(address: string): Found | undefined {
    return this.at(this.#marksByAddress.get(address) ?? NOT_FOUND);
  }

  /** Notes the mark of an address without a param. */
  note(address: string, mark: number): void {
    if (this.#marksByAddress.size >= FOUND_MAX) this.#marksByAddress.clear();
    this.#marksByAddress.set(address, mark);
  }

  /** The mark of what was found already under a key. */
  markOf(key: Key): number | undefined {
    return this.#marks.get(key);
  }

  /** Keeps something new under its key. Returns its mark. */
  add(key: Key, found: Found): number {
    if (this.#found.length >= FOUND_MAX) this.forget();
    const mark = this.#firstMark + this.#found.length;
    this.#found.push(found);
    this.#marks.set(key, mark);
    return mark;
  }

  /** Something has changed: all is to be found anew. */
  forget(): void {
    this.#firstMark += this.#found.length;
    if (this.#found.length === 0) return;
    this.#found = [];
    this.#marks.clear();
    this.#marksByAddress.clear();
  }
}
