import { assertEquals } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";
import { DigestTree } from "../../../src/state/digest_tree.ts";
import { LazyDigests } from "../../../src/state/lazy_digests.ts";
import { MapParamStore } from "../../../src/state/map_param_store.ts";
import type { Version } from "../../../src/state/version.ts";

const ROOT = { depth: 0, index: 0 } as const;

function versionOf(revision: number): Version {
  return {
    ...{ value: new Uint8Array([0]), origin: "site-a", ttl: 0 },
    ...{ revision, timestampMicros: 1_700_000_000_000_000 + revision },
  };
}

/** A store with digests that are told of everything, as a router's are. */
function storeWithDigests(counts: (address: string) => boolean = () => true) {
  const store = new MapParamStore();
  store.put("/there/before", versionOf(1));
  const digests = new LazyDigests(store, counts);
  return {
    ...{ store, digests },
    put(address: string, version: Version): void {
      const before = store.get(address);
      digests.changed(store.put(address, version), before);
    },
    remove(address: string): void {
      const before = store.get(address);
      store.remove(address);
      if (before !== undefined) digests.removed(address, before);
    },
  };
}

function countedAnew(store: MapParamStore): DigestTree {
  const tree = new DigestTree();
  for (const walk = store.walk();;) {
    const next = walk.next();
    if (next.done) return tree;
    tree.put(next.value.address, undefined, next.value.version);
  }
}

Deno.test("LazyDigests: are those of the store, whenever somebody asks", () => {
  const prng = createPrng(11);
  const { store, digests, put, remove } = storeWithDigests();
  for (let round = 0; round < 60; round++) {
    for (let step = 0; step < prng.nextInt(40); step++) {
      const address = `/a/${prng.nextInt(12)}`;
      if (prng.nextInt(4) === 0) remove(address);
      else put(address, versionOf(prng.nextInt(1_000)));
    }
    const expected = countedAnew(store);
    assertEquals(digests.digest(ROOT), expected.digest(ROOT), `round ${round}`);
    assertEquals([...digests.addresses(ROOT)].sort(), [...expected.addresses(ROOT)].sort());
  }
});

Deno.test("LazyDigests: more addresses than may wait are counted without being asked for", () => {
  const { store, digests, put } = storeWithDigests();
  for (let n = 0; n < 10_000; n++) put(`/many/${n}`, versionOf(n));
  assertEquals(digests.digest(ROOT), countedAnew(store).digest(ROOT));
});

Deno.test("LazyDigests: what is not to be counted is not", () => {
  const { digests, put, remove } = storeWithDigests((address) => !address.startsWith("/own/"));
  const before = digests.digest(ROOT);
  put("/own/1", versionOf(1));
  assertEquals(digests.digest(ROOT), before);
  remove("/own/1");
  assertEquals(digests.digest(ROOT), before);
});
