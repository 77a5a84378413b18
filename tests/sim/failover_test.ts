import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { clientOf, held, restart, startFederation, write } from "./federation_setup.ts";
import type { SimWorld } from "./sim_world.ts";

/** Two hubs below a root; site a knows both, site b is at the root. */
const PLANS = [
  { id: "root" },
  { id: "first", hubs: ["root"] },
  { id: "second", hubs: ["root"] },
  { id: "a", hubs: ["first", "second"], namespaces: ["/site-a/**"] },
  { id: "b", hubs: ["root"], namespaces: ["/site-b/**"] },
];
const EVERYWHERE = ["root", "first", "second", "a", "b"];

/** Site a cannot reach a hub any more, and both know it. */
function partFrom(world: SimWorld, hub: string): void {
  world.network.stall("a", hub);
  world.network.stall(hub, "a");
  for (const connection of world.network.connections("a", hub)) {
    connection.cut({ dialler: 0, acceptor: 0 });
  }
}

function rejoin(world: SimWorld, hub: string): void {
  world.network.resume("a", hub);
  world.network.resume(hub, "a");
}

function awaitHub(world: SimWorld, hub: string): void {
  world.clock.runUntil(
    () =>
      world.router("a").linkState(hub) === "Active" &&
      world.router(hub).linkState("a") === "Active",
    `the link a - ${hub}`,
  );
  world.clock.runFor(100);
}

Deno.test("a site whose hub is gone goes to its next one, and everyone still sees one state", () => {
  const world = startFederation(PLANS);
  write(world, "a", "/site-a/1");
  world.crash("first", undefined);
  const before = world.clock.nowMicros;
  awaitHub(world, "second");
  // The hub died without a word: three heartbeats.
  assertLess(world.clock.nowMicros - before, 10_000_000);
  assertEquals(write(world, "b", "/site-a/1").kind, "accepted");
  assertEquals(write(world, "a", "/site-b/1").kind, "accepted");
  for (const router of ["root", "second", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "b-client:1 r2 of a", router);
    assertEquals(held(world, router, "/site-b/1"), "a-client:2 r1 of b", router);
  }
});

Deno.test("a site stays with the hub that works when its first one is back", () => {
  const world = startFederation(PLANS);
  world.crash("first", 500);
  awaitHub(world, "second");
  world.router("first").start();
  world.clock.runFor(60_000);
  assertEquals(world.router("a").linkState("second"), "Active");
  assertEquals(world.router("first").linkState("a"), undefined);
  assertEquals(write(world, "b", "/site-a/1").kind, "accepted");
  for (const router of EVERYWHERE) {
    assertEquals(held(world, router, "/site-a/1"), "b-client:1 r1 of a", router);
  }
});

Deno.test("writes taken in care on the old way meet the owner's on the new one", () => {
  const world = startFederation(PLANS);
  write(world, "a", "/site-a/1");
  // The link breaks, and for a while no way leads to site a.
  for (const hub of ["first", "second"]) {
    world.network.stall("a", hub);
    world.network.stall(hub, "a");
  }
  world.clock.runFor(12_000);
  assertEquals(write(world, "b", "/site-a/1").kind, "accepted");
  assertEquals(write(world, "a", "/site-a/2").kind, "accepted");
  world.network.resume("a", "second");
  world.network.resume("second", "a");
  awaitHub(world, "second");
  world.clock.runFor(1_000);
  for (const router of EVERYWHERE) {
    assertEquals(held(world, router, "/site-a/1"), "b-client:1 r2 of first", router);
    assertEquals(held(world, router, "/site-a/2"), "a-client:2 r1 of a", router);
  }
});

Deno.test("an event published before a site changed its hub reaches nobody twice", () => {
  const world = startFederation(PLANS);
  const ids: string[] = [];
  for (let count = 0; count < 20; count++) {
    ids.push(clientOf(world, "a").publish("/site-a/cue"));
    if (count === 10) world.crash("first", 500);
    world.clock.runFor(40);
  }
  awaitHub(world, "second");
  ids.push(clientOf(world, "a").publish("/site-a/cue"));
  world.clock.runFor(1_000);
  const received = clientOf(world, "b").events.map(({ id }) => id);
  assertEquals(received.length, new Set(received).size);
  assert(received.includes(ids[0] ?? "") && received.includes(ids.at(-1) ?? ""));
});

Deno.test("a site that crashes and comes back by its other hub delivers no event again", () => {
  const core = { eventTtlMs: 30_000 };
  const world = startFederation(PLANS.map((plan) => ({ ...plan, core })));
  const lost: string[] = [];
  world.watch([{
    name: "lost",
    linkEvent: (router, event) => {
      if (event.type === "eventLost") lost.push(`${router} ${event.sequence} ${event.why}`);
    },
  }]);
  // The first hub keeps for site a what is published from now on.
  partFrom(world, "first");
  awaitHub(world, "second");
  const before = clientOf(world, "b").publish("/cue/1");
  world.clock.runFor(100);
  const received = () => clientOf(world, "a").events.map(({ id }) => id);
  assertEquals(received(), [before], "by the second hub");
  partFrom(world, "second");
  restart(world, "a");
  clientOf(world, "b").publish("/cue/2");
  rejoin(world, "first");
  awaitHub(world, "first");
  world.clock.runFor(1_000);
  // The second was published while the new process ran, and no hub reached it.
  assertEquals(received().length, 2);
  assertEquals(new Set(received()).size, 2);
  assertEquals(lost, ["a 1 unknown"]);
});
