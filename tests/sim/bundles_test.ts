import type { Message } from "../../src/wire/message.ts";
import { SIGNAL } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLess, assertStringIncludes } from "../support/assert.ts";
import type { Checker, Stamp } from "./checker.ts";
import { clientOf, held, recordLinks, restart, write } from "./federation_setup.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { type SimRouter, START_WALL_MICROS } from "./sim_router.ts";
import { SimWorld } from "./sim_world.ts";
import { star, type Topology, tree } from "./topology.ts";

interface TimedStamp extends Stamp {
  readonly atMicros: number;
}

Deno.test("a cue of three owners runs at one moment at all of them, over slow links and wrong clocks", () => {
  for (const jitterMs of [0, 30]) {
    const { world, stamps } = startSkewed(jitterMs);
    const client = clientOf(world, "a");
    const atMicros = timeOf(world, "a") + 500_000;
    client.bundle([set("/site-a/1"), set("/site-b/1"), set("/hub/1"), set("/site-b/2")], atMicros);
    world.clock.runFor(480);
    assertEquals(stamps, []);
    world.clock.runFor(1_000);
    assertEquals(answers(world, "a").map(({ type }) => type), ["ACK"]);
    assertEquals(stamps.map(({ address }) => address).sort(), [
      "/hub/1",
      "/site-a/1",
      "/site-b/1",
      "/site-b/2",
    ]);
    const times = stamps.map(({ atMicros }) => atMicros);
    const spreadMs = (Math.max(...times) - Math.min(...times)) / 1_000;
    console.log(`cue spread ${spreadMs.toFixed(3)} ms, with ${jitterMs} ms of jitter`);
    assertLess(spreadMs, 5 + jitterMs);
    for (const { address } of stamps) {
      for (const router of ["a", "b"]) {
        assertEquals(held(world, router, address), held(world, "hub", address), address);
      }
    }
  }
});

Deno.test("a bundle of three owners is acknowledged when all have done their shares", () => {
  for (const topology of [star(2), tree()]) {
    const { world, stamps } = start(topology);
    const client = clientOf(world, "a");
    const messages = recordLinks(world);
    client.bundle([set("/site-a/1"), set("/site-b/1"), set("/hub/1"), set("/site-b/1")]);
    client.get("/site-b/1");
    world.clock.runFor(200);
    assertEquals(answers(world, "a"), [{ ...ACK, revision: 2 }]);
    assertEquals(stamps.map(({ router }) => router).sort(), ["a", "b", "b", "hub"]);
    const got = client.messages.findLast(({ type }) => type === "SNAPSHOT");
    assertEquals(got?.type === "SNAPSHOT" && got.params[0]?.revision, 2, "it reads its own writes");
    for (const { context } of messages) assert(context?.message.kind !== "request");
    for (const { address } of stamps) {
      assertEquals(held(world, "a", address), held(world, "b", address));
    }
  }
});

Deno.test("all versions of a share go out in one message, with ascending stamps", () => {
  const { world } = start(star(2));
  const frames: string[][] = [];
  world.network.observe(({ from, to, frames: read }) => {
    if (from !== "b" || to !== "hub") return;
    const sets = read().filter(({ message }) => message.type === "SET");
    if (sets.length > 0) frames.push(sets.map(({ timestampMicros }) => String(timestampMicros)));
  });
  const parts = ["1", "2", "3", "1"].map((name) => set(`/site-b/${name}`));
  clientOf(world, "a").bundle(parts);
  world.clock.runFor(100);
  assertEquals(frames.map(({ length }) => length), [4]);
  assertEquals(frames[0], [...frames[0] ?? []].sort());
});

Deno.test("a bundle is refused as a whole when its owner refuses anything of it", () => {
  const { world, stamps } = start(star(2));
  clientOf(world, "a").bundle([set("/site-b/1"), set("/site-b/2", { revision: 7 })]);
  world.clock.runFor(100);
  const [error] = answers(world, "a");
  assert(error?.type === "ERROR");
  assertEquals([error.code, error.address], [400, "/site-b/2"]);
  assertEquals(stamps, []);
});

