import { covers, overlaps } from "../../../src/address/coverage.ts";
import { matches, parsePattern } from "../../../src/address/pattern.ts";
import { compareSpecificity } from "../../../src/address/specificity.ts";
import { type Claim, Claims, type ClaimSource } from "../../../src/federation/claims.ts";
import { ParamSlot } from "../../../src/state/param_slot.ts";
import { CLAIMS_MAX } from "../../../src/limits.ts";
import { assertEquals } from "../../support/assert.ts";
import { createPrng, type Prng } from "../../support/prng.ts";
import { codeOf } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { connectPeer, declaration, peerHello } from "./test_peer.ts";

const SELF: ClaimSource = { kind: "self" };
const HUB: ClaimSource = { kind: "hub" };
const A: ClaimSource = { kind: "leaf", routerId: "a" };
const B: ClaimSource = { kind: "leaf", routerId: "b" };

Deno.test("ownerOf() is the claim that covers the address most specifically", () => {
  const claims = new Claims();
  claims.replace(SELF, [claim("/**", "all")]);
  // Of one source, so that nothing conflicts.
  claims.replace(A, [
    claim("/a/**", "a"),
    claim("/a/*/x", "star"),
    claim("/a/p*/x", "partial"),
    claim("/a/stage/**", "stage"),
    claim("/a/stage/x", "literal"),
  ]);
  const table = {
    "/z": "all",
    "/a": "a",
    "/a/b/c": "a",
    "/a/b/x": "star",
    "/a/pb/x": "partial",
    "/a/stage": "stage",
    "/a/stage/y": "stage",
    "/a/stage/x": "literal",
  };
  for (const [address, owner] of Object.entries(table)) {
    assertEquals(claims.ownerOf(address)?.ownerId, owner, address);
  }
  assertEquals(new Claims().ownerOf("/a"), undefined);
});

Deno.test("ownerOf() looks for an owner that is connected here itself here, whoever else knows it", () => {
  const inBothOrders = [[A, B], [B, A]] as const;
  for (const sources of inBothOrders) {
    const claims = new Claims();
    // b was below a before.
    for (const source of sources) claims.replace(source, [claim("/b/**", "b")]);
    assertEquals(claims.ownerOf("/b/1")?.source, B);
    claims.markLost(B);
    assertEquals(claims.ownerOf("/b/1")?.source, A);
  }
});

Deno.test("ownerOf() forgets what it remembered when a claim changes", () => {
  const claims = new Claims();
  const version = { revision: 1, timestampMicros: 1, origin: "a", value: undefined, ttl: 0 };
  for (const slot of [undefined, new ParamSlot("/a/1", version)]) {
    claims.replace(A, [claim("/a/**", "a")]);
    assertEquals(claims.ownerOf("/a/1", slot)?.ownerId, "a");
    claims.replace(B, [claim("/a/1", "b")]);
    assertEquals(claims.ownerOf("/a/1", slot)?.ownerId, "b");
    claims.markLost(B);
    assertEquals(claims.ownerOf("/a/1", slot)?.live, false);
    claims.replace(B, []);
    claims.replace(A, []);
    assertEquals(claims.ownerOf("/a/1", slot), undefined);
  }
});

Deno.test("a live claim beats a lost one of the same pattern, whichever came first", () => {
  for (const order of [[A, B], [B, A]] as const) {
    const claims = new Claims();
    for (const source of order) claims.replace(source, [claim("/x/**", "x", source === A)]);
    assertEquals([claims.ownerOf("/x/1")?.live, claims.ownerOf("/x/1")?.source], [true, A]);
    assertEquals(claims.declaredTo(HUB).map(({ live }) => live), [true]);
  }
});

