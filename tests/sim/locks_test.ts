import { LEASE_LIFE_MS, LEASE_RENEWAL_MS } from "../../src/limits.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import {
  awaitActive,
  clientOf,
  held,
  restart,
  startFederation,
  write,
} from "./federation_setup.ts";
import type { SimWorld } from "./sim_world.ts";
import { star, tree } from "./topology.ts";

/** Of site B; the client that locks it is at site A. */
const ADDRESS = "/site-b/1";
const BOTH_WAYS = [["a", "hub"], ["hub", "a"]] as const;

Deno.test("a client locks what another site owns: nobody else writes it, wherever, until it unlocks", () => {
  const world = startFederation(star(2));
  const holder = `a/${clientOf(world, "a").sessionId}`;
  assertEquals(lock(world, "a"), holder);
  assertEquals(holderAt(world, "b"), holder);
  const another = world.addClient({ name: "another", router: "a" });
  another.connect();
  world.clock.runFor(100);
  const refused = another.set(ADDRESS);
  world.clock.runFor(100);
  assertEquals(refused.answers.map(codeOf), [401]);
  for (const router of ["hub", "b"]) {
    for (const flags of [{}, { lock: true }, { unlock: true }]) {
      assertEquals(codeOf(write(world, router, ADDRESS, flags)), 401, router);
    }
  }
  const message = clientOf(world, "hub").messages.findLast(({ type }) => type === "ERROR");
  assert(message?.type === "ERROR");
  assertEquals(message.message, `Cannot set "${ADDRESS}": it is locked by ${holder}`);
  assertEquals(lockedIn(write(world, "a", ADDRESS)), holder, "its own writes go on");
  assertEquals(held(world, "hub", ADDRESS), "a-client:2 r2 of b");
  assertEquals(lockedIn(write(world, "a", ADDRESS, { unlock: true })), undefined);
  assertEquals(write(world, "hub", ADDRESS).kind, "accepted");
});

Deno.test("a lock is held for as long as its session lives, and costs a message each way every 3 s", () => {
  const world = startFederation(star(2));
  lock(world, "a");
  const messages: string[] = [];
  world.network.observe(({ from, to, bytes }) => {
    if (bytes[4] === 0x04 && bytes[5] === 0x08) messages.push(`${from} > ${to}`);
  });
  world.clock.runFor(10 * LEASE_RENEWAL_MS);
  assertEquals(messages.length, 10 * 4);
  assertEquals(messages.slice(0, 4), ["a > hub", "hub > b", "b > hub", "hub > a"]);
  assertEquals(codeOf(write(world, "b", ADDRESS)), 401);
  assertEquals(write(world, "a", ADDRESS, { unlock: true }).kind, "accepted");
  messages.length = 0;
  world.clock.runFor(2 * LEASE_RENEWAL_MS);
  assertEquals(messages, [], "nothing is renewed that nobody holds");
});

Deno.test("a session's end gives its locks back at once", () => {
  const world = startFederation(tree());
  lock(world, "c");
  clientOf(world, "c").disconnect();
  world.clock.runFor(20);
  assertEquals(holderAt(world, "b"), undefined);
  assertEquals(lock(world, "a"), `a/${clientOf(world, "a").sessionId}`);
});

Deno.test("a session that ends while it asks for a lock leaves none behind", () => {
  const world = startFederation(star(2));
  clientOf(world, "a").set(ADDRESS, { lock: true });
  // The request is on its way to the owner.
  world.clock.runFor(0.8);
  clientOf(world, "a").disconnect();
  world.clock.runFor(20);
  assertEquals(held(world, "b", ADDRESS), "a-client:1 r1 of b");
  assertEquals(holderAt(world, "b"), undefined);
});

