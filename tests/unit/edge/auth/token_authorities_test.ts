import { Scopes } from "../../../../src/auth/scopes.ts";
import { capabilityAuthority } from "../../../../src/edge/auth/capability_authority.ts";
import { TokenAuthorities } from "../../../../src/edge/auth/token_authorities.ts";
import type { TokenAuthority } from "../../../../src/edge/auth/token_authority.ts";
import { toAuthorities } from "../../../../src/edge/security_config.ts";
import type { TokenAnswer } from "../../../../src/router/authenticator.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "../../../support/assert.ts";
import { chainText, NOW_SECONDS, type Step, testKey } from "../../../support/capability_tokens.ts";

const ROOT = await testKey(1);
const SITE = await testKey(2);
const OTHER = await testKey(3);

function authority(nowSeconds: number = NOW_SECONDS): TokenAuthority {
  return capabilityAuthority({
    trustAnchors: [ROOT.publicKey],
    depthMax: 5,
    wallSeconds: () => nowSeconds,
  });
}

function fixed(prefix: string): TokenAuthority {
  const grant = { identity: `${prefix}x`, scopes: Scopes.parse([]), expiresAtSeconds: undefined };
  return { prefix, authenticate: () => ({ kind: "granted", grant }) };
}

async function identity(...steps: readonly Step[]): Promise<string> {
  const answer = await authority().authenticate(await chainText(...steps));
  assert(answer.kind === "granted", JSON.stringify(answer));
  return answer.grant.identity;
}

function codeOf(answer: TokenAnswer): number {
  return answer.kind === "granted" ? 0 : answer.refusal.code;
}

Deno.test("a token is decided on by the authority for its prefix", async () => {
  const both = new TokenAuthorities([fixed("cap_"), fixed("cpsk_")]);
  for (const prefix of ["cap_", "cpsk_"]) {
    const answer = await both.authenticate(`${prefix}123`);
    assertEquals(answer.kind === "granted" && answer.grant.identity, `${prefix}x`);
  }
  for (const token of [undefined, "", "CAP_123", "jwt"]) {
    const answer = await both.authenticate(token);
    assertEquals(codeOf(answer), 300);
    assertStringIncludes(answer.kind === "refused" ? answer.refusal.message : "", "cpsk_");
  }
});

Deno.test("there is one authority for each prefix, and one at least", () => {
  assertThrows(() => new TokenAuthorities([]), RangeError);
  assertThrows(() => new TokenAuthorities([fixed("cap_"), fixed("cap_")]), RangeError, "cap_");
});

Deno.test("who is to be told of what is revoked is told by every authority", () => {
  const tellers: ((identity: string) => void)[] = [];
  const revoking = (prefix: string): TokenAuthority => ({
    ...fixed(prefix),
    onRevoked: (told) => tellers.push(told),
  });
  const told: string[] = [];
  new TokenAuthorities([revoking("a_"), fixed("b_"), revoking("c_")]).onRevoked((identity) =>
    told.push(identity)
  );
  tellers.forEach((tell, index) => tell(`identity ${index}`));
  assertEquals(told, ["identity 0", "identity 1"]);
});

Deno.test("a router id is kept for whom the first authority says that knows it", () => {
  const keeping = (prefix: string, ...routerIds: readonly string[]): TokenAuthority => ({
    ...fixed(prefix),
    keeperOf: (routerId) => routerIds.includes(routerId) ? `${prefix}${routerId}` : undefined,
  });
  const all = new TokenAuthorities([fixed("a_"), keeping("b_", "1"), keeping("c_", "1", "2")]);
  assertEquals(["1", "2", "3"].map((id) => all.keeperOf(id)), ["b_1", "c_2", undefined]);
});

Deno.test("a capability token grants its scopes until it expires", async () => {
  const text = await chainText({ key: ROOT, scopes: ["read:/a/**"] });
  const answer = await authority().authenticate(text);
  assert(answer.kind === "granted");
  assertEquals(answer.grant.scopes.all.map((scope) => scope.text), ["read:/a/**"]);
  assertEquals(answer.grant.expiresAtSeconds, NOW_SECONDS + 1_000);
  assertEquals(codeOf(await authority(NOW_SECONDS + 1_000).authenticate(text)), 302);
  assertEquals(codeOf(await authority().authenticate("cap_")), 300);
  assertEquals(codeOf(await authority().authenticate(await chainText({ key: OTHER }))), 300);
});

Deno.test("tokens that a site delegated are of its key, whatever they allow", async () => {
  const root = { key: ROOT, scopes: ["write:/**"] };
  const first = await identity(root, { key: SITE, scopes: ["write:/a/**"] });
  const renewed = await identity(root, { key: SITE, scopes: ["read:/a/**"], nonce: "other" });
  assertEquals(first, renewed);
  assertNotEquals(first, await identity(root, { key: OTHER, scopes: ["write:/a/**"] }));
});

Deno.test("tokens that a trust anchor signed itself are told apart by what they allow", async () => {
  const first = await identity({ key: ROOT, scopes: ["write:/a/**", "read:/b"] });
  const renewed = await identity({ key: ROOT, scopes: ["read:/b", "write:/a/**"], nonce: "other" });
  assertEquals(first, renewed);
  const others = [
    await identity({ key: ROOT, scopes: ["write:/b/**"] }),
    // By way of a token that the anchor made for itself.
    await identity({ key: ROOT, scopes: ["write:/**"] }, { key: ROOT, scopes: ["write:/b/**"] }),
  ];
  for (const other of others) assertNotEquals(first, other);
});

Deno.test("what a router decides by is checked when it is made", () => {
  assertThrows(() => toAuthorities({}), RangeError);
  assertThrows(() => toAuthorities({ trustAnchors: ["00"] }), TypeError, "64 hexadecimal digits");
  const trustAnchors = [ROOT.publicKey];
  for (const capDepthMax of [-1, 17, 1.5]) {
    assertThrows(() => toAuthorities({ trustAnchors, capDepthMax }), RangeError, "capDepthMax");
  }
  toAuthorities({ trustAnchors, capDepthMax: 0 });
  toAuthorities({ authorities: [fixed("cpsk_")] });
});
