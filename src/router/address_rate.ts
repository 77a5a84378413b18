import { ADDRESSES_WATCHED_MAX } from "../limits.ts";
import { addressGroup } from "./address_group.ts";
import { TokenBucket } from "./token_bucket.ts";

/** How often each remote address may do something. */
export class AddressRate {
  readonly #limits: { readonly perSecond: number; readonly burst: number };
  /** In the order in which they were asked about last. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(limits: { readonly perSecond: number; readonly burst: number }) {
    this.#limits = limits;
  }

  /**
   * Whether a host may do it once more now; it is counted then, as more than one where it costs more
   * than others do.
   */
  takes(host: string, nowMicros: number, amount: number = 1): boolean {
    const group = addressGroup(host);
    const bucket = this.#buckets.get(group) ?? new TokenBucket({ ...this.#limits, nowMicros });
    this.#buckets.delete(group);
    this.#buckets.set(group, bucket);
    this.#forget(nowMicros);
    if (!bucket.has(nowMicros)) return false;
    bucket.take(amount);
    return true;
  }

  /** Addresses that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Those that have all again, and the one asked about longest ago when there are too many. */
  #forget(nowMicros: number): void {
    for (const [group, bucket] of this.#buckets) {
      const isOver = this.#buckets.size > ADDRESSES_WATCHED_MAX;
      if (!isOver && !(this.#buckets.size > 1 && bucket.isFull(nowMicros))) return;
      this.#buckets.delete(group);
    }
  }
}
