import type { EncodedValue } from "../../src/wire/message.ts";
import { decodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import { awaitActive, clientOf, recordLinks, startFederation, write } from "./federation_setup.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import type { RouterPlan } from "./sim_router.ts";
import { SimWorld } from "./sim_world.ts";

const LINK = "/clasp/federation/link";

function start(plans: readonly RouterPlan[]): SimWorld {
  const world = startFederation(plans.map((plan) => ({ ...plan, showsLinks: true })));
  world.clock.runFor(100);
  return world;
}

const STAR = [
  { id: "hub" },
  { id: "a", hubs: ["hub"], namespaces: ["/site-a/**", "/more/**"] },
  { id: "b", hubs: ["hub"], namespaces: ["/site-b/**"] },
];

Deno.test("every router shows the state of all leaves, as their hub sees it", () => {
  const world = start(STAR);
  for (const router of ["hub", "a", "b"]) {
    for (const [peer, claims] of [["a", 2], ["b", 1]] as const) {
      const shown = peerAt(world, router, peer);
      assertEquals([shown["state"], shown["hub"], shown["claims"]], ["Active", "hub", claims]);
    }
  }
  // A client is told like of any param.
  const told = clientOf(world, "b").updates.filter((it) => it.address === peerAddress("a"));
  assertGreater(told.length, 0);
});

Deno.test("the loss of a leaf is shown everywhere, with its reason, and so is its return", () => {
  const world = start(STAR);
  const since = Number(peerAt(world, "b", "a")["since"]);
  world.crash("a", 500);
  world.clock.runFor(100);
  const lost = peerAt(world, "b", "a");
  assertEquals([lost["state"], lost["reason"]], ["Disconnected", "Connection reset"]);
  assertGreater(Number(lost["since"]), since);
  world.router("a").start();
  world.clock.runUntil(() => world.router("hub").linkState("a") === "Active", "a to be back");
  world.clock.runFor(100);
  assertEquals(peerAt(world, "b", "a")["state"], "Active");
});

Deno.test("a leaf shows its own uplink, also while that is cut, and tells nobody else", () => {
  const world = start(STAR);
  const up = shownAt(world, "a", LINK);
  assertEquals([up["state"], up["router"], up["hub"]], ["Active", "hub", "ws://hub:7330"]);
  assertEquals(world.router("hub").version(LINK), undefined);
  world.network.stall("a", "hub");
  world.network.stall("hub", "a");
  world.clock.runFor(10_000);
  const cut = shownAt(world, "a", LINK);
  assert(cut["state"] !== "Active", String(cut["state"]));
  assertEquals(cut["reason"], "No answer to 3 heartbeats");
  world.network.heal();
  awaitActive(world);
  world.clock.runFor(100);
  assertEquals(shownAt(world, "a", LINK)["state"], "Active");
  assertEquals(world.router("b").version(LINK)?.origin, "b");
});

Deno.test("a hub that restarts does not go on showing what its earlier life said", () => {
  for (const disk of ["empty", "current"] as const) {
    const world = start(STAR);
    // a is gone while the hub is down; b remembers it as Active, and so may the hub.
    world.crash("a", undefined);
    world.crash("hub", 500, disk);
    assertEquals(peerAt(world, "b", "a")["state"], "Active");
    world.router("hub").start();
    world.clock.runUntil(() => world.router("b").linkState("hub") === "Active", "b to be back");
    world.clock.runFor(5_000);
    for (const router of ["hub", "b"]) {
      assertEquals(peerAt(world, router, "a")["state"], "Disconnected", `${disk} ${router}`);
      assertEquals(peerAt(world, router, "b")["state"], "Active", `${disk} ${router}`);
    }
  }
});

Deno.test("a hub that restarts alone with its memory does not show a leaf that is away", () => {
  const world = start(STAR);
  world.crash("a", undefined);
  world.crash("b", undefined);
  world.crash("hub", undefined, "current");
  world.router("hub").start();
  world.clock.runFor(5_000);
  for (const peer of ["a", "b"]) assertEquals(peerAt(world, "hub", peer)["state"], "Disconnected");
});

Deno.test("a leaf that went to another hub is shown as that one sees it, at all times", () => {
  const world = start([
    { id: "root" },
    { id: "first", hubs: ["root"] },
    { id: "second", hubs: ["root"] },
    { id: "a", hubs: ["first", "second"], namespaces: ["/site-a/**"] },
  ]);
  assertEquals(peerAt(world, "root", "a")["hub"], "first");
  // Its first hub is told much later than its second one.
  for (const connection of world.network.connections("a", "first")) {
    connection.cut({ dialler: 0, acceptor: undefined });
  }
  world.network.stall("a", "first");
  world.clock.runUntil(() => world.router("second").linkState("a") === "Active", "the second hub");
  world.clock.runFor(100);
  const before = clientOf(world, "root").updates.length;
  // Its first hub loses an event for it, and counts that.
  clientOf(world, "first").publish("/site-a/cue");
  world.clock.runFor(30_000);
  for (const router of ["root", "first", "second", "a"]) {
    const { state, hub } = peerAt(world, router, "a");
    assertEquals([state, hub], ["Active", "second"], router);
  }
  const states = clientOf(world, "root").updates.slice(before)
    .filter(({ address }) => address === peerAddress("a"))
    .map(({ value }) => factsOf(value)["state"]);
  // As long as the first one takes its link for open too, both say so.
  assertEquals(states.filter((state) => state !== "Active"), []);
});

Deno.test("links at rest say nothing of themselves", () => {
  const world = start(STAR);
  world.clock.runFor(60_000);
  const frames = recordLinks(world);
  world.clock.runFor(60_000);
  assertEquals(frames.filter(({ message }) => message.type === "SET"), []);
});

Deno.test("what is lost on a link is counted and shown", () => {
  const world = start(STAR);
  world.network.stall("hub", "a");
  world.network.stall("a", "hub");
  // One is on its way when the link breaks, one comes when it is known to be broken.
  clientOf(world, "hub").publish("/site-a/cue");
  world.clock.runFor(10_000);
  clientOf(world, "hub").publish("/site-a/cue");
  world.clock.runFor(20_000);
  const shown = peerAt(world, "hub", "a");
  assertEquals([shown["state"], shown["expired"], shown["unknown"]], ["Disconnected", 1, 1]);
});

Deno.test("nobody but its routers writes what links show", () => {
  const world = start(STAR);
  const answer = write(world, "a", peerAddress("b"));
  assertEquals(answer.kind === "refused" && answer.code, 403);
  assertEquals(peerAt(world, "a", "b")["state"], "Active");
});

Deno.test("a link's round trip is shown within seconds of a change", () => {
  const world = start(STAR);
  for (const [from, to] of [["a", "hub"], ["hub", "a"]] as const) {
    world.network.route(from, to).latencyMicros = 40_000;
  }
  world.clock.runFor(15_000);
  const { rttMs } = peerAt(world, "b", "a");
  assertGreater(Number(rttMs), 70);
  assertLess(Number(rttMs), 100);
});

Deno.test("a reason as long as a frame is shown in short, and ends nobody", () => {
  const world = new SimWorld();
  const hub = ScriptedPeer.hub(world, { id: "hub" });
  world.addRouter({ id: "a", hubs: ["hub"], showsLinks: true }).start();
  world.clock.runUntil(() => hub.received.length > 5, "the handshake");
  hub.send({ type: "ERROR", code: 409, message: "x".repeat(65_000) });
  world.clock.runFor(50);
  const reason = String(shownAt(world, "a", LINK)["reason"]);
  assert(reason.startsWith("409: x") && reason.length < 600, reason.slice(0, 20));
});

Deno.test("what another leaf tells of a link is put right by the hub that has it", () => {
  const world = start(STAR);
  const liar = liarAt(world);
  const tellB = (ms: number, fields: Record<string, string>) =>
    liar.sendVersion({
      kind: "offer",
      address: peerAddress("b"),
      value: { router: "b", hub: "hub", state: "Disconnected", ...fields },
      revision: 1_000,
      timestampMicros: (world.router("hub").host.federation?.timeMicros() ?? 0) + ms * 1_000,
    });
  // Far ahead.
  tellB(3_600_000, {});
  tellB(30_000, {});
  world.clock.runFor(3_000);
  for (const router of ["hub", "a", "b"]) {
    assertEquals(peerAt(world, router, "b")["state"], "Active");
  }
  // Of one that is away: nobody knows the hub where it is said to be, or it is this one.
  world.crash("b", 500);
  world.clock.runFor(31_000);
  for (const [index, hub] of ["nobody", "hub"].entries()) {
    // Each above what the hub had to stamp to put the last one right.
    tellB((2 + index) * 3_600_000, { state: "Active", hub });
    world.clock.runFor(5_000);
    for (const router of ["hub", "a"]) {
      assertEquals(peerAt(world, router, "b")["state"], "Disconnected", `${router} ${hub}`);
    }
  }
});

Deno.test("two hubs that do not know each other do not contradict each other for ever", () => {
  const world = start(STAR);
  const liar = liarAt(world);
  world.crash("b", 500);
  world.clock.runFor(1_000);
  for (let count = 0; count < 6; count++) {
    liar.sendVersion({
      kind: "offer",
      address: peerAddress("b"),
      value: { router: "b", hub: "far", state: "Active" },
      revision: 1_000 + count * 10,
      timestampMicros: (world.router("hub").host.federation?.timeMicros() ?? 0) + 10_000,
    });
    world.clock.runFor(3_000);
  }
  assertEquals(peerAt(world, "a", "b")["hub"], "far");
});

/** A leaf by hand that is registered at the hub. */
function liarAt(world: SimWorld): ScriptedPeer {
  const liar = ScriptedPeer.leafOf("hub", world, { id: "liar", namespaces: [] });
  world.clock.runFor(1_000);
  return liar;
}

function peerAddress(id: string): string {
  return `/clasp/federation/peers/${id}`;
}

function peerAt(world: SimWorld, router: string, peer: string): Record<string, unknown> {
  return shownAt(world, router, peerAddress(peer));
}

function shownAt(world: SimWorld, router: string, address: string): Record<string, unknown> {
  const value = world.router(router).version(address)?.value;
  if (value === undefined) throw new Error(`${router} shows nothing at ${address}`);
  return factsOf(value);
}

function factsOf(value: EncodedValue): Record<string, unknown> {
  const shown = decodeValue(value);
  assert(typeof shown === "object" && shown !== null && !Array.isArray(shown));
  return { ...shown };
}
