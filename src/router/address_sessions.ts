import { remoteGroup } from "./address_group.ts";
import type { ConnectionId } from "./port.ts";

/** How many connections each remote address has opened to this router. */
export class AddressSessions {
  readonly #counts = new Map<string, number>();
  readonly #groups = new Map<ConnectionId, string>();

  /** Counts a connection in. Returns how many its address has now. */
  add(id: ConnectionId, remoteAddress: string): number {
    const group = remoteGroup(remoteAddress);
    const count = (this.#counts.get(group) ?? 0) + 1;
    this.#counts.set(group, count);
    this.#groups.set(id, group);
    return count;
  }

  /** Counts it out; harmless when it was not counted in. */
  delete(id: ConnectionId): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    this.#groups.delete(id);
    const count = (this.#counts.get(group) ?? 0) - 1;
    if (count > 0) this.#counts.set(group, count);
    else this.#counts.delete(group);
  }

  /** Addresses that have any. */
  get size(): number {
    return this.#counts.size;
  }
}
