import {
  compareVersions,
  mergeVersion,
  tombstoneOf,
  type Version,
} from "../../../src/state/version.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater, assertStrictEquals } from "../../support/assert.ts";
import { createPrng, type Prng } from "../../support/prng.ts";

Deno.test("compareVersions() goes by timestamp, then origin, then revision", () => {
  const base = version({ timestampMicros: 5, origin: "b", revision: 5 });
  const older = [
    version({ timestampMicros: 4, origin: "z", revision: 9 }),
    version({ timestampMicros: 5, origin: "a", revision: 9 }),
    version({ timestampMicros: 5, origin: "b", revision: 4 }),
  ];
  for (const other of older) {
    assertGreater(compareVersions(base, other), 0);
    assert(compareVersions(other, base) < 0);
  }
  assertEquals(compareVersions(base, { ...base }), 0);
});

Deno.test("compareVersions() compares origins by code units, not by locale", () => {
  assertGreater(compareVersions(version({ origin: "a" }), version({ origin: "B" })), 0);
});

Deno.test("mergeVersion() takes whatever comes to an unknown address", () => {
  const incoming = version({});
  assertEquals(mergeVersion(undefined, incoming), { kind: "taken", version: incoming });
});

Deno.test("mergeVersion() keeps the newer version, whatever its revision", () => {
  const known = version({ timestampMicros: 2, revision: 9 });
  assertEquals(mergeVersion(known, version({ timestampMicros: 1, revision: 8 })).kind, "kept");
});

Deno.test("mergeVersion() takes a newer version with a higher revision as it came", () => {
  const incoming = version({ timestampMicros: 2, revision: 4 });
  const merge = mergeVersion(version({ timestampMicros: 1, revision: 3 }), incoming);
  assert(merge.kind === "taken");
  assertStrictEquals(merge.version, incoming);
});

Deno.test("mergeVersion() raises the winner above the loser's revision, whichever is known", () => {
  const winner = version({ timestampMicros: 2, origin: "w", revision: 3, ttl: 7 });
  for (const revision of [3, 4, 10]) {
    const loser = version({ timestampMicros: 1, origin: "l", revision });
    const raised = { ...winner, revision: revision + 1 };
    assertEquals(mergeVersion(loser, winner), { kind: "raised", version: raised });
    assertEquals(mergeVersion(winner, loser), { kind: "raised", version: raised });
  }
});

Deno.test("mergeVersion() takes a raised revision of the stamp it knows, and no lower one", () => {
  const known = version({ revision: 3 });
  const raised = version({ revision: 5 });
  assertEquals(mergeVersion(known, raised), { kind: "taken", version: raised });
  assertEquals(mergeVersion(raised, known).kind, "kept");
  assertEquals(mergeVersion(known, { ...known }).kind, "kept");
});

Deno.test("mergeVersion() takes the tombstone of the version it knows, and keeps it", () => {
  const known = version({ ttl: 5 });
  const tombstone = tombstoneOf(known);
  assertEquals(mergeVersion(known, tombstone), { kind: "taken", version: tombstone });
  assertEquals(mergeVersion(tombstone, known).kind, "kept");
});

Deno.test("mergeVersion() does not take a tombstone for the end of a version with another TTL", () => {
  const known = version({ ttl: 0, revision: 5 });
  for (const revision of [4, 5]) {
    const forged = tombstoneOf(version({ ttl: 1, revision }));
    assertEquals(mergeVersion(known, forged).kind, "kept");
  }
});

Deno.test("mergeVersion() makes the tombstone of a version that was raised elsewhere, and tells of it", () => {
  const raised = version({ ttl: 5, revision: 4 });
  const tombstone = tombstoneOf(version({ ttl: 5, revision: 3 }));
  const merge = { kind: "raised", version: tombstoneOf(raised) } as const;
  assertEquals(mergeVersion(raised, tombstone), merge);
  assertEquals(mergeVersion(tombstone, raised), merge);
});

Deno.test("mergeVersion() orders a tombstone like the version it is of", () => {
  const tombstone = tombstoneOf(version({ timestampMicros: 2, ttl: 5 }));
  const older = version({ timestampMicros: 1, revision: 7 });
  const newer = version({ timestampMicros: 3, revision: 7 });
  const raised = { ...tombstone, revision: 8 };
  assertEquals(mergeVersion(older, tombstone), { kind: "raised", version: raised });
  assertEquals(mergeVersion(tombstone, newer), { kind: "taken", version: newer });
});

