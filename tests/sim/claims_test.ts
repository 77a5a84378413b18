import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { awaitActive, held, restart, startFederation, write } from "./federation_setup.ts";
import type { RouterPlan } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";
import { tree } from "./topology.ts";

const HUB = { id: "hub" };
const A = { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"] };
const B = { id: "b", hubs: ["hub"], namespaces: ["/site-b/**"] };

/** Code of the ERROR that answers a write, or "accepted". */
function outcomeOf(world: SimWorld, router: string, address: string): number | string {
  const answer = write(world, router, address);
  return answer.kind === "refused" ? answer.code : answer.kind;
}

/** Whether a router takes the owner of an address for connected. */
function isLive(world: SimWorld, router: string, address: string): boolean | undefined {
  return world.router(router).host.federation?.claims.ownerOf(address)?.live;
}

function uplinkOf(world: SimWorld, router: string): { state: string; reason: string } {
  const uplink = world.router(router).host.federation?.uplink;
  return { state: uplink?.state ?? "none", reason: uplink?.reason ?? "" };
}

function rejecting(plans: readonly RouterPlan[]): readonly RouterPlan[] {
  return plans.map((plan) => ({ ...plan, offlineWrites: "reject" }));
}

Deno.test("the most specific claim decides, whoever writes", () => {
  const world = startFederation([
    HUB,
    A,
    { ...B, namespaces: ["/site-b/**", "/site-a/stage/**"] },
  ]);
  for (const router of ["hub", "a", "b"]) {
    write(world, router, "/site-a/stage/1");
    write(world, router, "/site-a/1");
    write(world, router, "/nobodys/1");
  }
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/stage/1"), "b-client:1 r3 of b");
    assertEquals(held(world, router, "/site-a/1"), "b-client:2 r3 of a");
    assertEquals(held(world, router, "/nobodys/1"), "b-client:3 r3 of hub");
  }
});

Deno.test("a write finds its owner across a hub below a hub", () => {
  const world = startFederation(tree());
  assertEquals(outcomeOf(world, "c", "/site-a/1"), "accepted");
  assertEquals(outcomeOf(world, "b", "/site-a/1"), "accepted");
  assertEquals(outcomeOf(world, "a", "/nobodys/1"), "accepted");
  for (const router of ["hub", "mid", "a", "b", "c"]) {
    assertEquals(held(world, router, "/site-a/1"), "b-client:1 r2 of a", router);
    assertEquals(held(world, router, "/nobodys/1"), "a-client:1 r1 of hub", router);
  }
});

Deno.test("the later of two equal claims is refused with 409, naming both routers", () => {
  const world = startFederation([HUB, A]);
  world.addRouter({ ...B, namespaces: ["/site-a/**"] }).start();
  world.clock.runFor(200);
  const { state, reason } = uplinkOf(world, "b");
  assertEquals(state, "Disconnected");
  assertStringIncludes(reason, "409");
  assertStringIncludes(reason, '"/site-a/**" of router "b"');
  assertStringIncludes(reason, '"/site-a/**" of router "a"');
  assertEquals(world.router("hub").linkState("a"), "Active");
  assertEquals(outcomeOf(world, "hub", "/site-a/1"), "accepted");
  assertEquals(held(world, "hub", "/site-a/1"), "hub-client:1 r1 of a");
});

Deno.test("a router that was refused with 409 is accepted when the other one is gone", () => {
  const world = startFederation([HUB, A]);
  const later = world.addRouter({ ...B, namespaces: ["/site-a/**"] });
  later.start();
  world.clock.runFor(5_000);
  world.crash("a", 500);
  world.clock.runUntil(() => later.linkState("hub") === "Active", "b to be accepted", 60_000);
  world.clock.runFor(100);
  assertEquals(outcomeOf(world, "hub", "/site-a/1"), "accepted");
  assertEquals(held(world, "hub", "/site-a/1"), "hub-client:1 r1 of b");
});

Deno.test("claims that cut across each other conflict, nested ones do not", () => {
  const world = startFederation([
    HUB,
    { ...A, namespaces: ["/site/*/light"] },
    { ...B, namespaces: ["/site/1/light"] },
  ]);
  world.addRouter({ id: "c", hubs: ["hub"], namespaces: ["/site/2/*"] }).start();
  world.clock.runFor(200);
  assertStringIncludes(uplinkOf(world, "c").reason, '"/site/*/light" of router "a"');
  assertEquals(uplinkOf(world, "b").state, "Active");
});

Deno.test("a conflict with a hub's hub is refused by the hub that is dialled", () => {
  const world = startFederation([HUB, A, { id: "mid", hubs: ["hub"] }]);
  world.addRouter({ id: "b", hubs: ["mid"], namespaces: ["/*/1"] }).start();
  world.clock.runFor(5_000);
  assertStringIncludes(uplinkOf(world, "b").reason, '"/site-a/**" of router "a"');
  assertEquals(world.router("hub").linkState("mid"), "Active");
});

