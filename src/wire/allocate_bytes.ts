/** Copies up to this length share a block with others; longer ones have a buffer of their own. */
const SHARED_BYTES_MAX = 64;
/**
 * Bytes of a block. It stays in memory as long as one copy in it does, so this is what a copy that
 * outlives its neighbours may hold at most: no more than an array of its own would take, twice over.
 */
const BLOCK_BYTES = 512;

let block = new ArrayBuffer(BLOCK_BYTES);
let usedBytes = 0;

/**
 * Makes an array for the caller to fill, all of it: what is in it is arbitrary.
 *
 * A small one is a view of a block that others share, because an array with a buffer of its own costs
 * far more than what is done with it: measured in Deno 2.9, 590 ns against 30 for 9 bytes.
 */
export function allocateBytes(length: number): Uint8Array {
  if (length > SHARED_BYTES_MAX) return new Uint8Array(length);
  if (usedBytes + length > BLOCK_BYTES) {
    block = new ArrayBuffer(BLOCK_BYTES);
    usedBytes = 0;
  }
  const view = new Uint8Array(block, usedBytes, length);
  usedBytes += length;
  return view;
}
