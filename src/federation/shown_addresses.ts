/** Addresses are looked through when twice as many are known as after the last look, and so many more. */
const LOOK_AFTER = 1_000;

/**
 * The addresses at which links are shown, here or by other routers. What is not kept any more is
 * forgotten now and then, so that it holds no more than twice what there is.
 */
export class ShownAddresses implements Iterable<string> {
  readonly #addresses = new Set<string>();
  readonly #isKept: (address: string) => boolean;
  #lookAtSize = LOOK_AFTER;

  /** `isKept` says whether anything is known of an address. */
  constructor(isKept: (address: string) => boolean) {
    this.#isKept = isKept;
  }

  /** How many are known, those that are to be forgotten included. */
  get size(): number {
    return this.#addresses.size;
  }

  /** A link is shown there. */
  add(address: string): void {
    this.#addresses.add(address);
    if (this.#addresses.size <= this.#lookAtSize) return;
    for (const each of this.#addresses) if (!this.#isKept(each)) this.#addresses.delete(each);
    this.#lookAtSize = 2 * this.#addresses.size + LOOK_AFTER;
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#addresses.values();
  }
}
