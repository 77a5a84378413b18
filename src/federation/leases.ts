import { LEASE_LIFE_MS, LEASES_MAX } from "../limits.ts";
import type { Locks } from "../state/locks.ts";

interface Lease {
  readonly holder: string;
  /** Monotonic. */
  readonly deadlineMicros: number;
}

/**
 * The locks that this router, as the owner, gave to sessions of other routers. They are locks like
 * those of its own sessions, with a deadline: they end when they are not renewed.
 */
export class Leases {
  readonly #locks: Locks;
  readonly #byAddress = new Map<string, Lease>();

  constructor(locks: Locks) {
    this.#locks = locks;
  }

  get size(): number {
    return this.#byAddress.size;
  }

  /** Whether one more, of an address that has none, can be given beside others just before. */
  hasRoomFor(address: string, before = 0): boolean {
    return this.#byAddress.has(address) || this.#byAddress.size + before < LEASES_MAX;
  }

  /**
   * A write of a holder was stamped, which may have taken the lock or given it back. Returns whether
   * the holder has it now; that counts as a renewal.
   */
  written(address: string, holder: string, nowMicros: number): boolean {
    const isHeld = this.#locks.holder(address) === holder;
    if (isHeld) this.#extend(address, holder, nowMicros);
    else this.release(address, holder);
    return isHeld;
  }

  /**
   * Extends a lock, or takes it when nobody has it: this router may have started anew. False when
   * another has it, or there is no room.
   */
  renew(address: string, holder: string, nowMicros: number): boolean {
    const current = this.#locks.holder(address);
    if (current === undefined && !this.hasRoomFor(address)) return false;
    if (current !== undefined && current !== holder) return false;
    this.#locks.acquire(address, holder);
    this.#extend(address, holder, nowMicros);
    return true;
  }

  /** Ends a lock. Does nothing unless this holder has it. */
  release(address: string, holder: string): void {
    if (this.#byAddress.get(address)?.holder !== holder) return;
    this.#byAddress.delete(address);
    this.#locks.release(address, holder);
  }

  /** Ends all whose deadline has come. */
  expire(nowMicros: number): void {
    for (const [address, { holder, deadlineMicros }] of this.#byAddress) {
      if (deadlineMicros <= nowMicros) this.release(address, holder);
    }
  }

  #extend(address: string, holder: string, nowMicros: number): void {
    this.#byAddress.set(address, { holder, deadlineMicros: nowMicros + LEASE_LIFE_MS * 1_000 });
  }
}
