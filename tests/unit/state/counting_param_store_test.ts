import { CountingParamStore } from "../../../src/state/counting_param_store.ts";
import { MapParamStore } from "../../../src/state/map_param_store.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

const VERSION = {
  value: encodeValue(1),
  revision: 1,
  timestampMicros: 1,
  origin: "a",
  ttl: 0,
};

Deno.test("every change is counted, reads and addresses that do not count are not", () => {
  const store = new CountingParamStore(new MapParamStore(), (address) => address !== "/own");
  store.put("/a", VERSION);
  store.put("/a", VERSION);
  store.put("/own", VERSION);
  assertEquals(store.changes, 2);
  assertEquals([store.get("/a"), store.get("/own")], [VERSION, VERSION]);
  assertEquals([...{ [Symbol.iterator]: () => store.walk() }].length, 2);
  assertEquals(store.size, 2);
  store.remove("/own");
  store.remove("/a");
  assertEquals([store.changes, store.size], [3, 0]);
});
