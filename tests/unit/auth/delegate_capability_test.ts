import type { CapabilityClaims, CapabilityToken } from "../../../src/auth/capability_token.ts";
import { decodeCapability } from "../../../src/auth/decode_capability.ts";
import { delegateCapability } from "../../../src/auth/delegate_capability.ts";
import { ScopeError } from "../../../src/auth/scope.ts";
import { TokenError, type TokenProblem } from "../../../src/auth/token_error.ts";
import { CAP_DEPTH_MAX } from "../../../src/limits.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";
import {
  goldenToken,
  linkTo,
  makeChain,
  NOW_SECONDS,
  testKey,
} from "../../support/capability_tokens.ts";

const ANCHOR = await testKey(1);
const [SITE, STAGE] = [await testKey(2), await testKey(3)];
const PARENT = await makeChain([{ key: ANCHOR, audience: SITE.publicKey }]);

const CLAIMS: CapabilityClaims = {
  issuer: SITE.publicKey,
  audience: undefined,
  scopes: ["read:/site-a/stage/**"],
  expiresAtSeconds: NOW_SECONDS + 10,
  nonce: "child",
};

function complaint(
  parent: CapabilityToken,
  claims: Partial<CapabilityClaims>,
  problem: TokenProblem,
): string {
  const delegate = () => delegateCapability(parent, { ...CLAIMS, ...claims });
  const error = assertThrows(delegate, TokenError);
  assertEquals(error.problem, problem, error.message);
  return error.message;
}

Deno.test("a child carries all of its parent, after the links of the parent", () => {
  assertEquals(delegateCapability(PARENT, CLAIMS), { ...CLAIMS, links: [linkTo(PARENT)] });
  const child: CapabilityToken = {
    ...delegateCapability(PARENT, { ...CLAIMS, audience: STAGE.publicKey }),
    signature: new Uint8Array(64),
  };
  const grandchild = delegateCapability(child, { ...CLAIMS, issuer: STAGE.publicKey });
  assertEquals(grandchild.links, [linkTo(PARENT), linkTo(child)]);
});

Deno.test("the earlier of two expiries counts", () => {
  const expiry = (expiresAtSeconds: number) =>
    delegateCapability(PARENT, { ...CLAIMS, expiresAtSeconds }).expiresAtSeconds;
  assertEquals(expiry(NOW_SECONDS + 5), NOW_SECONDS + 5);
  assertEquals(expiry(NOW_SECONDS + 9_999), PARENT.expiresAtSeconds);
});

Deno.test("a bearer token is not delegated from: its child would give it away", () => {
  const bearer = { ...PARENT, audience: undefined };
  assertStringIncludes(complaint(bearer, {}, "bearer"), "read this one out of it");
});

Deno.test("only the key that a token was made for delegates from it", () => {
  const message = complaint(PARENT, { issuer: STAGE.publicKey }, "misissued");
  assertStringIncludes(message, `only the holder of ${SITE.publicKey} may`);
});

Deno.test("a child gets nothing that its parent does not have", () => {
  complaint(PARENT, { scopes: ["admin:/site-a/x"] }, "widened");
  const message = complaint(PARENT, { scopes: ["write:/site-a/x", "read:/**"] }, "widened");
  assertStringIncludes(message, 'scope "read:/**" is not covered');
  assertThrows(() => delegateCapability(PARENT, { ...CLAIMS, scopes: ["fly:/a"] }), ScopeError);
});

Deno.test("nothing is delegated from a token that no router accepts", () => {
  const bare = decodeCapability(goldenToken("v1-delegated-honest").token);
  complaint({ ...bare, audience: SITE.publicKey }, {}, "unproven");
  const links = Array.from({ length: CAP_DEPTH_MAX }, () => linkTo(PARENT));
  assertStringIncludes(complaint({ ...PARENT, links }, {}, "deep"), "no router accepts more");
});
