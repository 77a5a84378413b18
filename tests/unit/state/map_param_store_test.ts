import { MapParamStore } from "../../../src/state/map_param_store.ts";
import type { Version } from "../../../src/state/version.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("MapParamStore keeps the last version of each address", () => {
  const store = new MapParamStore();
  store.put("/a", version(1));
  store.put("/b", version(1));
  store.put("/a", version(2));
  assertEquals(store.size, 2);
  assertEquals(store.get("/a")?.revision, 2);
  assertEquals(store.get("/c"), undefined);
});

Deno.test("MapParamStore forgets an address that is removed", () => {
  const store = new MapParamStore();
  store.put("/a", version(1));
  store.remove("/a");
  store.remove("/never");
  assertEquals([store.size, store.get("/a")], [0, undefined]);
});

Deno.test("MapParamStore.walk() that is paused meets each param once, in its version of then", () => {
  const store = new MapParamStore();
  for (let n = 0; n < 100; n++) store.put(`/p/${n}`, version(1));
  const walk = store.walk();
  const met = new Map<string, number>();
  for (let step = 0;; step++) {
    const param = walk.next().value;
    if (param === undefined) break;
    assertEquals(met.has(param.address), false, param.address);
    met.set(param.address, param.version.revision);
    // Replaced behind and ahead of the walk, and one that is new.
    for (let n = 0; n < 100; n += 10) store.put(`/p/${n}`, version(step + 2));
    if (step === 50) store.put("/late", version(1));
  }
  for (let n = 0; n < 100; n++) assertEquals(met.has(`/p/${n}`), true);
  assertEquals(met.get("/p/0"), 1);
  assertEquals(met.get("/p/90"), 91);
});

function version(revision: number): Version {
  return { value: encodeValue(1), revision, timestampMicros: 1, origin: "o", ttl: 0 };
}