Deno.test("a conflict that a partition hid is told to the later one's owner, and no link between ends", () => {
  const world = startFederation([HUB, { id: "mid", hubs: ["hub"], namespaces: ["/mid/**"] }]);
  const [connection] = world.network.connections("mid", "hub");
  world.network.stall("mid", "hub");
  connection?.cut({ dialler: 0, acceptor: 0 });
  world.addRouter(A).start();
  world.addRouter({ ...B, hubs: ["mid"], namespaces: ["/site-a/**", "/site-b/**"] }).start();
  world.clock.runFor(3_000);
  world.network.heal();
  world.clock.runUntil(
    () => world.router("mid").linkState("hub") === "Active",
    "the link between the hubs",
  );
  world.clock.runFor(60_000);
  assertEquals(world.network.connections("mid", "hub").length, 1);
  assertEquals(world.router("mid").linkState("hub"), "Active");
  const { state, reason } = uplinkOf(world, "b");
  assertEquals(state === "Active", false, state);
  assertStringIncludes(reason, '"/site-a/**" of router "b"');
  assertStringIncludes(reason, 'of router "a"');
  // One owner, wherever a client writes.
  for (const router of ["hub", "mid"]) {
    assertEquals(outcomeOf(world, router, "/site-a/1"), "accepted", router);
  }
  for (const router of ["hub", "mid", "a"]) {
    assertMatch(held(world, router, "/site-a/1"), / r2 of a$/, router);
  }
  assertEquals(outcomeOf(world, "hub", "/mid/1"), "accepted");
  assertMatch(held(world, "hub", "/mid/1"), / r1 of mid$/);
});

Deno.test("with offline writes rejected, a write whose owner is away is 501 and changes nothing", () => {
  const world = startFederation(rejecting([HUB, A, B]));
  write(world, "a", "/site-a/1");
  world.crash("a", 500);
  world.clock.runFor(1_000);
  for (const router of ["hub", "b"]) {
    assertEquals(outcomeOf(world, router, "/site-a/1"), 501, router);
    assertEquals(held(world, router, "/site-a/1"), "a-client:1 r1 of a", router);
  }
  assertEquals(outcomeOf(world, "b", "/nobodys/1"), "accepted");
});

Deno.test("all routers hear that an owner is lost, and one of them takes care of its params", () => {
  const world = startFederation(tree());
  world.crash("c", 500);
  world.clock.runFor(100);
  for (const router of ["hub", "mid", "a"]) {
    assertEquals(isLive(world, router, "/site-c/1"), false, router);
    assertEquals(outcomeOf(world, router, "/site-c/1"), "accepted", router);
  }
  // The last router that cannot go further, wherever the writer is.
  for (const router of ["hub", "mid", "a"]) {
    assertMatch(held(world, router, "/site-c/1"), / r3 of hub$/);
  }
  world.router("c").start();
  awaitActive(world);
  for (const router of ["hub", "mid", "a"]) {
    assertEquals(isLive(world, router, "/site-c/1"), true, router);
  }
});

Deno.test("a hub that lost its own hub tells its leaves that all beyond is lost", () => {
  const world = startFederation(tree());
  world.crash("hub", 500);
  world.clock.runFor(100);
  assertEquals(isLive(world, "a", "/site-c/1"), false);
  assertEquals(isLive(world, "a", "/site-b/1"), true);
  assertEquals(world.router("a").host.federation?.path, ["a", "mid"]);
});

Deno.test("an expected revision is checked by the owner, from wherever it comes", () => {
  const world = startFederation([HUB, A, B]);
  write(world, "a", "/site-a/1");
  const writer = world.addClient({ name: "writer", router: "b" });
  writer.connect();
  world.clock.runFor(100);
  const answers = [0, 1, 1, 2].map((expectedRevision) => {
    const written = writer.set("/site-a/1", { expectedRevision });
    world.clock.runFor(100);
    const [answer] = written.answers;
    return answer?.kind === "refused" ? answer.code : answer?.revision;
  });
  assertEquals(answers, [400, 2, 400, 3]);
});

Deno.test("a router that is back decides again, after it took what was written in its place", () => {
  const world = startFederation([HUB, A, B]);
  write(world, "a", "/site-a/1");
  world.crash("a", 500);
  world.clock.runFor(1_000);
  assertEquals(outcomeOf(world, "b", "/site-a/1"), "accepted");
  assertMatch(held(world, "b", "/site-a/1"), / r2 of hub$/);
  world.router("a").start();
  awaitActive(world);
  assertMatch(held(world, "a", "/site-a/1"), / r2 of hub$/);
  assertEquals(outcomeOf(world, "b", "/site-a/1"), "accepted");
  assertMatch(held(world, "hub", "/site-a/1"), / r3 of a$/);
});

Deno.test("with offline writes rejected, a leaf that lost its hub decides what is its own only", () => {
  const world = startFederation(rejecting([HUB, A]));
  world.crash("hub", 500);
  world.clock.runFor(100);
  assertEquals(outcomeOf(world, "a", "/site-a/1"), "accepted");
  assertEquals(outcomeOf(world, "a", "/nobodys/1"), 501);
});

Deno.test("with offline writes rejected, a lost link makes the far side unreachable on both ends", () => {
  const world = startFederation(rejecting(tree()));
  const [connection] = world.network.connections("mid", "hub");
  world.network.stall("mid", "hub");
  world.network.stall("hub", "mid");
  connection?.cut({ dialler: 0, acceptor: 0 });
  world.clock.runFor(100);
  assertEquals(outcomeOf(world, "c", "/site-a/1"), 501);
  assertEquals(outcomeOf(world, "a", "/site-c/1"), 501);
  assertEquals(outcomeOf(world, "b", "/site-a/1"), "accepted");
  world.network.heal();
  awaitActive(world);
  assertEquals(outcomeOf(world, "c", "/site-a/1"), "accepted");
});

Deno.test("a restarted hub learns the claims anew", () => {
  const world = startFederation([HUB, A, B]);
  restart(world, "hub");
  awaitActive(world);
  assertEquals(outcomeOf(world, "b", "/site-a/1"), "accepted");
  assertEquals(held(world, "hub", "/site-a/1"), "b-client:1 r1 of a");
});
