const ABSOLUTE_BIT = 0x8000_0000;
const SECONDS_MASK = 0x7fff_ffff;
const MICROS_PER_SECOND = 1_000_000;

/** How long a version lives, from the TTL as on the wire (see `decodeTtl`); 0, never, is Infinity. */
export function timeToLiveMicros(ttl: number): number {
  // Not `decodeTtl`: this runs with every write and read of a param that has a TTL.
  return ttl === 0 ? Infinity : (ttl & SECONDS_MASK) * MICROS_PER_SECOND;
}

/** Whether reads renew a TTL. */
export function isSliding(ttl: number): boolean {
  return ttl !== 0 && ttl < ABSOLUTE_BIT;
}
