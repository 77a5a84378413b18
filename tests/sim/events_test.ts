import { assert, assertEquals } from "../support/assert.ts";
import {
  awaitActive,
  clientOf,
  type LinkFrame,
  recordLinks,
  restart,
  startFederation,
} from "./federation_setup.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { SimWorld } from "./sim_world.ts";
import { PHASE, SIGNAL } from "../../src/wire/message.ts";
import type { PeerCounters } from "../../src/federation/peer_record.ts";
import { star, tree } from "./topology.ts";

const LIFE_MS = 5_000;

function hubWithLeaves(): {
  readonly world: SimWorld;
  readonly x: ScriptedPeer;
  readonly y: ScriptedPeer;
} {
  const world = startFederation([{ id: "hub" }]);
  const x = ScriptedPeer.leafOf("hub", world, { id: "x" });
  const y = ScriptedPeer.leafOf("hub", world, { id: "y" });
  world.clock.runFor(1_000);
  return { world, x, y };
}

function heard(world: SimWorld): readonly string[] {
  return clientOf(world, "hub").events.map(({ id }) => id);
}

Deno.test("an event reaches all others, and does not go back on the link it came by", () => {
  const { world, x, y } = hubWithLeaves();
  // Its origin is behind x, so that only the link keeps it from going back.
  const entry = { sequence: 1, remainingLifeMs: LIFE_MS, ageMs: 0 };
  x.sendEvent({ address: "/cue", id: "go", origin: "below-x", entry });
  world.clock.runFor(100);
  assertEquals(heard(world), ["go"]);
  assertEquals(y.forwarded("event").length, 1);
  assertEquals(x.forwarded("event").length, 0);
});

Deno.test("an event does not go to the router it is from", () => {
  const { world, x, y } = hubWithLeaves();
  y.sendEvent({
    address: "/cue",
    id: "go",
    origin: "x",
    entry: { sequence: 1, remainingLifeMs: LIFE_MS, ageMs: 0 },
  });
  world.clock.runFor(100);
  assertEquals(heard(world), ["go"]);
  assertEquals(x.forwarded("event").length, 0);
});

Deno.test("an event of the router itself that comes round is dropped", () => {
  const { world, x, y } = hubWithLeaves();
  x.sendEvent({
    address: "/cue",
    id: "go",
    origin: "hub",
    entry: { sequence: 77, remainingLifeMs: LIFE_MS, ageMs: 0 },
  });
  world.clock.runFor(100);
  assertEquals(heard(world), []);
  assertEquals(y.forwarded("event").length, 0);
});

Deno.test("an event that comes by two ways is delivered once", () => {
  const { world, x, y } = hubWithLeaves();
  const event = { address: "/cue", origin: "far", bootId: 5 };
  const entry = { sequence: 1, remainingLifeMs: LIFE_MS, ageMs: 0 };
  x.sendEvent({ ...event, id: "go", entry });
  y.sendEvent({ ...event, id: "go", entry });
  world.clock.runFor(3_000);
  y.sendEvent({ ...event, id: "go", entry });
  world.clock.runFor(100);
  assertEquals(heard(world), ["go"]);
  assertEquals(y.forwarded("event").length, 1);
});

Deno.test("an event of a new process is not taken for one of the old", () => {
  const { world, x } = hubWithLeaves();
  const entry = { sequence: 1, remainingLifeMs: LIFE_MS, ageMs: 0 };
  x.sendEvent({ address: "/cue", id: "old", bootId: 1, entry });
  x.sendEvent({ address: "/cue", id: "new", bootId: 2, entry });
  world.clock.runFor(100);
  assertEquals(heard(world), ["old", "new"]);
});

Deno.test("an event past its life is delivered to nobody", () => {
  const { world, x, y } = hubWithLeaves();
  x.sendEvent({
    address: "/cue",
    id: "late",
    entry: { sequence: 1, remainingLifeMs: 0, ageMs: 0 },
  });
  world.clock.runFor(100);
  assertEquals(heard(world), []);
  assertEquals(y.forwarded("event").length, 0);
});