Deno.test("what one owner refuses the others have done, and the ERROR says so", () => {
  const { world, stamps } = start(star(2));
  write(world, "b", "/site-b/1", { lock: true });
  stamps.length = 0;
  clientOf(world, "a").bundle([set("/site-b/1"), set("/hub/1"), set("/site-a/1")]);
  world.clock.runFor(100);
  const [error, ...more] = answers(world, "a");
  assert(error?.type === "ERROR");
  assertEquals([error.code, error.address, more.length], [401, "/site-b/1", 0]);
  assertStringIncludes(error.message, 'the share of router "b" ("/site-b/1"): Cannot set');
  assertStringIncludes(
    error.message,
    'the others were done: the share of router "a" ("/site-a/1")',
  );
  assertEquals(stamps.map(({ address }) => address).sort(), ["/hub/1", "/site-a/1"]);
});

Deno.test("when one owner refuses a share for later, the others take theirs back", () => {
  for (const topology of [star(2), tree()]) {
    const { world, stamps } = start(topology);
    // Its own value would fit, and its owner keeps no more.
    world.router("b").host.core.bundles.take = (_share, { answered }) => {
      answered({ kind: "refused", refusal: { code: 503, message: "No room here" } });
      return () => {};
    };
    const atMicros = timeOf(world, "a") + 300_000;
    clientOf(world, "a").bundle([set("/site-a/1"), set("/hub/1"), set("/site-b/1")], atMicros);
    world.clock.runFor(2_000);
    const [error, ...more] = answers(world, "a");
    assert(error?.type === "ERROR");
    assertEquals([error.code, more.length], [503, 0]);
    assertStringIncludes(error.message, 'the share of router "b" ("/site-b/1"): No room here');
    assertStringIncludes(error.message, "taken back");
    assertEquals(stamps, []);
    for (const { host } of world.routers.values()) {
      assertEquals([host.core.bundles.waiting, host.federation?.shares.sent], [0, 0]);
    }
  }
});

Deno.test("a share that comes too late runs at once, and the sender is told before the ACK", () => {
  const { world, stamps } = start(star(2));
  world.network.route("hub", "b").latencyMicros = 300_000;
  const atMicros = timeOf(world, "a") + 100_000;
  clientOf(world, "a").bundle([set("/site-a/1"), set("/site-b/1")], atMicros);
  world.clock.runFor(1_000);
  const [error, ack, ...more] = answers(world, "a");
  assert(error?.type === "ERROR");
  assertEquals([error.code, error.address], [408, "/site-b/1"]);
  assertStringIncludes(error.message, 'the share of router "b" ("/site-b/1"): It was done 201 ms');
  assertEquals([ack?.type, more.length], ["ACK", 0]);
  assertEquals(stamps.map(({ atMicros: at }) => at - (atMicros - START_WALL_MICROS)), [
    0,
    201_000,
  ]);
});

Deno.test("a share that waits runs in time though its link is cut, and its sender is gone", () => {
  const { world, stamps } = start(tree());
  const atMicros = timeOf(world, "a") + 2_000_000;
  clientOf(world, "a").bundle([set("/site-a/1"), set("/site-c/1")], atMicros);
  world.clock.runFor(100);
  assertEquals(answers(world, "a").map(({ type }) => type), ["ACK"]);
  clientOf(world, "a").disconnect();
  for (const [from, to] of [["a", "mid"], ["mid", "a"], ["c", "hub"], ["hub", "c"]] as const) {
    world.network.stall(from, to);
  }
  world.clock.runFor(3_000);
  const times = stamps.map(({ atMicros: at }) => at + START_WALL_MICROS - atMicros);
  assertEquals(stamps.map(({ router }) => router).sort(), ["a", "c"]);
  for (const time of times) assertLess(Math.abs(time), 1_000);
});

