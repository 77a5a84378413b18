import type { Uplink } from "../../src/federation/uplink.ts";
import { assert, assertEquals, assertLess, assertStringIncludes } from "../support/assert.ts";
import { awaitActive, held, startFederation, write } from "./federation_setup.ts";
import type { SimWorld } from "./sim_world.ts";

const HUB = { id: "hub" };
const LEAF = { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"] };
/** Another machine, made from the same image. */
const CLONE = { ...LEAF, id: "clone", core: { routerId: "a" } };

Deno.test("a router that starts anew comes up within a second, though its hub takes its old connection for open", () => {
  const world = startFederation([HUB, LEAF]);
  const [old] = world.network.connections("hub", "a");
  world.crash("a", undefined);
  world.router("a").start();
  world.clock.runFor(450);
  assertEquals([uplinkOf(world, "a")?.state, old?.acceptor.isClosed], [
    "Handshaking",
    false,
  ]);
  awaitActive(world, 550);
  assert(old?.acceptor.isClosed, "the old connection is closed");
  assertEquals(world.network.connections("hub", "a").length, 1);
  assertEquals(write(world, "hub", "/site-a/1").kind, "accepted");
});

Deno.test("a process that comes back while its hub takes its old connection for open is let in within a second", () => {
  const world = startFederation([HUB, LEAF]);
  const [old] = world.network.connections("hub", "a");
  old?.cut({ dialler: 0, acceptor: undefined });
  world.clock.runUntil(() => uplinkOf(world, "a")?.state === "Handshaking", "the dial");
  awaitActive(world, 600);
  assert(old?.acceptor.isClosed, "the old connection is closed");
});

Deno.test("of two routers with one id the first stays undisturbed, the second is told where the first is", () => {
  const world = startFederation([HUB, LEAF]);
  write(world, "a", "/site-a/1");
  const [first] = world.network.connections("hub", "a");
  const drops = dropsOf(world, "a");
  const dials = addClone(world);
  world.clock.runFor(120_000);
  const uplink = uplinkOf(world, "clone");
  assertEquals(uplink?.state, "Disconnected");
  assertStringIncludes(uplink?.reason ?? "", '409: Router id "a" is in use from a:7330; set ');
  assertStringIncludes(uplink?.reason ?? "", "set --federation-id");
  // Doubling from 1 s to 30 s, each with its jitter.
  assertLess(dials.length, 12);
  assertLess(15_000_000, (dials.at(-1) ?? 0) - (dials.at(-2) ?? 0));
  assertEquals(first?.acceptor.isClosed, false);
  assertEquals([world.router("hub").linkState("a"), drops], ["Active", []]);
  assertEquals(write(world, "hub", "/site-a/1").kind, "accepted");
  assertEquals(held(world, "a", "/site-a/1"), "hub-client:1 r2 of a");
});

Deno.test("the second of two routers with one id is let in when the first has stopped", () => {
  const world = startFederation([HUB, LEAF]);
  addClone(world);
  world.clock.runFor(5_000);
  world.crash("a", 500);
  world.clock.runUntil(
    () => world.router("clone").linkState("hub") === "Active",
    "the second to be let in",
    31_000,
  );
});

Deno.test("a second router is let in when the first goes while it is asked", () => {
  const world = startFederation([HUB, LEAF]);
  world.network.stall("a", "hub");
  const dials = addClone(world);
  world.clock.runFor(100);
  const [first] = world.network.connections("hub", "a");
  first?.cut({ dialler: undefined, acceptor: 0 });
  world.clock.runFor(10);
  assertEquals([world.router("clone").linkState("hub"), dials.length], ["Active", 1]);
});

Deno.test("while a router id is asked for, a third router is refused, and the first comes back at once", () => {
  const world = startFederation([HUB, LEAF]);
  const [first] = world.network.connections("hub", "a");
  first?.cut({ dialler: 0, acceptor: undefined });
  addClone(world);
  world.addRouter({ ...CLONE, id: "third" }).start();
  world.clock.runFor(100);
  const reasonOf = (id: string) => uplinkOf(world, id)?.reason ?? "";
  assertEquals(uplinkOf(world, "clone")?.state, "Handshaking");
  assertStringIncludes(reasonOf("third"), "409");
  assertStringIncludes(reasonOf("third"), "try again");
  world.clock.runUntil(() => world.router("a").linkState("hub") === "Active", "the first", 950);
  assertStringIncludes(reasonOf("clone"), "in use from a:7330");
});

Deno.test("a second router that goes before the first has answered leaves the first alone", () => {
  const world = startFederation([HUB, LEAF]);
  const [first] = world.network.connections("hub", "a");
  world.network.stall("a", "hub");
  addClone(world);
  world.clock.runFor(100);
  world.router("clone").crash(() => 0);
  world.clock.runFor(1_000);
  world.network.resume("a", "hub");
  world.clock.runFor(100);
  assertEquals([first?.acceptor.isClosed, world.router("hub").linkState("a")], [false, "Active"]);
});

/** Starts a second machine with the id of the leaf. Returns when it dialled, growing. */
function addClone(world: SimWorld): number[] {
  const dials: number[] = [];
  world.network.observe(({ from, bytes }) => {
    // HELLO.
    if (from === "clone" && bytes[4] === 0x01) dials.push(world.clock.nowMicros);
  });
  world.addRouter(CLONE).start();
  return dials;
}

/** Why links of the hub to a router ended, from now on. */
function dropsOf(world: SimWorld, id: string): string[] {
  const drops: string[] = [];
  const [connection] = world.network.connections("hub", id);
  world.network.observe(() => {
    if (connection?.acceptor.isClosed || connection?.dialler.isClosed) drops.push("closed");
  });
  return drops;
}

function uplinkOf(world: SimWorld, id: string): Uplink | undefined {
  return world.router(id).host.federation?.uplink;
}
