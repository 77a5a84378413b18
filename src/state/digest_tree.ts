import { DIGEST_DEPTH_MAX } from "../limits.ts";
import type { Version } from "./version.ts";

/** Stands for a set of versions: equal sets have equal digests, others hardly ever. */
export interface Digest {
  readonly count: number;
  /** Two wrapping sums of 32 bits over the versions' hashes. */
  readonly high: number;
  readonly low: number;
}

/** A part of the tree: all addresses whose hash begins with the `4 * depth` bits of `index`. */
export interface DigestNode {
  /** 0 for the root, at most {@linkcode DIGEST_DEPTH_MAX}. */
  readonly depth: number;
  /** Below `16 ** depth`. */
  readonly index: number;
}

/** Parts a node has on the next level. */
export const DIGEST_FAN_OUT: number = 16;

const BITS_PER_LEVEL = 4;
/** Nodes of a level that share a chunk of memory. */
const CHUNK_BITS = 6;
const CHUNK_NODES = 1 << CHUNK_BITS;
/** Count, high and low. */
const SUM_NUMBERS = 3;
const HASH_BITS = BITS_PER_LEVEL * DIGEST_DEPTH_MAX;

/**
 * Digests of all versions of a store, by parts: a 16-way tree over a hash of the address, each node
 * the sum of what is below it. Two routers that compare theirs from the root down find the addresses
 * that differ without telling each other the rest.
 *
 * A sum can be kept up to date: a change costs one addition a level, whatever the size of the store.
 */
export class DigestTree {
  readonly #levels: readonly Level[] = Array.from(
    { length: DIGEST_DEPTH_MAX + 1 },
    (_, depth) => new Level(DIGEST_FAN_OUT ** depth),
  );
  /** Mostly one: a set for each would take more memory than all the rest. */
  readonly #addresses = new Map<number, string | Set<string>>();

  /** An address got a version, perhaps in place of another. */
  put(address: string, before: Version | undefined, after: Version): void {
    const bucket = bucketOf(address);
    hashVersion(address, after);
    let high = hashed.high;
    let low = hashed.low;
    if (before !== undefined) {
      hashVersion(address, before);
      high -= hashed.high;
      low -= hashed.low;
    } else {
      this.#addAddress(bucket, address);
    }
    this.#add(bucket, before === undefined ? 1 : 0, high, low);
  }

  /** An address is gone. */
  remove(address: string, before: Version): void {
    const bucket = bucketOf(address);
    if (!this.#removeAddress(bucket, address)) return;
    hashVersion(address, before);
    this.#add(bucket, -1, -hashed.high, -hashed.low);
  }

  /** The digest of a node. */
  digest({ depth, index }: DigestNode): Digest {
    const level = this.#levels[depth];
    if (level === undefined || index >= level.size) {
      throw new RangeError(`No digest at depth ${depth}, index ${index}`);
    }
    return level.digest(index);
  }

  /** The addresses below a node. */
  addresses({ depth, index }: DigestNode): readonly string[] {
    const found: string[] = [];
    this.#collect(depth, index, found);
    return found;
  }

  // Down where there is something: most stores are small beside the number of parts.
  #collect(depth: number, index: number, found: string[]): void {
    if (this.#levels[depth]?.count(index) === 0) return;
    if (depth === DIGEST_DEPTH_MAX) {
      const addresses = this.#addresses.get(index);
      if (typeof addresses === "string") found.push(addresses);
      // One by one: a bucket may hold more than a call takes arguments.
      else for (const address of addresses ?? []) found.push(address);
      return;
    }
    for (let child = 0; child < DIGEST_FAN_OUT; child++) {
      this.#collect(depth + 1, index * DIGEST_FAN_OUT + child, found);
    }
  }

  #addAddress(bucket: number, address: string): void {
    const addresses = this.#addresses.get(bucket);
    if (addresses === undefined) this.#addresses.set(bucket, address);
    else if (typeof addresses !== "string") addresses.add(address);
    else this.#addresses.set(bucket, new Set([addresses, address]));
  }

  /** Whether it was there. */
  #removeAddress(bucket: number, address: string): boolean {
    const addresses = this.#addresses.get(bucket);
    if (addresses instanceof Set) {
      const wasThere = addresses.delete(address);
      if (addresses.size === 0) this.#addresses.delete(bucket);
      return wasThere;
    }
    return addresses === address && this.#addresses.delete(bucket);
  }

  #add(bucket: number, count: number, high: number, low: number): void {
    // By index: this runs with every write.
    for (let depth = 0; depth < this.#levels.length; depth++) {
      const index = bucket >>> (HASH_BITS - BITS_PER_LEVEL * depth);
      this.#levels[depth]?.add(index, count, high, low);
    }
  }
}