Deno.test("a link that is cut before the owner answered makes the outcome unknown; others are taken back", () => {
  const { world, stamps } = start(star(2));
  world.network.stall("b", "hub");
  const atMicros = timeOf(world, "a") + 20_000_000;
  clientOf(world, "a").bundle([set("/site-a/1"), set("/hub/1"), set("/site-b/1")], atMicros);
  world.clock.runFor(6_000);
  const [error] = answers(world, "a");
  assert(error?.type === "ERROR");
  assertEquals(error.code, 502);
  assertStringIncludes(error.message, 'the share of router "b" ("/site-b/1"): Outcome unknown');
  world.clock.runFor(16_000);
  assertEquals(
    stamps.map(({ address }) => address),
    ["/site-b/1"],
    "b had it, and knows no better",
  );
});

Deno.test("an owner that starts anew has forgotten what waited, and the sender is told", () => {
  const { world, stamps } = start(star(2));
  const atMicros = timeOf(world, "a") + 20_000_000;
  clientOf(world, "a").bundle([set("/site-a/1"), set("/site-b/1")], atMicros);
  world.clock.runFor(1_000);
  restart(world, "b");
  world.clock.runFor(10_000);
  const [ack, error] = answers(world, "a");
  assert(ack?.type === "ACK" && error?.type === "ERROR");
  assertEquals(error.code, 502);
  assertStringIncludes(error.message, 'router "b" started anew');
  world.clock.runFor(20_000);
  assertEquals(stamps.map(({ address }) => address), ["/site-a/1"]);
});

Deno.test("what stands in the way at its time is told to the sender, through all routers between", () => {
  const { world, stamps } = start(tree());
  const atMicros = timeOf(world, "a") + 1_000_000;
  const parts = [set("/site-a/1"), set("/site-c/1"), set("/site-c/2")];
  clientOf(world, "a").bundle(parts, atMicros);
  world.clock.runFor(100);
  write(world, "c", "/site-c/2", { lock: true });
  stamps.length = 0;
  world.clock.runFor(1_500);
  const [ack, error, ...more] = answers(world, "a");
  assert(ack?.type === "ACK" && error?.type === "ERROR");
  assertEquals([error.code, error.address, more.length], [401, "/site-c/2", 0]);
  assertStringIncludes(error.message, `Bundle scheduled for ${atMicros}: the share of router "c"`);
  assertEquals(stamps.map(({ address }) => address), ["/site-a/1"]);
});

Deno.test("a bundle for later follows the time when it steps, at every router", () => {
  const { world, stamps } = start(star(2), { hub: -5 * HOUR_MICROS });
  const atMicros = timeOf(world, "a") + 600_000_000;
  clientOf(world, "a").bundle([set("/site-a/1"), set("/hub/1"), set("/site-b/1")], atMicros);
  world.clock.runFor(1_000);
  assertEquals(answers(world, "a").map(({ type }) => type), ["ACK"]);
  const witness = ScriptedPeer.leafOf("hub", world, { id: "witness" });
  world.clock.runUntil(() => witness.peer !== undefined, "the root to hear of the right time");
  world.clock.runFor(500);
  assertEquals(stamps.length, 3);
  const errors = answers(world, "a").slice(1);
  assertEquals(errors.map((error) => error.type === "ERROR" && error.code), [408, 408, 408]);
  // By the new time, ten minutes ahead is to come yet.
  const later = timeOf(world, "a") + 600_000_000;
  clientOf(world, "a").bundle([set("/site-b/2")], later);
  world.clock.runFor(599_000);
  assertEquals(stamps.length, 3);
  world.clock.runFor(1_100);
  assertEquals(stamps.length, 4);
});