Deno.test("an event crosses each link of a tree once, and reaches every client but its own", () => {
  const world = startFederation(tree());
  const frames = recordLinks(world);
  const id = clientOf(world, "a").publish("/cue");
  world.clock.runFor(100);
  const passed = frames.flatMap(({ from, to, context }) =>
    context === undefined ? [] : [`${context.message.kind} ${from} > ${to}`]
  );
  assertEquals(passed.sort(), [
    "event a > mid",
    "event hub > c",
    "event mid > b",
    "event mid > hub",
  ]);
  for (const router of ["hub", "mid", "b", "c"]) {
    assertEquals(clientOf(world, router).events.map((event) => event.id), [id], router);
  }
  assertEquals(clientOf(world, "a").events, []);
});

Deno.test("a router with narrow imports hears what others publish in its own namespace", () => {
  const world = startFederation([
    { id: "hub" },
    { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"], imports: ["/shared/**"] },
  ]);
  // No client asks for it: it is followed because the router answers for it.
  clientOf(world, "a").disconnect();
  world.clock.runFor(40_000);
  const frames = recordLinks(world);
  clientOf(world, "hub").publish("/site-a/cue");
  clientOf(world, "hub").publish("/nobodys/cue");
  world.clock.runFor(100);
  const heard = frames.flatMap(({ message }) =>
    message.type === "PUBLISH" ? [message.address] : []
  );
  assertEquals(heard, ["/site-a/cue"]);
});

function countersOf(world: SimWorld, router: string, peer: string): PeerCounters | undefined {
  return world.router(router).host.federation?.records.get(peer)?.counters;
}

function lostAt(world: SimWorld, router: string, peer: string): readonly number[] {
  const { expired, unknown, dropped } = countersOf(world, router, peer) ?? {};
  return [expired ?? -1, unknown ?? -1, dropped ?? -1];
}

function idsOf(world: SimWorld, router: string): readonly string[] {
  return clientOf(world, router).events.map(({ id }) => id);
}

function eventsOn(frames: readonly LinkFrame[], from: string, to: string): number {
  return frames.filter((frame) =>
    frame.from === from && frame.to === to && frame.context?.message.kind === "event"
  ).length;
}

/** Breaks the link of leaf `a`: the hub is told at once, the leaf after a time. */
function breakLink(world: SimWorld, leafToldMs: number): void {
  const [connection] = world.network.connections("hub", "a");
  connection?.cut({ dialler: leafToldMs * 1_000, acceptor: 0 });
  world.clock.runFor(1);
}

Deno.test("events of a link that is down for 2 s arrive once, in order, before newer ones", () => {
  const world = startFederation(star(2));
  breakLink(world, 2_000);
  // The hub knows that the link is down; the leaf does not yet, and sends.
  const down = [clientOf(world, "hub").publish("/cue/1"), clientOf(world, "b").publish("/cue/2")];
  const up = [clientOf(world, "a").publish("/cue/3"), clientOf(world, "a").publish("/cue/4")];
  world.clock.runFor(1_000);
  assertEquals([idsOf(world, "a"), idsOf(world, "b")], [[], [down[0]]]);
  world.clock.runUntil(
    () => world.router("hub").linkState("a") === "Handshaking",
    "the leaf to come back",
  );
  down.push(clientOf(world, "hub").publish("/cue/5"));
  up.push(clientOf(world, "a").publish("/cue/6"));
  awaitActive(world);
  down.push(clientOf(world, "hub").publish("/cue/7"));
  up.push(clientOf(world, "a").publish("/cue/8"));
  world.clock.runFor(1_000);
  assertEquals(idsOf(world, "a"), down);
  assertEquals(idsOf(world, "hub").filter((id) => id.startsWith("a-")), up);
  assertEquals(lostAt(world, "hub", "a"), [0, 0, 0]);
  assertEquals(lostAt(world, "a", "hub"), [0, 0, 0]);
});

Deno.test("an event that a link is down for longer than its life is counted and never delivered", () => {
  const world = startFederation(star(1));
  const lost: string[] = [];
  world.watch([{
    name: "lost",
    linkEvent: (router, event) => {
      if (event.type !== "eventLost") return;
      lost.push(`${router}: ${event.address} of ${event.origin} to ${event.routerId} ${event.why}`);
    },
  }]);
  breakLink(world, 7_000);
  clientOf(world, "hub").publish("/cue/1");
  clientOf(world, "a").publish("/cue/2");
  world.clock.runFor(3_500);
  const inTime = clientOf(world, "hub").publish("/cue/3");
  world.clock.runFor(1_000);
  assertEquals(lost, []);
  world.clock.runFor(2_000);
  assertEquals(lost, ["hub: /cue/1 of hub to a expired", "a: /cue/2 of a to hub unknown"]);
  awaitActive(world);
  world.clock.runFor(10_000);
  assertEquals(idsOf(world, "a"), [inTime]);
  assertEquals(idsOf(world, "hub"), []);
  assertEquals(lostAt(world, "hub", "a"), [1, 0, 0]);
  assertEquals(lostAt(world, "a", "hub"), [0, 1, 0]);
});

Deno.test("an event whose acknowledgement is lost is repeated, and not delivered twice", () => {
  const world = startFederation(star(2));
  const frames = recordLinks(world);
  const id = clientOf(world, "a").publish("/cue");
  world.clock.runFor(10);
  assertEquals(idsOf(world, "b"), [id]);
  breakLink(world, 0);
  awaitActive(world);
  world.clock.runFor(1_000);
  assertEquals(eventsOn(frames, "a", "hub"), 2);
  assertEquals(eventsOn(frames, "hub", "b"), 1);
  assertEquals([idsOf(world, "hub"), idsOf(world, "b")], [[id], [id]]);
  // The second one was acknowledged.
  breakLink(world, 0);
  awaitActive(world);
  assertEquals(eventsOn(frames, "a", "hub"), 2);
});

Deno.test("an idle link carries no acknowledgement", () => {
  const world = startFederation(star(2));
  clientOf(world, "a").publish("/cue");
  world.clock.runFor(1_000);
  const frames = recordLinks(world);
  world.clock.runFor(20_000);
  const acks = frames.filter(({ message }) =>
    message.type === "FEDERATION_SYNC" && message.op === "LinkAck"
  );
  assertEquals(acks, []);
});

Deno.test("an event that a hub got before it crashed is unknown, and not repeated to its successor", () => {
  const world = startFederation(star(2));
  const frames = recordLinks(world);
  const before = clientOf(world, "a").publish("/cue/1");
  world.clock.runFor(10);
  restart(world, "hub");
  awaitActive(world);
  world.clock.runFor(10_000);
  assertEquals(eventsOn(frames, "a", "hub"), 1);
  assertEquals(idsOf(world, "b"), [before]);
  assertEquals(lostAt(world, "a", "hub"), [0, 1, 0]);
});

Deno.test("what leaves publish while the hub is down goes to its successor", () => {
  const world = startFederation(star(2));
  world.crash("hub", 500);
  world.clock.runFor(500);
  const id = clientOf(world, "a").publish("/cue");
  world.clock.runFor(1_000);
  world.router("hub").start();
  awaitActive(world);
  world.clock.runFor(500);
  assertEquals(idsOf(world, "hub"), [id]);
  assertEquals(lostAt(world, "a", "hub"), [0, 0, 0]);
});

Deno.test("what a leaf's clients publish before its first connection waits for it", () => {
  const world = new SimWorld();
  for (const plan of star(1)) {
    world.addRouter(plan);
    world.addClient({ name: `${plan.id}-client`, router: plan.id, subscriptions: ["/**"] });
  }
  world.router("a").start();
  clientOf(world, "a").connect();
  world.clock.runFor(1_000);
  const id = clientOf(world, "a").publish("/cue");
  world.router("hub").start();
  clientOf(world, "hub").connect();
  awaitActive(world);
  assertEquals(idsOf(world, "hub"), [id]);
});

for (const stallMs of [5_500, 8_500]) {
  Deno.test(`an event that a network stall of ${stallMs} ms held up is not delivered late`, () => {
    const world = startFederation(star(2));
    // Both ends have measured each other.
    world.clock.runFor(5_000);
    world.network.stall("a", "hub");
    clientOf(world, "a").publish("/cue/1");
    world.clock.runFor(stallMs - 1_000);
    const inTime = clientOf(world, "a").publish("/cue/2");
    world.clock.runFor(1_000);
    world.network.resume("a", "hub");
    world.clock.runFor(5_000);
    assertEquals([idsOf(world, "hub"), idsOf(world, "b")], [[inTime], [inTime]]);
    const [expiredAtHub = 0] = lostAt(world, "hub", "a");
    const [, unknownAtLeaf = 0] = lostAt(world, "a", "hub");
    assert(expiredAtHub + unknownAtLeaf > 0, "told by one of the two");
  });
}

Deno.test("a write request that a stall held up past its life is not applied", () => {
  const world = startFederation(star(1));
  world.clock.runFor(5_000);
  world.network.stall("hub", "a");
  clientOf(world, "hub").set("/site-a/1");
  world.clock.runFor(5_500);
  world.network.resume("hub", "a");
  world.clock.runFor(5_000);
  assertEquals(world.router("a").version("/site-a/1"), undefined);
});

Deno.test("events of a long life survive a long cut, and are not delivered twice after it", () => {
  const core = { eventTtlMs: 30_000 };
  const world = startFederation(star(2).map((plan) => ({ ...plan, core })));
  const sent = clientOf(world, "a").publish("/cue/1");
  world.clock.runFor(10);
  breakLink(world, 15_000);
  const waiting = clientOf(world, "hub").publish("/cue/2");
  world.clock.runFor(16_000);
  awaitActive(world);
  assertEquals(idsOf(world, "a"), [waiting]);
  assertEquals(idsOf(world, "b"), [sent, waiting]);
});

Deno.test("streams and gesture moves are not kept for a lost link, the start and end of a gesture are", () => {
  const world = startFederation(star(1));
  breakLink(world, 1_000);
  const hub = clientOf(world, "hub");
  const phases = [PHASE.start, PHASE.move, PHASE.end];
  hub.publish("/stream", { signal: SIGNAL.stream });
  for (const phase of phases) hub.publish("/gesture", { signal: SIGNAL.gesture, phase });
  hub.publish("/timeline", { signal: SIGNAL.timeline });
  world.clock.runFor(2_000);
  awaitActive(world);
  for (const phase of phases) hub.publish("/gesture", { signal: SIGNAL.gesture, phase });
  hub.publish("/stream", { signal: SIGNAL.stream });
  world.clock.runFor(100);
  const told = clientOf(world, "a").messages.flatMap((message) =>
    message.type === "PUBLISH" ? [`${message.address} ${message.phase}`] : []
  );
  assertEquals(told, [
    "/gesture 0",
    "/gesture 2",
    "/timeline 0",
    "/gesture 0",
    "/gesture 1",
    "/gesture 2",
    "/stream 0",
  ]);
});

Deno.test("an event that came from a leaf does not go back to it after its link was lost", () => {
  const world = startFederation([...tree()]);
  const id = clientOf(world, "a").publish("/cue");
  world.clock.runFor(10);
  const [connection] = world.network.connections("mid", "a");
  connection?.cut({ dialler: 0, acceptor: 0 });
  const frames = recordLinks(world);
  awaitActive(world);
  world.clock.runFor(1_000);
  assertEquals(eventsOn(frames, "mid", "a"), 0);
  assertEquals(idsOf(world, "a"), []);
  assertEquals(idsOf(world, "c"), [id]);
});

Deno.test("a gesture's moves are conflated before they reach a link, and its end comes last", () => {
  const world = startFederation(star(2));
  const frames = recordLinks(world);
  const pad = clientOf(world, "a");
  pad.publish("/pad", { signal: SIGNAL.gesture, phase: PHASE.start });
  const moves: string[] = [];
  for (let n = 0; n < 50; n++) {
    moves.push(pad.publish("/pad", { signal: SIGNAL.gesture, phase: PHASE.move }));
    world.clock.runFor(1);
  }
  pad.publish("/pad", { signal: SIGNAL.gesture, phase: PHASE.end });
  world.clock.runFor(1_000);
  const toldB = clientOf(world, "b").messages.flatMap((message) =>
    message.type === "PUBLISH" && message.address === "/pad" ? [message] : []
  );
  const [start, ...rest] = toldB;
  const end = rest.pop();
  assertEquals([start?.phase, end?.phase], [PHASE.start, PHASE.end]);
  assertEquals(new Set(rest.map(({ phase }) => phase)), new Set([PHASE.move]));
  assert(rest.length >= 4 && rest.length <= 5, `${rest.length} moves`);
  const last = rest.at(-1);
  assertEquals(last && pad.idOf(last), moves.at(-1));
  const crossed = frames.filter(({ to, message }) =>
    to === "hub" && message.type === "PUBLISH" && message.phase === PHASE.move
  );
  assertEquals(crossed.length, rest.length);
});
