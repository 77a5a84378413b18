import type { Ttl } from "./message.ts";

const ABSOLUTE_BIT = 0x8000_0000;
const SECONDS_MAX = 0x7fff_ffff;

/**
 * Encodes a time to live as the u32 of a SET: 0 never, bit 31 absolute, the rest seconds.
 *
 * @param ttl Whole seconds up to 2^31 - 1; a sliding one at least 1, since 0 on the wire is never.
 * @throws {RangeError} When the seconds cannot be written.
 */
export function encodeTtl(ttl: Ttl): number {
  if (ttl.kind === "never") return 0;
  const { kind, seconds } = ttl;
  const least = kind === "sliding" ? 1 : 0;
  if (!Number.isInteger(seconds) || seconds < least || seconds > SECONDS_MAX) {
    throw new RangeError(
      `Cannot encode a ${kind} TTL of ${seconds} seconds: ` +
        `it must be a whole number from ${least} to ${SECONDS_MAX}`,
    );
  }
  return kind === "absolute" ? ABSOLUTE_BIT + seconds : seconds;
}

/**
 * Decodes the u32 of a SET. Every u32 has a meaning; `encodeTtl` gives the same number back.
 *
 * @param raw As it came, from 0 to 2^32 - 1.
 */
export function decodeTtl(raw: number): Ttl {
  if (raw === 0) return { kind: "never" };
  if (raw >= ABSOLUTE_BIT) return { kind: "absolute", seconds: raw - ABSOLUTE_BIT };
  return { kind: "sliding", seconds: raw };
}
