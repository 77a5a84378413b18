import {
  CAP_DEPTH_MAX,
  CAP_NONCE_BYTES_MAX,
  SCOPE_BYTES_MAX,
  SCOPES_PER_TOKEN_MAX,
  TOKEN_BYTES_MAX,
} from "../limits.ts";
import { WireError } from "../wire/wire_error.ts";
import {
  CAPABILITY_PREFIX,
  CAPABILITY_VERSION,
  type CapabilityLink,
  type CapabilityToken,
  SIGNATURE_BYTES,
} from "./capability_token.ts";
import { MessagePackReader } from "./message_pack_reader.ts";
import { PUBLIC_KEY_BYTES, publicKeyProblem } from "./public_key.ts";
import { TokenError } from "./token_error.ts";

/**
 * Takes the text of a capability token apart; says nothing of whether it is worth anything.
 *
 * A token has one spelling only: fields in their order, numbers in their shortest form, nothing
 * unknown. So `encodeCapability` gives the same text back, and no copy of a token passes for another.
 *
 * @throws {TokenError} `malformed`, if the text is none. A bare link is read like any other.
 */
export function decodeCapability(text: string): CapabilityToken {
  const bytes = bytesOf(text);
  try {
    const reader = new MessagePackReader(bytes);
    const token = readToken(reader);
    reader.end();
    return token;
  } catch (error) {
    if (error instanceof WireError) throw malformed(error.message);
    throw error;
  }
}

function bytesOf(text: string): Uint8Array {
  if (!text.startsWith(CAPABILITY_PREFIX)) throw malformed(`it must start with cap_`);
  if (text.length > TOKEN_BYTES_MAX) {
    throw malformed(`it has ${text.length} characters, at most ${TOKEN_BYTES_MAX} are allowed`);
  }
  const encoded = text.slice(CAPABILITY_PREFIX.length);
  const bytes = base64UrlBytes(encoded);
  // What is read leniently, such as white space and stray bits at the end, is not written again.
  if (bytes?.toBase64(BASE64_URL) !== encoded) {
    throw malformed("what follows cap_ is no base64url without padding; was it copied whole?");
  }
  return bytes;
}

const BASE64_URL = { alphabet: "base64url", omitPadding: true } as const;

function base64UrlBytes(encoded: string): Uint8Array | undefined {
  try {
    return Uint8Array.fromBase64(encoded, BASE64_URL);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function readToken(reader: MessagePackReader): CapabilityToken {
  const fields = new Fields(reader, "the token");
  fields.next("version");
  const version = reader.integer("version");
  if (version !== CAPABILITY_VERSION) {
    throw malformed(`it has version ${version}; this router knows version ${CAPABILITY_VERSION}`);
  }
  fields.next("issuer");
  const issuer = readKey(reader, "issuer");
  const audience = fields.nextIf("audience") ? readKey(reader, "audience") : undefined;
  fields.next("scopes");
  const scopes = readScopes(reader, "scopes");
  fields.next("expires_at");
  const expiresAtSeconds = reader.integer("expires_at");
  fields.next("nonce");
  const nonce = reader.text("nonce", CAP_NONCE_BYTES_MAX);
  const links = fields.nextIf("proofs") ? readLinks(reader) : [];
  fields.next("signature");
  const signature = reader.bytes("signature", SIGNATURE_BYTES);
  fields.end();
  return { issuer, audience, scopes, expiresAtSeconds, nonce, links, signature };
}

function readLinks(reader: MessagePackReader): readonly CapabilityLink[] {
  const count = reader.arraySize("proofs", CAP_DEPTH_MAX);
  if (count === 0) throw malformed("proofs without a link must be left out");
  return Array.from({ length: count }, (_, index) => readLink(reader, `link ${index + 1}`));
}

function readLink(reader: MessagePackReader, what: string): CapabilityLink {
  const fields = new Fields(reader, what);
  fields.next("issuer");
  const issuer = readKey(reader, `issuer of ${what}`);
  fields.next("scopes");
  const scopes = readScopes(reader, `scopes of ${what}`);
  fields.next("signature");
  const signature = reader.bytes(`signature of ${what}`, SIGNATURE_BYTES);
  if (fields.left === 0) return { kind: "bare", issuer, scopes, signature };
  fields.next("expires_at");
  const expiresAtSeconds = reader.integer(`expires_at of ${what}`);
  fields.next("nonce");
  const nonce = reader.text(`nonce of ${what}`, CAP_NONCE_BYTES_MAX);
  fields.next("audience");
  const audience = readKeyOrNil(reader, `audience of ${what}`);
  fields.end();
  return { kind: "proven", issuer, audience, scopes, expiresAtSeconds, nonce, signature };
}

/** The names of the fields of a map, each of which stands at its place or is missing. */
class Fields {
  readonly #reader: MessagePackReader;
  readonly #what: string;
  #left: number;
  /** A name that was read, but not asked for yet. */
  #name: string | undefined;

  constructor(reader: MessagePackReader, what: string) {
    this.#reader = reader;
    this.#what = what;
    this.#left = reader.mapSize(what);
  }

  /** Fields whose names were not asked for yet. */
  get left(): number {
    return this.#left;
  }

  next(name: string): void {
    if (this.nextIf(name)) return;
    const found = this.#name === undefined ? "ends" : `has ${JSON.stringify(this.#name)}`;
    throw malformed(`${this.#what} ${found} where ${name} should be`);
  }

  nextIf(name: string): boolean {
    if (this.#left === 0) return false;
    this.#name ??= this.#reader.text(`the name of a field of ${this.#what}`);
    if (this.#name !== name) return false;
    this.#name = undefined;
    this.#left--;
    return true;
  }

  end(): void {
    if (this.#left > 0) throw malformed(`${this.#what} has ${this.#left} fields too many`);
  }
}

function readScopes(reader: MessagePackReader, what: string): readonly string[] {
  const count = reader.arraySize(what, SCOPES_PER_TOKEN_MAX);
  return Array.from({ length: count }, () => reader.text(what, SCOPE_BYTES_MAX));
}

function readKey(reader: MessagePackReader, what: string): string {
  return readKeyBytes(reader, what, reader.arraySize(what, PUBLIC_KEY_BYTES));
}

function readKeyOrNil(reader: MessagePackReader, what: string): string | undefined {
  const size = reader.arraySizeOrNil(what, PUBLIC_KEY_BYTES);
  return size === undefined ? undefined : readKeyBytes(reader, what, size);
}

function readKeyBytes(reader: MessagePackReader, what: string, size: number): string {
  if (size !== PUBLIC_KEY_BYTES) {
    throw malformed(`${what} has ${size} bytes; a public key has ${PUBLIC_KEY_BYTES}`);
  }
  const key = new Uint8Array(PUBLIC_KEY_BYTES);
  for (let at = 0; at < PUBLIC_KEY_BYTES; at++) {
    const byte = reader.integer(what);
    if (byte > 0xff) throw malformed(`${what} contains ${byte}, which is no byte`);
    key[at] = byte;
  }
  const hex = key.toHex();
  const problem = publicKeyProblem(hex);
  if (problem !== undefined) throw malformed(`${what} is no key to trust: ${problem}`);
  return hex;
}

function malformed(reason: string): TokenError {
  return new TokenError("malformed", `Cannot read capability token: ${reason}`);
}
