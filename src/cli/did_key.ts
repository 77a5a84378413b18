const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** Says that an Ed25519 public key follows (multicodec). */
const ED25519_PREFIX = "ed01";

/** An Ed25519 public key, given as hexadecimal digits, in the form `did:key`. */
export function didKey(publicKey: string): string {
  // The prefix starts with no zero byte, so base58 needs no leading ones.
  let number = BigInt(`0x${ED25519_PREFIX}${publicKey}`);
  let text = "";
  for (; number > 0n; number /= 58n) text = (ALPHABET[Number(number % 58n)] ?? "") + text;
  return `did:key:z${text}`;
}