Deno.test("a router that stops gives the locks of its clients back at once", () => {
  const world = startFederation(star(2));
  // The link is older than the session: it is closed before it.
  clientOf(world, "a").reconnect();
  world.clock.runFor(2_000);
  lock(world, "a");
  const { host } = world.router("a");
  host.core.stop("stopping", host.core.nowMicros);
  world.clock.runFor(20);
  assertEquals(holderAt(world, "b"), undefined);
});

for (const loss of ["is cut off", "crashes"] as const) {
  Deno.test(`the lock of a site that ${loss} is free after 10 s, and not before 9 s`, () => {
    const world = startFederation(star(2));
    lock(world, "a");
    // Right behind a renewal.
    world.clock.runFor(LEASE_RENEWAL_MS);
    if (loss === "crashes") world.crash("a", undefined);
    else for (const [from, to] of BOTH_WAYS) world.network.stall(from, to);
    const fromMicros = world.clock.nowMicros;
    world.clock.runFor(LEASE_LIFE_MS - 1_000);
    assertEquals(codeOf(write(world, "b", ADDRESS)), 401);
    world.clock.runUntil(() => holderAt(world, "b") === undefined, "the lock to lapse");
    const tookMs = (world.clock.nowMicros - fromMicros) / 1_000;
    assertLess(Math.abs(tookMs - LEASE_LIFE_MS), 500);
    assertEquals(write(world, "hub", ADDRESS).kind, "accepted");
    assertEquals(lock(world, "hub"), `hub/${clientOf(world, "hub").sessionId}`);
  });
}

Deno.test("a site that was cut off for a moment keeps its lock", () => {
  const world = startFederation(star(2));
  const holder = lock(world, "a");
  const [connection] = world.network.connections("a", "hub");
  connection?.cut({ dialler: 0, acceptor: 0 });
  for (let second = 0; second < 20; second++) {
    world.clock.runFor(1_000);
    assertEquals(holderAt(world, "b"), holder);
  }
});

Deno.test("an owner that starts anew gives the lock again at the next renewal", () => {
  const world = startFederation(star(2));
  const holder = lock(world, "a");
  restart(world, "b");
  assertEquals(holderAt(world, "b"), undefined);
  awaitActive(world);
  world.clock.runFor(LEASE_RENEWAL_MS + 20);
  assertEquals(holderAt(world, "b"), holder);
  assertEquals(codeOf(write(world, "hub", ADDRESS)), 401);
  assertEquals(write(world, "a", ADDRESS, { unlock: true }).kind, "accepted");
  world.clock.runFor(LEASE_RENEWAL_MS + 20);
  assertEquals(holderAt(world, "b"), undefined);
});

Deno.test("a lock that another took meanwhile is lost to the one who had it", () => {
  const world = startFederation(star(2));
  lock(world, "a");
  restart(world, "b");
  const holder = lock(world, "b");
  assertEquals(holder, clientOf(world, "b").sessionId);
  awaitActive(world);
  world.clock.runFor(LEASE_RENEWAL_MS + 20);
  assertEquals([holderAt(world, "b"), keptAt(world, "a")], [holder, 0]);
  assertEquals(codeOf(write(world, "a", ADDRESS)), 401);
});

Deno.test("of two sites that ask at once exactly one gets the lock", () => {
  const world = startFederation(star(3));
  const writes = ["a", "c"].map((router) => clientOf(world, router).set(ADDRESS, { lock: true }));
  world.clock.runFor(100);
  const answers = writes.flatMap((it) => it.answers);
  assertEquals(answers.map(codeOf).sort(), [401, undefined].sort());
  const winner = answers.find(({ kind }) => kind === "accepted");
  assertEquals(holderAt(world, "b"), winner && lockedIn(winner));
  world.clock.runFor(LEASE_RENEWAL_MS + 20);
  assertEquals(keptAt(world, "a") + keptAt(world, "c"), 1);
});

