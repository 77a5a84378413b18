import type { Param, ParamStore } from "./param_store.ts";
import type { Version } from "./version.ts";

/** A {@linkcode ParamStore} on one `Map`. */
export class MapParamStore implements ParamStore {
  readonly #versions = new Map<string, Version>();

  get size(): number {
    return this.#versions.size;
  }

  get(address: string): Version | undefined {
    return this.#versions.get(address);
  }

  put(address: string, version: Version): void {
    this.#versions.set(address, version);
  }

  remove(address: string): void {
    this.#versions.delete(address);
  }

  // A Map's own iterator survives changes: it meets entries added behind its position, and replaced
  // values keep their place.
  *walk(): Iterator<Param, undefined> {
    for (const [address, version] of this.#versions) yield { address, version };
    return undefined;
  }
}