/** The children of a node, on the next level. */
export function childrenOf({ depth, index }: DigestNode): readonly DigestNode[] {
  return Array.from({ length: DIGEST_FAN_OUT }, (_, child) => ({
    depth: depth + 1,
    index: index * DIGEST_FAN_OUT + child,
  }));
}

/** Whether two digests stand for the same versions. */
export function digestsEqual(a: Digest, b: Digest): boolean {
  return a.count === b.count && a.high === b.high && a.low === b.low;
}

/** The sums of one level, in chunks that are made when something is added to them. */
class Level {
  readonly size: number;
  readonly #chunks: (Uint32Array | undefined)[];

  constructor(size: number) {
    this.size = size;
    this.#chunks = new Array(Math.ceil(size / CHUNK_NODES));
  }

  // Typed arrays wrap at 32 bits by themselves.
  add(index: number, count: number, high: number, low: number): void {
    const chunk = this.#chunks[index >>> CHUNK_BITS] ??= new Uint32Array(CHUNK_NODES * SUM_NUMBERS);
    const place = (index & (CHUNK_NODES - 1)) * SUM_NUMBERS;
    chunk[place] = (chunk[place] ?? 0) + count;
    chunk[place + 1] = (chunk[place + 1] ?? 0) + high;
    chunk[place + 2] = (chunk[place + 2] ?? 0) + low;
  }

  count(index: number): number {
    return this.#chunks[index >>> CHUNK_BITS]?.[(index & (CHUNK_NODES - 1)) * SUM_NUMBERS] ?? 0;
  }

  digest(index: number): Digest {
    const chunk = this.#chunks[index >>> CHUNK_BITS];
    const place = (index & (CHUNK_NODES - 1)) * SUM_NUMBERS;
    return {
      count: chunk?.[place] ?? 0,
      high: chunk?.[place + 1] ?? 0,
      low: chunk?.[place + 2] ?? 0,
    };
  }
}

/** Result of `hashVersion`; in one place, for it is made with every write. */
const hashed = { high: 0, low: 0 };

function bucketOf(address: string): number {
  return mix(hashText(address, 0x811c9dc5)) >>> (32 - HASH_BITS);
}

// Every part is mixed in turn, so that swapping two of them, or two versions, shows.
function hashVersion(address: string, version: Version): void {
  const { revision, timestampMicros, origin, value } = version;
  // A tombstone is another state than the version that it is of: it has to reach those without it.
  const seed = value === undefined ? 0x2545f491 : 0x9e3779b9;
  const text = hashText(origin, hashText(address, seed));
  let high = mix(text ^ 0x85ebca6b);
  let low = mix(text ^ 0xc2b2ae35);
  for (const part of [revision, timestampMicros]) {
    const upper = Math.floor(part / 2 ** 32) >>> 0;
    const lower = part >>> 0;
    high = mix(high ^ lower) + upper;
    low = mix(low + lower) ^ mix(upper + 1);
  }
  hashed.high = mix(high);
  hashed.low = mix(low);
}

/** FNV-1a over UTF-16 code units. */
function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** The finaliser of MurmurHash3: every input bit changes about half of the output bits. */
function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
