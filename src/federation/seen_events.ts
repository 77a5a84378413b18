import { SEEN_EVENTS_MAX } from "../limits.ts";
import type { EventIdentity } from "../router/publication.ts";

const SECOND_MICROS = 1_000_000;
/** Two links do not agree quite how old an event is. */
const MARGIN_SECONDS = 2;

/** What one process of a router has published lately. */
interface Publisher {
  readonly key: string;
  readonly sequences: Set<number>;
}

/** Events to be forgotten in the same second, in two parallel lists. */
interface Bucket {
  readonly publishers: Publisher[];
  readonly sequences: number[];
}

/**
 * Remembers events until their deadline, so that one which comes by two ways, or again after a link
 * was lost, is delivered once. When there are too many, those whose deadline is next go first.
 */
export class SeenEvents {
  readonly #publishers = new Map<string, Publisher>();
  /** By the second of monotonic time in which they are forgotten. */
  readonly #buckets = new Map<number, Bucket>();
  #nextSecond = 0;
  #size = 0;
  /** Who published last: most events come in rows. */
  #newest:
    | { readonly origin: string; readonly bootId: number; readonly publisher: Publisher }
    | undefined;

  /** Events that are remembered. */
  get size(): number {
    return this.#size;
  }

  /** Whether this event is remembered. */
  has({ origin, bootId, sequence }: EventIdentity): boolean {
    return this.#publishers.get(keyOf(origin, bootId))?.sequences.has(sequence) ?? false;
  }

  /** Whether this event is new here; remembers it until its deadline. Both times are monotonic. */
  isNew(identity: EventIdentity, deadlineMicros: number, nowMicros: number): boolean {
    this.#forgetUntil(Math.floor(nowMicros / SECOND_MICROS));
    const { sequence } = identity;
    if (this.#publisherOf(identity).sequences.has(sequence)) return false;
    if (this.#size >= SEEN_EVENTS_MAX) this.#forgetNext();
    // Asked for again: making room may have forgotten the publisher.
    const publisher = this.#publisherOf(identity);
    publisher.sequences.add(sequence);
    this.#size++;
    const last = Math.max(deadlineMicros, nowMicros);
    const bucket = this.#bucketOf(Math.floor(last / SECOND_MICROS) + MARGIN_SECONDS);
    bucket.publishers.push(publisher);
    bucket.sequences.push(sequence);
    return true;
  }

  #publisherOf({ origin, bootId }: EventIdentity): Publisher {
    const newest = this.#newest;
    if (newest?.origin === origin && newest.bootId === bootId) return newest.publisher;
    const key = keyOf(origin, bootId);
    let publisher = this.#publishers.get(key);
    if (publisher === undefined) {
      publisher = { key, sequences: new Set() };
      this.#publishers.set(key, publisher);
    }
    this.#newest = { origin, bootId, publisher };
    return publisher;
  }

  #bucketOf(second: number): Bucket {
    // What is in an earlier second would never be forgotten.
    const key = Math.max(second, this.#nextSecond);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { publishers: [], sequences: [] };
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  #forgetUntil(second: number): void {
    while (this.#nextSecond < second && this.#buckets.size > 0) this.#forgetSecond();
    this.#nextSecond = Math.max(this.#nextSecond, second);
  }

  /** Makes room, whatever the deadlines. */
  #forgetNext(): void {
    const before = this.#size;
    while (this.#size === before && this.#buckets.size > 0) this.#forgetSecond();
  }

  #forgetSecond(): void {
    const bucket = this.#buckets.get(this.#nextSecond);
    this.#buckets.delete(this.#nextSecond);
    this.#nextSecond++;
    if (bucket === undefined) return;
    this.#size -= bucket.sequences.length;
    for (const [index, publisher] of bucket.publishers.entries()) {
      publisher.sequences.delete(bucket.sequences[index] ?? 0);
      if (publisher.sequences.size > 0) continue;
      this.#publishers.delete(publisher.key);
      if (this.#newest?.publisher === publisher) this.#newest = undefined;
    }
  }
}

function keyOf(origin: string, bootId: number): string {
  return `${bootId}@${origin}`;
}
