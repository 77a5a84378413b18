/**
 * CPSK tokens: random texts that a router knows the hashes of.
 *
 * The hash is plain SHA-256. A slow one, with salt, is for passwords, which can be guessed one by one;
 * a token has 128 random bits, so no hash is fast enough to guess it, and a slow one would let whoever
 * sends wrong tokens keep the router busy.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";

/** What every token of this kind starts with. */
export const CPSK_PREFIX: string = "cpsk_";

/** Random bytes of a token: 128 bits, as in the public tools. */
const TOKEN_BYTES = 16;

/** Makes a token that nobody else has. */
export function newCpskToken(): string {
  return CPSK_PREFIX + crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)).toHex();
}

/** SHA-256 of a token. */
export function hashToken(token: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(token).digest());
}

/**
 * The place of a hash among others; -1 if it is none of them. Looks at all, and at all of each: how
 * long it takes tells nothing of any.
 */
export function indexOfHash(hash: Uint8Array, hashes: readonly Uint8Array[]): number {
  let found = -1;
  for (const [index, each] of hashes.entries()) {
    if (timingSafeEqual(hash, each)) found = index;
  }
  return found;
}
