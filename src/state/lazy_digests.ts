import { type Digest, type DigestNode, DigestTree } from "./digest_tree.ts";
import type { ParamStore } from "./param_store.ts";
import type { Version } from "./version.ts";

/** Changes that wait at most: they keep the versions of before in memory. */
const PENDING_MAX = 4_096;

/**
 * The digests of a store that changes far more often than anybody asks. A change is only noted; its
 * address is counted when somebody asks, once, however often it has changed meanwhile.
 */
export class LazyDigests {
  readonly #store: ParamStore;
  readonly #counts: (address: string) => boolean;
  readonly #tree = new DigestTree();
  /** Addresses that changed, with the version that is counted. */
  readonly #pending = new Map<string, Version | undefined>();

  /**
   * Counts all that the store holds.
   *
   * @param counts Whether an address is counted at all.
   */
  constructor(store: ParamStore, counts: (address: string) => boolean) {
    this.#store = store;
    this.#counts = counts;
    const walk = store.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      const { address, version } = next.value;
      if (counts(address)) this.#tree.put(address, undefined, version);
    }
  }

  /** To be told of each change in the store, with what was there before, if anything. */
  changed(address: string, before: Version | undefined): void {
    if (this.#pending.has(address)) return;
    this.#pending.set(address, before);
    if (this.#pending.size >= PENDING_MAX) this.#count();
  }

  /** The digest of a node. */
  digest(node: DigestNode): Digest {
    this.#count();
    return this.#tree.digest(node);
  }

  /** The addresses below a node. */
  addresses(node: DigestNode): readonly string[] {
    this.#count();
    return this.#tree.addresses(node);
  }

  #count(): void {
    if (this.#pending.size === 0) return;
    for (const [address, before] of this.#pending) {
      if (!this.#counts(address)) continue;
      const after = this.#store.get(address);
      if (after !== undefined) this.#tree.put(address, before, after);
      else if (before !== undefined) this.#tree.remove(address, before);
    }
    this.#pending.clear();
  }
}