Deno.test("equal patterns and partial overlaps of two live owners conflict, nesting does not", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["/a/**", "/a/**", true],
    ["/a/*", "/*/b", true],
    ["/a/**", "/**/b", true],
    ["/a/**", "/a/stage/**", false],
    ["/a/stage/**", "/a/**", false],
    ["/a/*", "/a/b", false],
    ["/a/**", "/b/**", false],
    ["/a/x*", "/a/*x", true],
  ];
  for (const [earlier, later, isConflict] of cases) {
    const claims = new Claims();
    claims.replace(A, [claim(earlier, "a")]);
    const incoming = [claim(later, "b")];
    const expected = isConflict ? [{ later: incoming[0], earlier: claims.of(A)[0] }] : [];
    assertEquals<unknown>(claims.conflictsOf(B, incoming), expected, `${earlier} ${later}`);
    assertEquals<unknown>(claims.replace(B, incoming), expected, `${earlier} ${later}`);
    assertEquals(claims.of(B).length, isConflict ? 0 : 1);
  }
});

Deno.test("the same owner never conflicts with itself, nor a source with what it declared before", () => {
  const claims = new Claims();
  claims.replace(A, [claim("/a/*", "x")]);
  assertEquals(claims.replace(B, [claim("/*/b", "x")]), []);
  claims.replace(B, []);
  assertEquals(claims.conflictsOf(A, [claim("/a/*", "y"), claim("/*/b", "z")]), []);
  assertEquals(claims.replace(A, [claim("/a/*", "y"), claim("/*/b", "z")]), []);
});

Deno.test("a claim that is not live yields to a live one that conflicts, and only to that", () => {
  const claims = new Claims();
  claims.replace(A, [claim("/a/**", "a"), claim("/b/**", "a")]);
  claims.markLost(A);
  assertEquals(claims.replace(B, [claim("/a/**", "b"), claim("/b/x", "b")]), []);
  assertEquals(claims.of(A).map(({ pattern }) => pattern.text), ["/b/**"]);
  assertEquals(["/a/1", "/b/1"].map((at) => claims.ownerOf(at)?.ownerId), ["b", "a"]);
  // One that is not live itself neither conflicts nor takes over.
  assertEquals(claims.replace(HUB, [claim("/a/**", "c", false)]), []);
  assertEquals(claims.ownerOf("/a/1")?.ownerId, "b");
});

Deno.test("declaredTo() leaves out what the source itself declared", () => {
  const claims = new Claims();
  claims.replace(SELF, [claim("/self/**", "me")]);
  claims.replace(HUB, [claim("/far/**", "far")]);
  claims.replace(A, [claim("/a/**", "a"), claim("/a/below/**", "below")]);
  const told = (source: ClaimSource) =>
    claims.declaredTo(source).map(({ pattern }) => pattern.text).sort();
  assertEquals(told(A), ["/far/**", "/self/**"]);
  assertEquals(told(HUB), ["/a/**", "/a/below/**", "/self/**"]);
  assertEquals(told(B), ["/a/**", "/a/below/**", "/far/**", "/self/**"]);
});

Deno.test("Claims behave as a naive list of claims does", () => {
  const prng = createPrng(11);
  const addresses = ["/a", "/a/b", "/a/b/c", "/a/bb", "/b", "/b/b", "/b/c/d", "/c"];
  for (let round = 0; round < 100; round++) {
    const claims = new Claims();
    const naive = new NaiveClaims();
    for (let step = 0; step < 12; step++) {
      const source = prng.pick([SELF, HUB, A, B]);
      if (prng.nextInt(4) === 0) {
        claims.markLost(source);
        naive.markLost(source);
      } else {
        const incoming = Array.from({ length: prng.nextInt(4) }, () => generateClaim(prng));
        assertEquals(
          claims.conflictsOf(source, incoming).length,
          naive.conflictsOf(source, incoming).length,
        );
        const conflicts = claims.replace(source, incoming).map(({ later }) => later.pattern.text);
        assertEquals(conflicts, naive.replace(source, incoming));
      }
      assertEquals(claims.size, naive.claims.length);
      for (const address of addresses) {
        const found = claims.ownerOf(address);
        const expected = naive.ownerOf(address);
        assertEquals([found?.pattern.text, found?.live], [expected?.pattern.text, expected?.live]);
      }
      for (const other of [SELF, HUB, A, B]) {
        assertEquals(
          claims.declaredTo(other).map(({ pattern, live }) => `${pattern.text} ${live}`).sort(),
          naive.declaredTo(other),
        );
      }
    }
  }
});

