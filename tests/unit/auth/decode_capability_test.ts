import { decodeCapability } from "../../../src/auth/decode_capability.ts";
import { encodeCapability, signedPayload } from "../../../src/auth/encode_capability.ts";
import type { TokenProblem } from "../../../src/auth/token_error.ts";
import { TokenError } from "../../../src/auth/token_error.ts";
import { CAP_DEPTH_MAX, TOKEN_BYTES_MAX } from "../../../src/limits.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";
import {
  GOLDEN_TOKENS,
  goldenToken,
  linkTo,
  makeChain,
  testKey,
} from "../../support/capability_tokens.ts";

const ROOT = goldenToken("root-bearer");

function complaint(text: string, problem: TokenProblem = "malformed"): string {
  const error = assertThrows(() => decodeCapability(text), TokenError);
  assertEquals(error.problem, problem, error.message);
  return error.message;
}

/** The token with other bytes. */
function changed(token: string, change: (hex: string) => string): string {
  const bytes = Uint8Array.fromBase64(token.slice(4), { alphabet: "base64url" });
  const other = Uint8Array.fromHex(change(bytes.toHex()));
  return `cap_${other.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

function hexOf(text: string): string {
  return new TextEncoder().encode(text).toHex();
}

Deno.test("each golden token is read, written again byte for byte, and has its signed bytes", () => {
  for (const golden of GOLDEN_TOKENS) {
    const token = decodeCapability(golden.token);
    assertEquals(encodeCapability(token), golden.token, golden.name);
    assertEquals(token.scopes, golden.scopes, golden.name);
    assertEquals(token.audience, golden.audienceHex ?? undefined, golden.name);
    assertEquals(token.expiresAtSeconds, golden.expiresAt, golden.name);
    assertEquals(token.nonce, golden.nonce, golden.name);
    assertEquals(token.signature.toHex(), golden.signatureHex, golden.name);
    assertEquals(signedPayload(token).toHex(), golden.signedPayloadHex, golden.name);
  }
});

Deno.test("bare and proven links are told apart", () => {
  const kinds = (name: string) =>
    decodeCapability(goldenToken(name).token).links.map(({ kind }) => kind);
  assertEquals(kinds("root-bearer"), []);
  assertEquals(kinds("v1-delegated-honest"), ["bare"]);
  assertEquals(kinds("proven-two-levels"), ["proven", "proven"]);
});

Deno.test("a text that is no base64url of a token is refused", () => {
  assertStringIncludes(complaint(""), "must start with cap_");
  assertStringIncludes(complaint("cpsk_abc"), "must start with cap_");
  assertStringIncludes(complaint(`x${ROOT.token}`), "must start with cap_");
  assertStringIncludes(complaint("cap_"), "Cannot read the token at offset 0");
  for (const tail of ["=", " ", "\n", "+", "/", "\u00e9"]) {
    assertStringIncludes(complaint(ROOT.token + tail), "no base64url", JSON.stringify(tail));
  }
  assertStringIncludes(
    complaint(ROOT.token.slice(0, 50) + "\n" + ROOT.token.slice(50)),
    "base64url",
  );
  // The two bits after the last byte must be zero: else a token had four spellings.
  assertStringIncludes(complaint("cap_gB"), "no base64url");
  assertStringIncludes(
    complaint(`cap_${"A".repeat(TOKEN_BYTES_MAX)}`),
    "at most 16384 are allowed",
  );
});

Deno.test("a token of another version is refused with its number", () => {
  const other = changed(
    ROOT.token,
    (hex) => hex.replace(`${hexOf("version")}01`, `${hexOf("version")}02`),
  );
  assertStringIncludes(complaint(other), "it has version 2");
});

Deno.test("fields that are unknown, missing, twice or in another order are refused", () => {
  const nonce = "a56e6f6e6365";
  const cases: readonly (readonly [(hex: string) => string, string])[] = [
    [(hex) => hex.replace(nonce, "a56e6f6e6366"), 'has "noncf" where nonce should be'],
    [(hex) => `86${hex.slice(2).replace("a776657273696f6e01", "")}`, 'has "issuer" where version'],
    [(hex) => `87${hex.slice(2)}`, "1 fields too many"],
    [(hex) => `85${hex.slice(2)}`, "ends where signature should be"],
    [(hex) => `88${hex.slice(2, 20)}a776657273696f6e01${hex.slice(20)}`, "where issuer should be"],
    [(hex) => hex + "00", "1 bytes come after"],
    // An audience of nil and an empty list of proofs are left out in the one spelling.
    [
      (hex) =>
        hex.replace(hexOf("scopes"), hexOf("scopes")).replace(/^86/, "87").replace(
          `a6${hexOf("scopes")}`,
          `a8${hexOf("audience")}c0a6${hexOf("scopes")}`,
        ),
      "audience at offset",
    ],
    [
      (hex) =>
        hex.replace(/^86/, "87").replace(
          `a9${hexOf("signature")}`,
          `a6${hexOf("proofs")}90a9${hexOf("signature")}`,
        ),
      "proofs without a link",
    ],
  ];
  for (const [change, reason] of cases) {
    assertStringIncludes(complaint(changed(ROOT.token, change)), reason);
  }
});

Deno.test("keys of another length, of no bytes, or of small order are refused", () => {
  const issuer = `${hexOf("issuer")}dc0020`;
  const key = (bytes: string) => (hex: string) =>
    hex.replace(/(6973737565722?)dc0020.*?(a673636f706573)/, `697373756572${bytes}$2`);
  assertStringIncludes(
    complaint(changed(ROOT.token, (hex) => hex.replace(issuer, `${hexOf("issuer")}dc001f`))),
    "31 bytes",
  );
  assertStringIncludes(
    complaint(changed(ROOT.token, key("9101"))),
    "has 1 bytes; a public key has 32",
  );
  assertStringIncludes(
    complaint(changed(ROOT.token, key(`dc0020${"00".repeat(32)}`))),
    "everybody can sign",
  );
  assertStringIncludes(
    complaint(changed(ROOT.token, key(`dc0020cd0100${"00".repeat(31)}`))),
    "256, which is no byte",
  );
});

Deno.test("a link that proves only half is refused", async () => {
  const child = goldenToken("proven-one-level").token;
  const renamed = changed(child, (hex) => {
    const last = hex.lastIndexOf(hexOf("audience"));
    return hex.slice(0, last) + hexOf("audiencf") + hex.slice(last + 16);
  });
  assertStringIncludes(complaint(renamed), 'link 1 has "audiencf" where audience should be');
  // A link has at most its six fields.
  const key = await testKey(1);
  const token = await makeChain([{ key }]);
  const extra = changed(
    encodeCapability({ ...token, links: [linkTo(token)] }),
    (hex) => hex.replace(`${hexOf("proofs")}9186`, `${hexOf("proofs")}9187`),
  );
  assertStringIncludes(complaint(extra), "link 1 has 1 fields too many");
});

Deno.test("a token is read up to the greatest depth there is, and not beyond", async () => {
  const key = await testKey(1);
  const token = await makeChain([{ key, scopes: [] }]);
  const deep = (links: number) =>
    encodeCapability({ ...token, links: Array.from({ length: links }, () => linkTo(token)) });
  assertEquals(decodeCapability(deep(CAP_DEPTH_MAX)).links.length, CAP_DEPTH_MAX);
  assertStringIncludes(
    complaint(deep(CAP_DEPTH_MAX + 1)),
    "it has 17 items, at most 16 are allowed",
  );
});

Deno.test("scopes and nonces beyond their bounds are refused", async () => {
  const key = await testKey(1);
  const text = async (claims: { scopes?: readonly string[]; nonce?: string }) =>
    encodeCapability(await makeChain([{ key, ...claims }]));
  const scopes = Array.from({ length: 65 }, () => "read:/a");
  assertStringIncludes(complaint(await text({ scopes })), "it has 65 items, at most 64");
  assertEquals(decodeCapability(await text({ scopes: scopes.slice(1) })).scopes.length, 64);
  assertStringIncludes(complaint(await text({ scopes: ["a".repeat(1_031)] })), "at most 1030");
  assertStringIncludes(complaint(await text({ nonce: "a".repeat(129) })), "129 bytes, at most 128");
  assertEquals(decodeCapability(await text({ nonce: "a".repeat(128) })).nonce.length, 128);
});
