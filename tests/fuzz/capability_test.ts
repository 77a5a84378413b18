import { decodeCapability } from "../../src/auth/decode_capability.ts";
import { encodeCapability } from "../../src/auth/encode_capability.ts";
import { examineCapability, type SignatureCheck } from "../../src/auth/examine_capability.ts";
import { grantCapability } from "../../src/auth/grant_capability.ts";
import { TokenError } from "../../src/auth/token_error.ts";
import { verifySignatures } from "../../src/edge/auth/verify_signatures.ts";
import { assert, assertEquals, assertGreater, assertNotEquals } from "../support/assert.ts";
import { GOLDEN_POLICY, GOLDEN_TOKENS, goldenToken } from "../support/capability_tokens.ts";
import { createPrng } from "../support/prng.ts";

const BASE64_URL = { alphabet: "base64url", omitPadding: true } as const;
/** Made of a valid token by one change, which another one undoes. */
const ONE_CHANGE_AWAY: ReadonlySet<string> = new Set(["bad-signature", "proven-tampered-link"]);
/** Of the mutations that only a signature gives away, one in so many is verified. */
const VERIFIED_ONE_IN = 40;
const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

/** The signatures that a text leaves to be verified; undefined when it is refused before. */
function signaturesOf(text: string): readonly SignatureCheck[] | undefined {
  try {
    return examineCapability(text, GOLDEN_POLICY).signatures;
  } catch (error) {
    if (error instanceof TokenError) return undefined;
    throw error;
  }
}

/** What signatures say, to tell whether two texts stand for the same. */
function meaning(signatures: readonly SignatureCheck[] | undefined): string {
  return (signatures ?? []).map(({ publicKey, payload, signature }) =>
    `${publicKey.toHex()} ${payload.toHex()} ${signature.toHex()}`
  ).join("\n");
}

/** Expects that texts made of a golden token are refused; gives back how many needed signatures. */
async function expectRefusals(golden: string, texts: Iterable<string>): Promise<number> {
  const original = meaning(signaturesOf(golden));
  let left = 0;
  for (const text of texts) {
    if (text === golden) continue;
    const signatures = signaturesOf(text);
    if (signatures === undefined) continue;
    // Another key, payload or signature: no second set of them verifies, which a sample shows.
    assertNotEquals(meaning(signatures), original, text);
    if (left++ % VERIFIED_ONE_IN > 0) continue;
    assert(await verifySignatures(signatures) !== undefined, text);
  }
  return left;
}

Deno.test("every truncation of every golden token is refused", async () => {
  for (const { token } of GOLDEN_TOKENS) {
    const texts = Array.from({ length: token.length }, (_, length) => token.slice(0, length));
    assertEquals(await expectRefusals(token, texts), 0);
  }
});

Deno.test("every change of one character of a root and of a delegated token is refused", async () => {
  for (const name of ["root-bearer", "proven-one-level"]) {
    const { token } = goldenToken(name);
    assertGreater(await expectRefusals(token, characterChanges(token)), 1_000);
  }
});

Deno.test("every change of one bit, and of one byte to an edge, of every golden token is refused", async () => {
  let left = 0;
  for (const { name, token } of GOLDEN_TOKENS) {
    if (!ONE_CHANGE_AWAY.has(name)) left += await expectRefusals(token, byteChanges(token));
  }
  assertGreater(left, 10_000);
});

Deno.test("of all changes of a token with one wrong bit only the right one is accepted", async () => {
  const { token } = goldenToken("bad-signature");
  const accepted = new Set<string>();
  for (const text of byteChanges(token)) {
    const signatures = signaturesOf(text);
    if (signatures === undefined || await verifySignatures(signatures) !== undefined) continue;
    accepted.add(text);
  }
  assertEquals(accepted.size, 1);
});

Deno.test("what is read of a changed token is written as it was", () => {
  for (const { token } of GOLDEN_TOKENS) {
    for (const text of byteChanges(token)) {
      try {
        assertEquals(encodeCapability(decodeCapability(text)), text);
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
      }
    }
  }
});

Deno.test("random bytes, and golden tokens with random pieces, are refused", async () => {
  const prng = createPrng(3);
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: prng.nextInt(200) }, () => prng.nextInt(256));
    assertEquals(signaturesOf(`cap_${bytes.toBase64(BASE64_URL)}`), undefined);
    assertEquals(signaturesOf(String.fromCharCode(...bytes)), undefined);
  }
  const spliced = Array.from({ length: 5_000 }, () => {
    const [a, b] = [prng.pick(GOLDEN_TOKENS).token, prng.pick(GOLDEN_TOKENS).token];
    const at = prng.nextInt(a.length);
    return a.slice(0, at) + b.slice(at + 4 * (prng.nextInt(9) - 4));
  });
  const whole = new Set(GOLDEN_TOKENS.map(({ token }) => token));
  await expectRefusals("", spliced.filter((text) => !whole.has(text)));
});

Deno.test("tokens with random scopes and expiries are granted or are a TokenError", () => {
  const prng = createPrng(4);
  const { levels, signatures } = examineCapability(
    goldenToken("proven-one-level").token,
    GOLDEN_POLICY,
  );
  const counts = { granted: 0, refused: 0 };
  for (let round = 0; round < 20_000; round++) {
    const scopes = () =>
      Array.from(
        { length: prng.nextInt(3) },
        () =>
          `${prng.pick(["read", "write", "admin", "", "all"])}:${
            prng.pick(["/**", "/a/*", "/a", "", "/**x"])
          }`,
      );
    const [root] = levels;
    const parent = { ...root, scopes: scopes(), expiresAtSeconds: prng.nextInt(3) };
    const child = { ...root, scopes: scopes(), expiresAtSeconds: prng.nextInt(3) };
    try {
      const { scopes: granted } = grantCapability({ levels: [parent, child], signatures });
      assertEquals(granted.all.map(({ text }) => text), child.scopes);
      counts.granted++;
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      counts.refused++;
    }
  }
  assertGreater(counts.granted, 500);
  assertGreater(counts.refused, 500);
});

function* characterChanges(token: string): Generator<string> {
  for (let at = 0; at < token.length; at++) {
    for (const character of PRINTABLE) yield token.slice(0, at) + character + token.slice(at + 1);
  }
}

/** Each bit flipped, and each byte with a few other values. */
function* byteChanges(token: string): Generator<string> {
  const bytes = Uint8Array.fromBase64(token.slice(4), BASE64_URL);
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    for (const value of [0, 0x7f, 0x80, 0xc0, 0xff, ...BITS.map((bit) => byte ^ bit)]) {
      bytes[at] = value;
      yield `cap_${bytes.toBase64(BASE64_URL)}`;
    }
    bytes[at] = byte;
  }
}

const BITS = [1, 2, 4, 8, 16, 32, 64, 128] as const;
