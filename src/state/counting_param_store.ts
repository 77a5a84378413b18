import type { ParamSlot } from "./param_slot.ts";
import type { Param, ParamStore } from "./param_store.ts";
import type { Version } from "./version.ts";

/** A {@linkcode ParamStore} that counts what is changed in it, so that it is saved only then. */
export class CountingParamStore implements ParamStore {
  readonly #store: ParamStore;
  readonly #counts: (address: string) => boolean;
  #changes = 0;

  /** @param counts Whether changes at an address are counted. */
  constructor(store: ParamStore, counts: (address: string) => boolean) {
    this.#store = store;
    this.#counts = counts;
  }

  /** Changes so far. */
  get changes(): number {
    return this.#changes;
  }

  get size(): number {
    return this.#store.size;
  }

  get(address: string): Version | undefined {
    return this.#store.get(address);
  }

  slot(address: string): ParamSlot | undefined {
    return this.#store.slot(address);
  }

  put(address: string, version: Version): ParamSlot {
    if (this.#counts(address)) this.#changes++;
    return this.#store.put(address, version);
  }

  replace(slot: ParamSlot, version: Version): void {
    if (this.#counts(slot.address)) this.#changes++;
    this.#store.replace(slot, version);
  }

  remove(address: string): void {
    if (this.#counts(address)) this.#changes++;
    this.#store.remove(address);
  }

  walk(): Iterator<Param, undefined> {
    return this.#store.walk();
  }
}
