import { assert, assertEquals, assertNotEquals, assertThrows } from "../../support/assert.ts";
import { DIGEST_DEPTH_MAX } from "../../../src/limits.ts";
import { createPrng, type Prng } from "../../support/prng.ts";
import {
  childrenOf,
  type Digest,
  type DigestNode,
  digestsEqual,
  DigestTree,
} from "../../../src/state/digest_tree.ts";
import type { Version } from "../../../src/state/version.ts";

const ROOT: DigestNode = { depth: 0, index: 0 };

function versionOf(fields: Partial<Version> = {}): Version {
  return {
    value: new Uint8Array([0]),
    revision: 1,
    timestampMicros: 1_700_000_000_000_000,
    origin: "site-a",
    ttl: 0,
    ...fields,
  };
}

function randomVersion(prng: Prng): Version {
  return versionOf({
    revision: 1 + prng.nextInt(50),
    timestampMicros: 1_700_000_000_000_000 + prng.nextInt(1_000_000),
    origin: prng.pick(["site-a", "site-b", "hub"]),
  });
}

function treeOf(versions: ReadonlyMap<string, Version>): DigestTree {
  const tree = new DigestTree();
  for (const [address, version] of versions) tree.put(address, undefined, version);
  return tree;
}

Deno.test("DigestTree: a tombstone has another digest than what it is the end of", () => {
  const live = treeOf(new Map([["/a", versionOf({ ttl: 5 })]]));
  const gone = treeOf(new Map([["/a", versionOf({ ttl: 5, value: undefined })]]));
  assert(!digestsEqual(live.digest(ROOT), gone.digest(ROOT)));
});

Deno.test("DigestTree: the order of changes does not show, only what is there in the end", () => {
  const prng = createPrng(1);
  const versions = new Map<string, Version>();
  const tree = new DigestTree();
  for (let change = 0; change < 5_000; change++) {
    const address = `/p/${prng.nextInt(400)}`;
    const before = versions.get(address);
    if (before !== undefined && prng.nextInt(4) === 0) {
      versions.delete(address);
      tree.remove(address, before);
    } else {
      const after = randomVersion(prng);
      versions.set(address, after);
      tree.put(address, before, after);
    }
  }
  const fresh = treeOf(new Map([...versions].reverse()));
  assertEquals(tree.digest(ROOT), fresh.digest(ROOT));
  assertEquals(tree.digest(ROOT).count, versions.size);
  assertEquals([...tree.addresses(ROOT)].sort(), [...versions.keys()].sort());
});

Deno.test("DigestTree: an empty tree has the digest of nothing again after everything is removed", () => {
  const tree = new DigestTree();
  const version = versionOf();
  tree.put("/a", undefined, version);
  tree.remove("/a", version);
  tree.remove("/a", version);
  assertEquals(tree.digest(ROOT), { count: 0, high: 0, low: 0 });
  assertEquals(tree.addresses(ROOT), []);
});

Deno.test("DigestTree: every field of a version and the address show", () => {
  const base = versionOf();
  const variants: readonly (readonly [string, Version])[] = [
    ["/b", base],
    ["/a", versionOf({ revision: 2 })],
    ["/a", versionOf({ timestampMicros: base.timestampMicros + 1 })],
    // Above 32 bits: revision and the upper half of the timestamp count whole.
    ["/a", versionOf({ timestampMicros: base.timestampMicros + 2 ** 32 })],
    ["/a", versionOf({ revision: 1 + 2 ** 32 })],
    ["/a", versionOf({ origin: "site-b" })],
  ];
  const digest = treeOf(new Map([["/a", base]])).digest(ROOT);
  for (const [address, version] of variants) {
    assertNotEquals(treeOf(new Map([[address, version]])).digest(ROOT), digest);
  }
});

Deno.test("DigestTree: two addresses that swap their versions do not cancel out", () => {
  const one = versionOf({ revision: 1 });
  const two = versionOf({ revision: 2 });
  assertNotEquals(
    treeOf(new Map([["/a", one], ["/b", two]])).digest(ROOT),
    treeOf(new Map([["/a", two], ["/b", one]])).digest(ROOT),
  );
});

Deno.test("DigestTree: revision and timestamp that swap their values do not cancel out", () => {
  assertNotEquals(
    treeOf(new Map([["/a", versionOf({ revision: 7, timestampMicros: 9 })]])).digest(ROOT),
    treeOf(new Map([["/a", versionOf({ revision: 9, timestampMicros: 7 })]])).digest(ROOT),
  );
});

Deno.test("DigestTree: a node is the sum of its children, and they share out its addresses", () => {
  const prng = createPrng(2);
  const versions = new Map(
    Array.from({ length: 3_000 }, (_, index) => [`/site/${index}/level`, randomVersion(prng)]),
  );
  const tree = treeOf(versions);
  const nodes: DigestNode[] = [ROOT];
  let checked = 0;
  for (const node of nodes) {
    const whole = tree.digest(node);
    assertEquals(tree.addresses(node).length, whole.count);
    if (node.depth === DIGEST_DEPTH_MAX) continue;
    const children = childrenOf(node);
    const sum = children.map((child) => tree.digest(child)).reduce(add);
    assert(digestsEqual(sum, whole), `depth ${node.depth}, index ${node.index}`);
    nodes.push(...children.filter((child) => tree.digest(child).count > 0));
    checked++;
  }
  assert(checked > 300);
});

Deno.test("DigestTree: addresses spread evenly, also when they differ in one digit only", () => {
  const tree = new DigestTree();
  for (let index = 0; index < 16_000; index++) tree.put(`/a/${index}`, undefined, versionOf());
  for (const child of childrenOf(ROOT)) {
    const { count } = tree.digest(child);
    assert(count > 800 && count < 1_200, `a child of the root has ${count} of 16000`);
  }
});

Deno.test("DigestTree tells a tombstone from the version that it is of", () => {
  const live = treeOf(new Map([["/a", versionOf()]]));
  const expired = treeOf(new Map([["/a", { ...versionOf(), value: undefined }]]));
  assert(!digestsEqual(live.digest(ROOT), expired.digest(ROOT)));
});

Deno.test("DigestTree.digest() refuses a node that cannot be", () => {
  const tree = new DigestTree();
  assertThrows(() => tree.digest({ depth: 5, index: 0 }), RangeError);
  assertThrows(() => tree.digest({ depth: 1, index: 16 }), RangeError);
});

function add(a: Digest, b: Digest): Digest {
  return {
    count: a.count + b.count,
    high: (a.high + b.high) >>> 0,
    low: (a.low + b.low) >>> 0,
  };
}
