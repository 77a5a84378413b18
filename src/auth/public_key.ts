/**
 * Ed25519 public keys, as 64 lower-case hexadecimal digits.
 *
 * @module
 */

/** Bytes of a key. */
export const PUBLIC_KEY_BYTES: number = 32;

/** Why bytes or a text are no public key that may be trusted, or `undefined` if they are one. */
export function publicKeyProblem(hex: string): string | undefined {
  if (!/^[0-9a-f]{64}$/i.test(hex)) return "a public key has 64 hexadecimal digits";
  const top = Number.parseInt(hex.slice(62), 16) & 0x7f;
  const unsigned = hex.slice(0, 62).toLowerCase() + top.toString(16).padStart(2, "0");
  return WEAK_KEYS.has(unsigned)
    ? "this is one of the few keys in whose name everybody can sign"
    : undefined;
}

/**
 * The points of small order, without their sign bit: a signature of zeros verifies for them, whatever
 * was signed. The last two are second spellings of the two before.
 */
const WEAK_KEYS: ReadonlySet<string> = new Set([
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  `${"00".repeat(32)}`,
  `01${"00".repeat(31)}`,
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);