Deno.test("a bundle locks what another site owns, writes it, and gives it back", () => {
  const { world } = start(star(2));
  const client = clientOf(world, "a");
  client.bundle([set("/site-b/1", { lock: true }), set("/site-b/1"), set("/site-b/2")]);
  world.clock.runFor(100);
  const { locks } = world.router("b").host.core;
  assertEquals(locks.holder("/site-b/1"), `a/${client.sessionId}`);
  assertEquals(world.router("a").holdsLock("/site-b/1", client.sessionId ?? ""), true);
  world.clock.runFor(30_000);
  assertEquals(locks.holder("/site-b/1"), `a/${client.sessionId}`, "it is renewed");
  client.bundle([set("/site-b/1"), set("/site-b/1", { unlock: true })]);
  world.clock.runFor(100);
  assertEquals([locks.holder("/site-b/1"), answers(world, "a").length], [undefined, 2]);
});

Deno.test("a session that ends while its bundle is on its way leaves no lock behind", () => {
  const { world } = start(star(2));
  clientOf(world, "a").bundle([set("/site-b/1", { lock: true })]);
  world.clock.runFor(0.8);
  clientOf(world, "a").disconnect();
  world.clock.runFor(20);
  assertEquals(held(world, "b", "/site-b/1"), "x r1 of b");
  assertEquals(world.router("b").host.core.locks.holder("/site-b/1"), undefined);
});

Deno.test("a bundle for later locks nothing at another site", () => {
  const { world } = start(star(2));
  const atMicros = timeOf(world, "a") + 1_000_000;
  clientOf(world, "a").bundle([set("/site-a/1"), set("/site-b/1", { lock: true })], atMicros);
  world.clock.runFor(2_000);
  const [error] = answers(world, "a");
  assert(error?.type === "ERROR");
  assertEquals([error.code, error.address], [501, "/site-b/1"]);
  assertEquals(held(world, "a", "/site-a/1"), "nothing");
});

for (const offlineWrites of ["accept", "reject"] as const) {
  Deno.test(`a bundle for a site that is away, where offline writes are to ${offlineWrites}`, () => {
    const { world, stamps } = start(star(2).map((plan) => ({ ...plan, offlineWrites })));
    world.crash("b", 100);
    world.clock.runFor(200);
    const parts = [set("/site-a/1"), set("/hub/1"), set("/site-b/1")];
    for (const router of ["hub", "a"]) {
      stamps.length = 0;
      clientOf(world, router).bundle(parts);
      clientOf(world, router).bundle(parts, timeOf(world, router) + 1_000_000);
      world.clock.runFor(2_000);
      const [first, second] = answers(world, router);
      if (offlineWrites === "accept") {
        assertEquals([first?.type, second?.type], ["ACK", "ACK"]);
        assertEquals(stamps.filter(({ router: id }) => id === "hub").length, 4);
      } else {
        assert(first?.type === "ERROR" && second?.type === "ERROR");
        assertEquals([first.code, second.code, stamps.length], [501, 501, 0], router);
      }
    }
  });
}

Deno.test("an event in a bundle is published by the owner of its address, at its time", () => {
  const { world } = start(star(2));
  const event: Message = {
    type: "PUBLISH",
    address: "/site-b/go",
    signal: SIGNAL.event,
    phase: 0,
    value: encodeValue("go"),
  };
  const atMicros = timeOf(world, "a") + 500_000;
  clientOf(world, "a").bundle([set("/site-a/1"), event], atMicros);
  world.clock.runFor(1_000);
  assertEquals(answers(world, "a").map(({ type }) => type), ["ACK"]);
  for (const router of ["a", "b", "hub"]) {
    const { events } = clientOf(world, router);
    assertEquals(events.map(({ id }) => id), ["go"], router);
    const lateMicros = (events[0]?.atMicros ?? 0) + START_WALL_MICROS - atMicros;
    assert(lateMicros >= 0 && lateMicros < 3_000, `${router} ${lateMicros}`);
  }
});

Deno.test("a bundle of events only, for now, goes out at its sender's router as it is", () => {
  const { world } = start(star(2));
  const event = { type: "PUBLISH", address: "/site-b/go", signal: SIGNAL.event, phase: 0 } as const;
  clientOf(world, "a").bundle([{ ...event, value: encodeValue("go") }]);
  world.clock.runFor(100);
  assertEquals(answers(world, "a").map(({ type }) => type), ["ACK"]);
  assertEquals(clientOf(world, "a").events.length, 0, "not to its sender");
  assertEquals(clientOf(world, "b").events.length, 1);
});