Deno.test("a hub keeps a bounded number of claims, of all routers together", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const known = Array.from({ length: CLAIMS_MAX - 1 }, (_, n) => claim(`/known/${n}`, "x", true));
  hub.federation.claims.replace(A, known);
  for (const [patterns, refused] of [[["/b/1", "/b/2"], true], [["/b/1"], false]] as const) {
    const leaf = connectPeer(hub);
    leaf.send(peerHello("b"));
    leaf.read();
    const [answer] = leaf.ask(declaration("b", patterns));
    assertEquals(answer === undefined ? undefined : codeOf(answer) === 503, refused);
    assertEquals(leaf.closed !== undefined, refused);
  }
});

Deno.test("claims of a leaf that is away make room for those of one that comes", () => {
  const claims = new Claims();
  const known = Array.from({ length: CLAIMS_MAX }, (_, n) => claim(`/known/${n}`, "x", false));
  claims.replace(A, known);
  assertEquals(claims.makeRoom({ kind: "leaf", routerId: "b" }, 2), true);
  assertEquals([claims.size, claims.ownerOf("/known/1")], [0, undefined]);
  claims.replace(A, known.map((each) => ({ ...each, live: true })));
  assertEquals(claims.makeRoom({ kind: "leaf", routerId: "b" }, 2), false);
  assertEquals(claims.makeRoom(A, CLAIMS_MAX), true);
  assertEquals(claims.size, CLAIMS_MAX);
});

/** A list, searched from start to end. */
class NaiveClaims {
  claims: { readonly key: string; readonly claim: Claim }[] = [];

  replace(source: ClaimSource, incoming: readonly Claim[]): string[] {
    const key = JSON.stringify(source);
    this.claims = this.claims.filter((known) => known.key !== key);
    const accepted: Claim[] = [];
    const conflicts: string[] = [];
    for (const next of incoming) {
      if (next.live && this.claims.some((known) => known.claim.live && clash(known.claim, next))) {
        conflicts.push(next.pattern.text);
        continue;
      }
      if (next.live) this.claims = this.claims.filter((known) => !clash(known.claim, next));
      accepted.push(next);
    }
    this.claims.push(...accepted.map((next) => ({ key, claim: next })));
    return conflicts;
  }

  conflictsOf(source: ClaimSource, incoming: readonly Claim[]): Claim[] {
    const key = JSON.stringify(source);
    return incoming.filter((next) =>
      next.live &&
      this.claims.some((known) => known.key !== key && known.claim.live && clash(known.claim, next))
    );
  }

  markLost(source: ClaimSource): void {
    const key = JSON.stringify(source);
    this.claims = this.claims.map((known) =>
      known.key === key ? { key, claim: { ...known.claim, live: false } } : known
    );
  }

  ownerOf(address: string): Claim | undefined {
    return this.claims.map((known) => known.claim)
      .filter(({ pattern }) => matches(pattern, address))
      .sort((a, b) =>
        compareSpecificity(b.pattern, a.pattern) || Number(b.live) - Number(a.live)
      )[0];
  }

  declaredTo(source: ClaimSource): string[] {
    const key = JSON.stringify(source);
    const best = new Map<string, boolean>();
    for (const known of this.claims) {
      if (known.key === key) continue;
      const { pattern, live } = known.claim;
      best.set(pattern.text, live || (best.get(pattern.text) ?? false));
    }
    return [...best].map(([text, live]) => `${text} ${live}`).sort();
  }
}

function clash(a: Claim, b: Claim): boolean {
  if (a.ownerId === b.ownerId || !overlaps(a.pattern, b.pattern)) return false;
  return covers(a.pattern, b.pattern) === covers(b.pattern, a.pattern);
}

function generateClaim(prng: Prng): Claim {
  const segments = Array.from(
    { length: 1 + prng.nextInt(3) },
    () => prng.pick(["a", "b", "c", "*", "b*", "**"]),
  );
  const text = `/${segments.join("/")}`.replaceAll("**/**", "**");
  return claim(text, prng.pick(["x", "y"]), prng.nextInt(4) > 0);
}

function claim(text: string, ownerId: string, live = true): Claim {
  return { pattern: parsePattern(text), ownerId, live };
}
