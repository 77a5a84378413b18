/** What comes before a seed in PKCS #8, for Ed25519 (RFC 8410). */
const PKCS8_PREFIX = Uint8Array.fromHex("302e020100300506032b657004220420");
const SEED_BYTES = 32;

/** An Ed25519 key that can sign. */
export class SigningKey {
  /** As hexadecimal digits. */
  readonly publicKey: string;
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey, publicKey: string) {
    this.#key = key;
    this.publicKey = publicKey;
  }

  /**
   * The key that a seed makes; the seed is the private key.
   *
   * @param seed 32 bytes.
   */
  static async fromSeed(seed: Uint8Array): Promise<SigningKey> {
    if (seed.length !== SEED_BYTES) {
      throw new RangeError(`Cannot use a seed of ${seed.length} bytes: it must have ${SEED_BYTES}`);
    }
    const encoded = new Uint8Array(PKCS8_PREFIX.length + SEED_BYTES);
    encoded.set(PKCS8_PREFIX);
    encoded.set(seed, PKCS8_PREFIX.length);
    const key = await crypto.subtle.importKey("pkcs8", encoded, "Ed25519", true, ["sign"]);
    // The one way that WebCrypto has to tell the public half.
    const { x = "" } = await crypto.subtle.exportKey("jwk", key);
    const publicKey = Uint8Array.fromBase64(x, { alphabet: "base64url" }).toHex();
    return new SigningKey(key, publicKey);
  }

  /** A new seed. */
  static newSeed(): Uint8Array<ArrayBuffer> {
    return crypto.getRandomValues(new Uint8Array(SEED_BYTES));
  }

  /** Signs; the same bytes always get the same signature. */
  async sign(payload: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await crypto.subtle.sign("Ed25519", this.#key, payload));
  }
}