Deno.test("a share whose addresses have another owner by its time is not done, and the sender is told", () => {
  const { world, stamps } = start([
    ...star(1),
    { id: "late", hubs: ["hub"], namespaces: ["/nobodys/**"], joinsLate: true },
  ]);
  const atMicros = timeOf(world, "a") + 5_000_000;
  clientOf(world, "a").bundle([set("/site-a/1"), set("/nobodys/1")], atMicros);
  world.clock.runFor(100);
  world.router("late").start();
  world.clock.runFor(6_000);
  const [ack, error] = answers(world, "a");
  assert(ack?.type === "ACK" && error?.type === "ERROR");
  assertEquals([error.code, error.address], [501, "/nobodys/1"]);
  assertStringIncludes(error.message, "its owner changed");
  assertEquals(stamps.map(({ address }) => address), ["/site-a/1"]);
});

const HOUR_MICROS = 3_600_000_000;
const ACK = {
  type: "ACK",
  address: undefined,
  revision: undefined,
  locked: undefined,
  holder: undefined,
  correlationId: undefined,
} as const;

/** A and B far from the hub, each with a clock that is wrong by ten seconds. */
function startSkewed(jitterMs: number) {
  const delaysMs = { a: 80, b: 150 } as const;
  return start(star(2), { a: 10_000_000, b: -10_000_000 }, (world) => {
    for (const [leaf, delayMs] of Object.entries(delaysMs)) {
      for (const route of [world.network.route(leaf, "hub"), world.network.route("hub", leaf)]) {
        route.latencyMicros = delayMs * 1_000;
        route.jitterMicros = jitterMs * 1_000;
      }
    }
  });
}

/** Starts routers with a client each, and keeps what they stamp. */
function start(
  topology: Topology,
  clockOffsets: Readonly<Record<string, number>> = {},
  prepare: (world: SimWorld) => void = () => {},
): { readonly world: SimWorld; readonly stamps: TimedStamp[] } {
  const world = new SimWorld();
  const stamps: TimedStamp[] = [];
  const watcher: Checker = {
    name: "stamps seen",
    stamped: (stamp) => stamps.push({ ...stamp, atMicros: world.clock.nowMicros }),
  };
  world.watch([watcher]);
  prepare(world);
  for (const plan of topology) {
    const router = world.addRouter(plan);
    router.clockOffsetMicros = clockOffsets[plan.id] ?? 0;
    if (plan.joinsLate) continue;
    router.start();
    const client = { name: `${plan.id}-client`, router: plan.id, subscriptions: ["/**"] };
    world.addClient(client).connect();
  }
  const isUp = ({ plan: { id, hubs: [hub] = [] }, isUp }: SimRouter) =>
    !isUp || hub === undefined ||
    (world.router(id).linkState(hub) === "Active" && world.router(hub).linkState(id) === "Active");
  world.clock.runUntil(
    () =>
      [...world.routers.values()].every(isUp) &&
      [...world.clients.values()].every(({ isConnected }) => isConnected),
    "all links to be Active",
  );
  // What was begun by then; and a few heartbeats, for the clocks.
  world.clock.runFor(5_000);
  return { world, stamps };
}

/** ACKs and ERRORs that the client of a router got, in order. */
function answers(world: SimWorld, router: string): Message[] {
  return clientOf(world, router).messages.filter(({ type }) => type === "ACK" || type === "ERROR")
    .filter((message) => message.type !== "ERROR" || message.code !== 201);
}

function set(
  address: string,
  options: { readonly revision?: number; readonly lock?: boolean; readonly unlock?: boolean } = {},
): Message {
  return { type: "SET", address, value: encodeValue("x"), ...options };
}

function timeOf(world: SimWorld, router: string): number {
  return world.router(router).timeMicros;
}