Deno.test("an owner that cannot be reached gives no locks", () => {
  const world = startFederation(star(2));
  world.crash("b", 500);
  world.clock.runFor(1_000);
  for (const router of ["hub", "a"]) {
    for (const flags of [{ lock: true }, { unlock: true }]) {
      assertEquals(codeOf(write(world, router, ADDRESS, flags)), 501, router);
    }
  }
  assertEquals(keptAt(world, "a"), 0);
  assertEquals(["hub", "a"].map((router) => holderAt(world, router)), [
    undefined,
    undefined,
  ]);
});

Deno.test("a renewal never takes a lock again behind the unlock that is on its way", () => {
  const world = startFederation(star(2));
  for (const [from, to] of BOTH_WAYS) {
    world.network.route(from, to).latencyMicros = 400_000;
  }
  const asked = clientOf(world, "a").set(ADDRESS, { lock: true });
  const askedAtMicros = world.clock.nowMicros;
  world.clock.runUntil(() => asked.answers.length > 0, "the lock");
  // The unlock is under way when the next renewal is due.
  const untilMs = LEASE_RENEWAL_MS - 200 - (world.clock.nowMicros - askedAtMicros) / 1_000;
  world.clock.runFor(untilMs);
  const unlocked = clientOf(world, "a").set(ADDRESS, { unlock: true });
  world.clock.runUntil(() => unlocked.answers.length > 0, "the unlock");
  assertGreater(world.clock.nowMicros, askedAtMicros + LEASE_RENEWAL_MS * 1_000);
  world.clock.runFor(2_000);
  assertEquals([holderAt(world, "b"), keptAt(world, "a")], [undefined, 0]);
});

Deno.test("a lock of what becomes the router's own is its own at once, and ends with the unlock", () => {
  const world = startFederation(star(2));
  lock(world, "hub");
  const another = world.addClient({ name: "another", router: "hub" });
  another.connect();
  world.router("b").reconfigure({ namespaces: [] });
  restart(world, "b");
  awaitActive(world);
  const refused = another.set(ADDRESS);
  world.clock.runFor(20);
  assertEquals(refused.answers.map(codeOf), [401]);
  assertEquals(lockedIn(write(world, "hub", ADDRESS, { unlock: true })), undefined);
  // A renewal that takes it again would come by now.
  world.clock.runFor(LEASE_RENEWAL_MS + 100);
  assertEquals([holderAt(world, "hub"), keptAt(world, "hub")], [undefined, 0]);
});

Deno.test("a lock whose answer is lost is given back", () => {
  const world = startFederation(star(2));
  world.network.stall("b", "hub");
  const asked = clientOf(world, "a").set(ADDRESS, { lock: true });
  world.clock.runFor(100);
  assertEquals(holderAt(world, "b"), `a/${clientOf(world, "a").sessionId}`);
  world.clock.runUntil(() => asked.answers.length > 0, "an answer");
  assertEquals(asked.answers.map(codeOf), [502]);
  world.clock.runFor(20);
  assertEquals([holderAt(world, "b"), keptAt(world, "a")], [undefined, 0]);
});

/** Locks through the client of a router. Returns the holder that the client is told. */
function lock(world: SimWorld, router: string): string {
  const answer = write(world, router, ADDRESS, { lock: true });
  const holder = lockedIn(answer);
  assert(holder !== undefined, JSON.stringify(answer));
  return holder;
}

type Answer = ReturnType<typeof write>;

function lockedIn(answer: Answer): string | undefined {
  return answer.kind === "accepted" ? answer.holder : undefined;
}

function codeOf(answer: Answer): number | undefined {
  return answer.kind === "refused" ? answer.code : undefined;
}

function holderAt(world: SimWorld, router: string): string | undefined {
  return world.router(router).host.core.locks.holder(ADDRESS);
}

/** Locks that a router keeps for its clients elsewhere. */
function keptAt(world: SimWorld, router: string): number {
  return world.router(router).host.federation?.leases.kept ?? -1;
}
