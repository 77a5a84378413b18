import { assertEquals, assertLess } from "../support/assert.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { MapParamStore } from "../../src/state/map_param_store.ts";
import { awaitActive } from "./federation_setup.ts";
import { START_WALL_MICROS } from "./sim_router.ts";
import { SimWorld } from "./sim_world.ts";

const PARAMS = 100_000;
const CHANGES = 100;
const UNCHANGED_BYTES_MAX = 5_000;
const CHANGED_BYTES_MAX = 60_000;
const LEAF = { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"] };

function addressOf(index: number): string {
  return `/site-a/fixture/${index}/level`;
}

/** A hub and its leaf that hold the same params, and a link between them. */
function startLoaded(): SimWorld {
  const world = new SimWorld();
  for (const plan of [{ id: "hub" }, LEAF]) {
    const router = world.addRouter(plan);
    const store = new MapParamStore();
    for (let index = 0; index < PARAMS; index++) {
      store.put(addressOf(index), {
        value: encodeValue(index),
        revision: 1,
        timestampMicros: START_WALL_MICROS - index,
        origin: "a",
        ttl: 0,
      });
    }
    router.disk = store;
    router.start();
  }
  awaitActive(world);
  return world;
}

/** Bytes on the wire, both ways, from a lost link to an Active one, without what passes otherwise. */
function reconnectBytes(world: SimWorld): number {
  let bytes = 0;
  world.network.observe((delivery) => bytes += delivery.bytes.length);
  const [connection] = world.network.connections("hub", "a");
  connection?.cut({ dialler: 0, acceptor: 0 });
  world.clock.runFor(1);
  awaitActive(world);
  return bytes;
}

Deno.test("a link that comes back to 100,000 unchanged params costs less than 5 kB", () => {
  const bytes = reconnectBytes(startLoaded());
  console.log(`reconnect at ${PARAMS} params unchanged: ${bytes} bytes`);
  assertLess(bytes, UNCHANGED_BYTES_MAX);
});

Deno.test("a link that comes back to 100 changes in 100,000 params costs less than 60 kB", () => {
  const world = startLoaded();
  const writer = world.addClient({ name: "writer", router: "a" });
  writer.connect();
  world.clock.runFor(100);
  const [connection] = world.network.connections("hub", "a");
  world.network.stall("a", "hub");
  connection?.cut({ dialler: 0, acceptor: 0 });
  world.clock.runFor(100);
  for (let change = 0; change < CHANGES; change++) {
    writer.set(addressOf(change * (PARAMS / CHANGES)));
  }
  world.clock.runFor(100);
  world.network.resume("a", "hub");
  const bytes = reconnectBytes(world);
  console.log(`reconnect at ${PARAMS} params, ${CHANGES} changed: ${bytes} bytes`);
  assertLess(bytes, CHANGED_BYTES_MAX);
  for (let change = 0; change < CHANGES; change++) {
    const address = addressOf(change * (PARAMS / CHANGES));
    assertEquals(world.router("hub").version(address), world.router("a").version(address));
  }
});
