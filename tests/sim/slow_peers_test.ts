import { decodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../support/assert.ts";
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

Deno.test("a slow client gets what it missed as the newest value, and nothing older after it", () => {
  const world = startFederation([HUB]);
  writeAcrossStall(world, "hub", "hub-client");
  // Three fill the socket's buffer; the rest is one.
  const revisions = clientOf(world, "hub").updates.map(({ revision }) => revision);
  assertEquals(revisions, [1, 2, 3, WRITES + 1]);
});

Deno.test("a slow link sends what it missed as the newest version, counts it and shows how much", () => {
  const world = startFederation([
    { ...HUB, showsLinks: true },
    { id: "a", hubs: ["hub"], showsLinks: true },
  ]);
  writeAcrossStall(world, "hub", "a");
  assertEquals(held(world, "a", "/nobodys/1"), "writer:11 r11 of hub");
  const revisions = clientOf(world, "a").updates.map(({ revision }) => revision).slice(-4);
  assertEquals(revisions, [1, 2, WRITES, WRITES + 1]);
  const counters = world.router("hub").host.federation?.records.get("a")?.counters;
  assertEquals(counters?.conflated, WRITES - 3);
  world.clock.runFor(15_000);
  const shown = world.router("a").version("/clasp/federation/peers/a")?.value;
  assert(shown !== undefined);
  assertEquals(Object.entries(decodeValue(shown) ?? {}).find(([key]) => key === "conflated"), [
    "conflated",
    WRITES - 3,
  ]);
});
