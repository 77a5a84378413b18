import type { CapabilityClaims } from "../../../src/auth/capability_token.ts";
import { examineCapability } from "../../../src/auth/examine_capability.ts";
import { type Capability, grantCapability } from "../../../src/auth/grant_capability.ts";
import { TokenError } from "../../../src/auth/token_error.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { chainText, GOLDEN_POLICY, NOW_SECONDS, testKey } from "../../support/capability_tokens.ts";

const KEYS = await Promise.all([1, 2, 3].map(testKey));

/** What one token of a chain claims; the root comes first. */
type Claims = Partial<Pick<CapabilityClaims, "scopes" | "expiresAtSeconds">>;

async function granted(...claims: readonly Claims[]): Promise<Capability> {
  const steps = KEYS.slice(0, claims.length).map((key, index) => ({ key, ...claims[index] }));
  return grantCapability(examineCapability(await chainText(...steps), GOLDEN_POLICY));
}

async function complaint(...claims: readonly Claims[]): Promise<TokenError> {
  try {
    await granted(...claims);
  } catch (error) {
    if (error instanceof TokenError) return error;
    throw error;
  }
  throw new Error("The token was accepted");
}

Deno.test("a chain grants what its last token says", async () => {
  const capability = await granted(
    { scopes: ["read:/**", "write:/site-a/**"], expiresAtSeconds: NOW_SECONDS + 30 },
    { scopes: ["write:/site-a/**"], expiresAtSeconds: NOW_SECONDS + 20 },
    { scopes: ["read:/site-a/stage/*"], expiresAtSeconds: NOW_SECONDS + 10 },
  );
  const { scopes, ...facts } = capability;
  assertEquals(facts, {
    expiresAtSeconds: NOW_SECONDS + 10,
    issuer: KEYS[2]?.publicKey ?? "",
    nonce: "nonce 2",
    depth: 2,
  });
  assertEquals(scopes.all.map(({ text }) => text), ["read:/site-a/stage/*"]);
});

Deno.test("a child that claims more than its parent is refused, in actions and patterns", async () => {
  const parent = { scopes: ["read:/**", "write:/site-a/*"] };
  for (
    const scope of [
      "admin:/site-a/x",
      "write:/**",
      "write:/site-a/**",
      "write:/site-a/**/x",
      "write:/*/x",
    ]
  ) {
    const error = await complaint(parent, { scopes: ["read:/site-a/x", scope] });
    assertEquals(error.problem, "widened");
    assertStringIncludes(error.message, `delegation 1 claims "${scope}"`);
  }
});

Deno.test("a child is compared with its own parent, not with the root", async () => {
  const wide = { scopes: ["write:/**"] };
  const error = await complaint(wide, { scopes: ["read:/site-a/**"] }, wide);
  assertStringIncludes(error.message, 'delegation 2 claims "write:/**"');
});

Deno.test("a link that claims too much is refused, though the last token does not", async () => {
  const error = await complaint(
    { scopes: ["write:/site-a/**"] },
    { scopes: ["write:/**"] },
    { scopes: ["write:/site-a/**"] },
  );
  assertStringIncludes(error.message, 'delegation 1 claims "write:/**"');
});

Deno.test("a child that outlives its parent is refused", async () => {
  const root = { expiresAtSeconds: NOW_SECONDS + 10 };
  await granted(root, root);
  const error = await complaint(root, { expiresAtSeconds: NOW_SECONDS + 11 });
  assertEquals(error.problem, "widened");
  assertStringIncludes(error.message, "after its parent");
});

Deno.test("a scope that is none makes the token worth nothing, wherever it stands", async () => {
  const fine = { scopes: ["write:/**"] };
  for (const scope of ["fly:/**", "write:site-a", "write:/a/**b"]) {
    const bad = { scopes: ["write:/a", scope] };
    for (const claims of [[bad], [bad, fine], [fine, bad]]) {
      const error = await complaint(...claims);
      assertEquals(error.problem, "malformed");
      assertStringIncludes(error.message, `Cannot parse scope "${scope}"`);
    }
  }
});
