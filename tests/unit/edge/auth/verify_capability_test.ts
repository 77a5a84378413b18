import type { CapabilityToken } from "../../../../src/auth/capability_token.ts";
import { decodeCapability } from "../../../../src/auth/decode_capability.ts";
import { delegateCapability } from "../../../../src/auth/delegate_capability.ts";
import { encodeCapability } from "../../../../src/auth/encode_capability.ts";
import { TokenError, type TokenProblem } from "../../../../src/auth/token_error.ts";
import { signCapability } from "../../../../src/edge/auth/sign_capability.ts";
import { SigningKey } from "../../../../src/edge/auth/signing_key.ts";
import { verifyCapability } from "../../../../src/edge/auth/verify_capability.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../../../support/assert.ts";
import {
  GOLDEN_ANCHOR,
  GOLDEN_POLICY,
  GOLDEN_TOKENS,
  goldenToken,
  makeChain,
  NOW_SECONDS,
  testKey,
} from "../../../support/capability_tokens.ts";

const ANCHOR = await testKey(1);
const [SITE, STAGE] = [await testKey(2), await testKey(3)];

/** Why each golden token that is not accepted is refused. */
const PROBLEMS: Readonly<Record<string, TokenProblem>> = {
  "root-expired": "expired",
  "root-with-audience": "bound",
  "untrusted-issuer": "untrusted",
  "bad-signature": "forged",
  "v1-delegated-honest": "unproven",
  "v1-delegated-forged": "unproven",
  "proven-wrong-issuer": "misissued",
  "proven-widened-pattern": "widened",
  "proven-widened-action": "widened",
  "proven-outlives-parent": "widened",
  "proven-tampered-link": "forged",
  "proven-expired-parent": "expired",
  "proven-globstar-trick": "widened",
};

async function complaint(token: CapabilityToken | string, problem: TokenProblem): Promise<string> {
  const text = typeof token === "string" ? token : encodeCapability(token);
  const error = await assertRejects(() => verifyCapability(text, GOLDEN_POLICY), TokenError);
  assertEquals(error.problem, problem, error.message);
  return error.message;
}

for (const { name, token, expect, why, scopes, expiresAt } of GOLDEN_TOKENS) {
  Deno.test(`golden token ${name} is ${expect}: ${why}`, async () => {
    const problem = PROBLEMS[name];
    if (problem !== undefined) {
      assertEquals(expect, problem === "expired" ? "expired" : "refuse");
      await complaint(token, problem);
      return;
    }
    assertEquals(expect, "valid");
    const capability = await verifyCapability(token, GOLDEN_POLICY);
    assertEquals(capability.scopes.all.map(({ text }) => text), scopes);
    assertEquals(capability.expiresAtSeconds, expiresAt);
  });
}

Deno.test("a token created here has the golden bytes, at any depth", async () => {
  for (const golden of GOLDEN_TOKENS) {
    // Its signature was changed after it was signed.
    if (golden.name === "bad-signature") continue;
    const key = await SigningKey.fromSeed(Uint8Array.fromHex(golden.issuerSeedHex));
    const { signature: _, ...unsigned } = decodeCapability(golden.token);
    const claims = {
      issuer: key.publicKey,
      audience: golden.audienceHex ?? undefined,
      scopes: golden.scopes,
      expiresAtSeconds: golden.expiresAt,
      nonce: golden.nonce,
      links: unsigned.links,
    };
    assertEquals(encodeCapability(await signCapability(claims, key)), golden.token, golden.name);
  }
});

Deno.test("what is delegated here is accepted, down to the last delegation", async () => {
  const keys = await Promise.all([1, 2, 3, 4, 5, 6].map(testKey));
  let token = await makeChain([{ key: ANCHOR, audience: keys[1]?.publicKey }]);
  for (const [index, key] of keys.entries()) {
    if (index === 0) continue;
    const unsigned = delegateCapability(token, {
      issuer: key.publicKey,
      audience: keys[index + 1]?.publicKey,
      scopes: ["write:/site-a/**"],
      expiresAtSeconds: NOW_SECONDS + 100,
      nonce: `child ${index}`,
    });
    token = await signCapability(unsigned, key);
  }
  const capability = await verifyCapability(encodeCapability(token), GOLDEN_POLICY);
  assertEquals([capability.depth, capability.nonce], [5, "child 5"]);
});

Deno.test("who signs anew with another key does not pass for the issuer", async () => {
  const token = await makeChain([{ key: ANCHOR }]);
  const forged = await makeChain([{ key: SITE, scopes: ["admin:/**"] }]);
  const message = await complaint({ ...forged, issuer: GOLDEN_ANCHOR }, "forged");
  assertStringIncludes(message, "the signature of its root does not verify");
  await complaint({ ...forged, issuer: GOLDEN_ANCHOR, signature: token.signature }, "forged");
});

Deno.test("nothing of a signed token can be changed", async () => {
  const token = await makeChain([{ key: ANCHOR }, { key: SITE }, { key: STAGE }]);
  await verifyCapability(encodeCapability(token), GOLDEN_POLICY);
  await complaint({ ...token, scopes: ["read:/site-a/x"] }, "forged");
  await complaint({ ...token, nonce: "other" }, "forged");
  await complaint({ ...token, expiresAtSeconds: token.expiresAtSeconds - 1 }, "forged");
  for (const index of token.links.keys()) {
    const changes = [
      { scopes: ["write:/**"] },
      { nonce: "other" },
      { expiresAtSeconds: NOW_SECONDS + 5_000 },
      { audience: undefined },
      { signature: token.signature },
    ];
    for (const change of changes) {
      const links = token.links.map((link, at) => at === index ? { ...link, ...change } : link);
      await complaint({ ...token, links }, "forged");
    }
  }
});

Deno.test("a child does not take another's place below the same parent", async () => {
  const one = await makeChain([{ key: ANCHOR }, { key: SITE }]);
  const other = await makeChain([{ key: ANCHOR, nonce: "other root" }, { key: SITE }]);
  const message = await complaint({ ...one, links: other.links }, "forged");
  assertStringIncludes(message, "the signature of delegation 1 does not verify");
  // Nor is a child a root, or a root a child.
  await complaint({ ...one, links: [] }, "untrusted");
});

Deno.test("signing in another's name is a mistake of the caller", async () => {
  const token = await makeChain([{ key: ANCHOR }]);
  await assertRejects(() => signCapability(token, SITE), RangeError, "Cannot sign for");
  await assertRejects(() => SigningKey.fromSeed(new Uint8Array(31)), RangeError, "31 bytes");
});

Deno.test("a golden token is refused by who trusts another anchor", async () => {
  const policy = { ...GOLDEN_POLICY, trustAnchors: [SITE.publicKey] };
  for (const name of ["root-bearer", "proven-two-levels"]) {
    const error = await assertRejects(
      () => verifyCapability(goldenToken(name).token, policy),
      TokenError,
    );
    assertEquals(error.problem, "untrusted");
  }
});
