/** Random numbers that depend on the seed only, so that a failing run can be repeated. */
export interface Prng {
  /** A whole number from 0 to 2^32 - 1. */
  nextU32(): number;
  /** A number from 0, included, to 1, excluded. */
  nextFloat(): number;
  /** A whole number from 0 to `maxExclusive` - 1; `maxExclusive` is from 1 to 2^53 - 1. */
  nextInt(maxExclusive: number): number;
  /** One of the items, which must not be none. */
  pick<Item>(array: readonly Item[]): Item;
}

/**
 * Creates a generator (sfc32, public domain, by Chris Doty-Humphrey).
 *
 * @param seed Any whole number; its low 53 bits count.
 */
export function createPrng(seed: number): Prng {
  let a = 0x9e3779b9;
  let b = seed | 0;
  let c = Math.floor(seed / 0x1_0000_0000) | 0;
  let counter = 1;

  function nextU32(): number {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result | 0;
    return result >>> 0;
  }

  function nextFloat(): number {
    return ((nextU32() >>> 5) * 0x400_0000 + (nextU32() >>> 6)) / 2 ** 53;
  }

  function nextInt(maxExclusive: number): number {
    if (!Number.isSafeInteger(maxExclusive) || maxExclusive < 1) {
      throw new RangeError(`Cannot pick a number below ${maxExclusive}`);
    }
    return Math.floor(nextFloat() * maxExclusive);
  }

  function pick<Item>(array: readonly Item[]): Item {
    if (array.length === 0) throw new RangeError("Cannot pick from an empty array");
    return array[nextInt(array.length)] as Item;
  }

  // Close seeds start alike; a few rounds part them.
  for (let i = 0; i < 16; i++) nextU32();
  return { nextU32, nextFloat, nextInt, pick };
}
