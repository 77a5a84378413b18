import { type Digest, type DigestNode, DigestTree } from "./digest_tree.ts";
import type { ParamSlot } from "./param_slot.ts";
import type { ParamStore } from "./param_store.ts";
import type { Version } from "./version.ts";

/** Changes that wait at most: they keep the versions of before in memory. */
const PENDING_MAX = 4_096;

/**
 * The digests of a store that changes far more often than anybody asks. A change is only noted; its
 * address is counted when somebody asks, once, however often it has changed meanwhile.
 */
export class LazyDigests {
  readonly #counts: (address: string) => boolean;
  readonly #tree = new DigestTree();
  /** Params that changed, each with the version that is counted. */
  readonly #pending: { readonly slot: ParamSlot; readonly counted: Version | undefined }[] = [];
  /** Marks what is pending: one more each time that all of it is counted. */
  #mark = 0;

  /**
   * Counts all that the store holds.
   *
   * @param counts Whether an address is counted at all.
   */
  constructor(store: ParamStore, counts: (address: string) => boolean) {
    this.#counts = counts;
    const walk = store.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      const { address, version } = next.value;
      if (counts(address)) this.#tree.put(address, undefined, version);
    }
  }

  /** To be told of each param that has another version, with the one before, if any. */
  changed(slot: ParamSlot, before: Version | undefined): void {
    if (slot.changeMark === this.#mark) return;
    slot.changeMark = this.#mark;
    this.#pending.push({ slot, counted: before });
    if (this.#pending.length >= PENDING_MAX) this.#count();
  }

  /** To be told of each param that was removed, with its last version. */
  removed(address: string, last: Version): void {
    this.#count();
    if (this.#counts(address)) this.#tree.remove(address, last);
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
    if (this.#pending.length === 0) return;
    this.#mark++;
    for (const { slot: { address, version }, counted } of this.#pending) {
      if (this.#counts(address)) this.#tree.put(address, counted, version);
    }
    this.#pending.length = 0;
  }
}
