import { assertEquals } from "../support/assert.ts";
import { clientOf, held, startFederation } from "./federation_setup.ts";
import type { SimWorld } from "./sim_world.ts";

const HUB = { id: "hub", core: { outboxHighWaterBytes: 100 } };
const WRITES = 10;
/** No multiple of the interval at which the router looks for room: the last one comes between. */
const WRITE_INTERVAL_MS = 21;

/** Writes while a direction stalls, and once more when it has just resumed. */
function writeAcrossStall(world: SimWorld, from: string, to: string): void {
  const writer = world.addClient({ name: "writer", router: "hub" });
  writer.connect();
  world.clock.runFor(100);
  world.network.stall(from, to);
  for (let count = 0; count < WRITES; count++) {
    writer.set("/nobodys/1");
    world.clock.runFor(WRITE_INTERVAL_MS);
  }
  writer.set("/nobodys/1");
  // Before the router looks for room again.
  world.network.resume(from, to);
  world.clock.runFor(100);
}

Deno.test("a slow client gets all it missed, in order, before anything newer", () => {
  const world = startFederation([HUB]);
  writeAcrossStall(world, "hub", "hub-client");
  const revisions = clientOf(world, "hub").updates.map(({ revision }) => revision);
  assertEquals(revisions, Array.from({ length: WRITES + 1 }, (_, index) => index + 1));
});

Deno.test("a slow link delays what crosses it, and loses nothing", () => {
  const world = startFederation([HUB, { id: "a", hubs: ["hub"] }]);
  writeAcrossStall(world, "hub", "a");
  assertEquals(held(world, "a", "/nobodys/1"), "writer:11 r11 of hub");
  const revisions = clientOf(world, "a").updates.map(({ revision }) => revision);
  assertEquals(revisions, Array.from({ length: WRITES + 1 }, (_, index) => index + 1));
});