Deno.test("mergeVersion() is commutative and idempotent for generated versions", () => {
  const prng = createPrng(1);
  for (let round = 0; round < 2_000; round++) {
    const [a, b] = [generateVersion(prng), generateVersion(prng)];
    const ab = apply(a, b);
    assertEquals(ab, apply(b, a));
    assertEquals(apply(ab, ab), ab);
    // What made it adds nothing to it.
    assertEquals(stampOf(apply(ab, a)), stampOf(ab));
    assertEquals(apply(apply(ab, a), b), apply(apply(ab, b), a));
  }
});

Deno.test("mergeVersion() never lets a revision go backwards, nor a stamp", () => {
  const prng = createPrng(2);
  for (let round = 0; round < 500; round++) {
    let known = generateVersion(prng);
    for (let step = 0; step < 10; step++) {
      const next = apply(known, generateVersion(prng));
      if (stampOf(next) !== stampOf(known)) assertGreater(next.revision, known.revision);
      assert(next.revision >= known.revision);
      assert(compareVersions(next, known) >= 0);
      known = next;
    }
  }
});

Deno.test("two routers that see up to 5 versions in any two orders and hear of each other's raises agree", () => {
  const prng = createPrng(3);
  for (let round = 0; round < 40; round++) {
    const versions = Array.from({ length: 2 + prng.nextInt(4) }, () => generateVersion(prng));
    const orders = permutations(versions);
    const newest = versions.reduce((a, b) => compareVersions(a, b) >= 0 ? a : b);
    for (const order of orders) {
      const other = prng.pick(orders);
      const [a, b] = exchange(order, other);
      assertEquals(a, b);
      assertEquals(stampOf(a), stampOf(newest));
      // Whoever lost was seen by somebody: the winner's revision is above it.
      for (const loser of versions) {
        if (stampOf(loser) !== stampOf(a)) assertGreater(a.revision, loser.revision);
      }
    }
  }
});

function version(fields: Partial<Version>): Version {
  return {
    value: encodeValue(1),
    revision: 1,
    timestampMicros: 1,
    origin: "o",
    ttl: 0,
    ...fields,
  };
}

/** Few different numbers, so that ties are common. The value follows from the stamp, or is gone. */
function generateVersion(prng: Prng): Version {
  const timestampMicros = prng.nextInt(4);
  const origin = prng.pick(["a", "b", "c"]);
  return version({
    value: prng.nextInt(4) === 0 ? undefined : encodeValue(`${timestampMicros} ${origin}`),
    revision: 1 + prng.nextInt(5),
    timestampMicros,
    origin,
  });
}

function stampOf({ timestampMicros, origin }: Version): string {
  return `${timestampMicros} ${origin}`;
}

function apply(known: Version | undefined, incoming: Version): Version {
  const merge = mergeVersion(known, incoming);
  if (merge.kind !== "kept") return merge.version;
  assert(known !== undefined);
  return known;
}

/** Two routers on one link, each with versions of its own; sends what is new until it is quiet. */
function exchange(
  fromA: readonly Version[],
  fromB: readonly Version[],
): readonly [Version, Version] {
  const held: (Version | undefined)[] = [undefined, undefined];
  const inFlight: { readonly to: 0 | 1; readonly version: Version }[] = [];
  const receive = (at: 0 | 1, incoming: Version, fromLink: boolean): void => {
    const merge = mergeVersion(held[at], incoming);
    if (merge.kind === "kept") return;
    held[at] = merge.version;
    if (!fromLink || merge.kind === "raised") {
      inFlight.push({ to: at === 0 ? 1 : 0, version: merge.version });
    }
  };
  for (const incoming of fromA) receive(0, incoming, false);
  for (const incoming of fromB) receive(1, incoming, false);
  for (let messages = 0; inFlight.length > 0; messages++) {
    assert(messages < 1_000, "the routers must come to rest");
    const next = inFlight.shift();
    if (next !== undefined) receive(next.to, next.version, true);
  }
  const [a, b] = held;
  assert(a !== undefined && b !== undefined);
  return [a, b];
}

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest])
  );
}
