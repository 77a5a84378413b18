import { ParamSlot } from "./param_slot.ts";
import type { Param, ParamStore } from "./param_store.ts";
import type { Version } from "./version.ts";

/** A {@linkcode ParamStore} on one `Map`. */
export class MapParamStore implements ParamStore {
  readonly #slots = new Map<string, ParamSlot>();

  get size(): number {
    return this.#slots.size;
  }

  get(address: string): Version | undefined {
    return this.#slots.get(address)?.version;
  }

  slot(address: string): ParamSlot | undefined {
    return this.#slots.get(address);
  }

  put(address: string, version: Version): ParamSlot {
    const before = this.#slots.get(address);
    if (before !== undefined) {
      before.version = version;
      return before;
    }
    const slot = new ParamSlot(address, version);
    this.#slots.set(address, slot);
    return slot;
  }

  replace(slot: ParamSlot, version: Version): void {
    slot.version = version;
  }

  remove(address: string): void {
    this.#slots.delete(address);
  }

  // A Map's own iterator survives changes: it meets entries added behind its position, and replaced
  // versions keep their place.
  *walk(): Iterator<Param, undefined> {
    for (const { address, version } of this.#slots.values()) yield { address, version };
    return undefined;
  }
}
