import { addressGroup } from "../router/address_group.ts";

interface Entry {
  readonly group: string;
  readonly cut: () => void;
}

/**
 * Connections of a kind that may be so many, in all and from one address. With one more the oldest
 * is cut: whoever is quick gets through, however many others take their time.
 */
export class BoundedConnections {
  readonly #max: number;
  readonly #perAddressMax: number;
  /** In the order in which they came. */
  readonly #entries: Set<Entry> = new Set();
  readonly #groups: Map<string, Set<Entry>> = new Map();

  constructor({ max, perAddressMax }: { readonly max: number; readonly perAddressMax: number }) {
    this.#max = max;
    this.#perAddressMax = perAddressMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Takes one in.
   *
   * @param cut Ends it; it is out then.
   * @returns What takes it out, once or several times.
   */
  add(host: string, cut: () => void): () => void {
    const entry = { group: addressGroup(host), cut };
    const group = this.#groups.get(entry.group) ?? new Set();
    this.#groups.set(entry.group, group.add(entry));
    this.#entries.add(entry);
    if (group.size > this.#perAddressMax) this.#cutOldest(group);
    else if (this.#entries.size > this.#max) this.#cutOldest(this.#entries);
    return () => this.#remove(entry);
  }

  /** Cuts all. */
  cutAll(): void {
    while (this.#entries.size > 0) this.#cutOldest(this.#entries);
  }

  #cutOldest(entries: ReadonlySet<Entry>): void {
    const [oldest] = entries;
    if (oldest === undefined) return;
    this.#remove(oldest);
    oldest.cut();
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry);
    const group = this.#groups.get(entry.group);
    if (group?.delete(entry) === true && group.size === 0) this.#groups.delete(entry.group);
  }
}
