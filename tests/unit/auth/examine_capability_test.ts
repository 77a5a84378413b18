import { decodeCapability } from "../../../src/auth/decode_capability.ts";
import { encodeCapability } from "../../../src/auth/encode_capability.ts";
import { examineCapability } from "../../../src/auth/examine_capability.ts";
import { TokenError, type TokenProblem } from "../../../src/auth/token_error.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";
import {
  chainText,
  GOLDEN_ANCHOR,
  GOLDEN_POLICY,
  goldenToken,
  NOW_SECONDS,
  testKey,
} from "../../support/capability_tokens.ts";

const ANCHOR = await testKey(1);
const [SITE, STAGE] = [await testKey(2), await testKey(3)];

function complaint(text: string, problem: TokenProblem, policy = GOLDEN_POLICY): string {
  const error = assertThrows(() => examineCapability(text, policy), TokenError);
  assertEquals(error.problem, problem, error.message);
  return error.message;
}

Deno.test("the signatures to verify are those of the whole chain, the root's first", () => {
  const { signatures } = examineCapability(goldenToken("proven-two-levels").token, GOLDEN_POLICY);
  assertEquals(
    signatures.map(({ publicKey, what }) => [publicKey.toHex(), what]),
    [
      [GOLDEN_ANCHOR, "the signature of its root"],
      [SITE.publicKey, "the signature of delegation 1"],
      [STAGE.publicKey, "the signature of delegation 2"],
    ],
  );
  const own = signatures[2];
  assertEquals(own?.payload.toHex(), goldenToken("proven-two-levels").signedPayloadHex);
  assertEquals(own?.signature.toHex(), goldenToken("proven-two-levels").signatureHex);
});

Deno.test("a delegated token in the bare public form is refused with the reason", () => {
  for (const name of ["v1-delegated-honest", "v1-delegated-forged"]) {
    const message = complaint(goldenToken(name).token, "unproven");
    assertStringIncludes(message, "link 1 of its delegation");
    assertStringIncludes(message, "neither the nonce nor the expiry nor the audience");
  }
});

Deno.test("one bare link among proven ones is refused as well", async () => {
  const token = decodeCapability(await chainText({ key: ANCHOR }, { key: SITE }, { key: STAGE }));
  const links = token.links.map((link, index) => {
    const { issuer, scopes, signature } = link;
    return index === 1 ? { kind: "bare" as const, issuer, scopes, signature } : link;
  });
  assertStringIncludes(complaint(encodeCapability({ ...token, links }), "unproven"), "link 2");
});

Deno.test("a root of no trust anchor is refused; anchors may be written in capitals", async () => {
  const token = await chainText({ key: SITE });
  assertStringIncludes(complaint(token, "untrusted"), SITE.publicKey);
  complaint(token, "untrusted", { ...GOLDEN_POLICY, trustAnchors: [] });
  const trustAnchors = [GOLDEN_ANCHOR, SITE.publicKey.toUpperCase()];
  examineCapability(token, { ...GOLDEN_POLICY, trustAnchors });
  // The anchor must be at the root, not anywhere in the chain.
  complaint(await chainText({ key: SITE }, { key: ANCHOR }), "untrusted");
});

Deno.test("a child must be issued by the key that its parent was made for", async () => {
  const stolen = await chainText({ key: ANCHOR, audience: SITE.publicKey }, { key: STAGE });
  assertStringIncludes(complaint(stolen, "misissued"), `only ${SITE.publicKey} may delegate`);
  const deeper = await chainText(
    { key: ANCHOR },
    { key: SITE, audience: ANCHOR.publicKey },
    { key: STAGE },
  );
  assertStringIncludes(complaint(deeper, "misissued"), "delegation 2");
  // Who has a bearer token may delegate from it with any key.
  examineCapability(await chainText({ key: ANCHOR, audience: undefined }, { key: STAGE }), {
    ...GOLDEN_POLICY,
  });
});

Deno.test("a presented token must be a bearer token, at any depth", async () => {
  complaint(goldenToken("root-with-audience").token, "bound");
  const { publicKey: audience } = STAGE;
  const message = complaint(await chainText({ key: ANCHOR }, { key: SITE, audience }), "bound");
  assertStringIncludes(message, "delegate from it without an audience");
});

Deno.test("a token is worth nothing from its expiry on, and so is one with an expired parent", async () => {
  const at = (expiresAtSeconds: number) => chainText({ key: ANCHOR, expiresAtSeconds });
  examineCapability(await at(NOW_SECONDS + 1), GOLDEN_POLICY);
  assertStringIncludes(complaint(await at(NOW_SECONDS), "expired"), `${NOW_SECONDS} s`);
  complaint(await at(0), "expired");
  complaint(
    await chainText(
      { key: ANCHOR },
      { key: SITE, expiresAtSeconds: NOW_SECONDS - 1 },
      { key: STAGE, expiresAtSeconds: NOW_SECONDS + 10 },
    ),
    "expired",
  );
  const broken = { ...GOLDEN_POLICY, nowSeconds: NaN };
  complaint(await at(NOW_SECONDS + 1), "expired", broken);
});

Deno.test("as many delegations are accepted as the policy says, and not one more", async () => {
  const chain = (delegations: number) =>
    chainText({ key: ANCHOR }, ...Array.from({ length: delegations }, () => ({ key: SITE })));
  examineCapability(await chain(5), GOLDEN_POLICY);
  const message = complaint(await chain(6), "deep");
  assertStringIncludes(message, "6 delegations lie behind it, at most 5 may");
  examineCapability(await chain(0), { ...GOLDEN_POLICY, depthMax: 0 });
  complaint(await chain(1), "deep", { ...GOLDEN_POLICY, depthMax: 0 });
  examineCapability(await chain(16), { ...GOLDEN_POLICY, depthMax: 16 });
});
