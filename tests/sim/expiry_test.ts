import { ERROR_CODE } from "../../src/router/error_code.ts";
import type { Ttl } from "../../src/wire/message.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import {
  awaitActive,
  clientOf,
  held,
  recordLinks,
  restart,
  startFederation,
  write,
} from "./federation_setup.ts";
import type { SimWorld } from "./sim_world.ts";
import { star, tree } from "./topology.ts";

const ABSOLUTE_3_S: Ttl = { kind: "absolute", seconds: 3 };
const SLIDING_4_S: Ttl = { kind: "sliding", seconds: 4 };
const HOUR_MICROS = 3_600_000_000;

/** Cuts a router off from its hub until the network heals. */
function cutOff(world: SimWorld, id: string, hub: string = "hub"): void {
  world.network.stall(id, hub);
  world.network.stall(hub, id);
  for (const connection of world.network.connections(id, hub)) {
    connection.cut({ dialler: 0, acceptor: 0 });
  }
  world.clock.runFor(500);
}

/** Asks a router's client for a param: its revision, or the code of the ERROR. */
function get(world: SimWorld, router: string, address: string): number {
  const client = clientOf(world, router);
  const before = client.messages.length;
  client.get(address);
  let answer: number | undefined;
  world.clock.runUntil(() => {
    for (const message of client.messages.slice(before)) {
      if (message.type === "SNAPSHOT") answer = message.params[0]?.revision;
      else if (message.type === "ERROR") answer = message.code;
    }
    return answer !== undefined;
  }, `the answer to GET "${address}"`);
  world.clock.runFor(50);
  return answer ?? 0;
}

Deno.test("a param expires at all routers within a second, without a message", () => {
  const world = startFederation(star(2));
  write(world, "a", "/site-a/1", { ttl: ABSOLUTE_3_S });
  world.clock.runFor(2_900);
  const frames = recordLinks(world);
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "a-client:1 r1 of a", router);
  }
  world.clock.runFor(1_100);
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "gone r1 of a", router);
    assertEquals(get(world, router, "/site-a/1"), ERROR_CODE.addressNotFound, router);
  }
  assertEquals(frames.filter(({ message }) => message.type !== "SYNC"), []);
});

Deno.test("what was written after an expiry while a site was cut off stays when it comes back", () => {
  const world = startFederation(star(2));
  write(world, "hub", "/nobodys/1", { ttl: ABSOLUTE_3_S });
  cutOff(world, "b");
  world.clock.runFor(4_000);
  assertEquals(held(world, "b", "/nobodys/1"), "gone r1 of hub");
  write(world, "hub", "/nobodys/1");
  world.network.heal();
  awaitActive(world);
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/nobodys/1"), "hub-client:2 r2 of hub", router);
  }
});

Deno.test("what expired while a site was cut off does not come back from a value that it had before", () => {
  const world = startFederation(star(2));
  // Without a TTL, and known to all.
  write(world, "a", "/site-a/1");
  cutOff(world, "b");
  // Newer, and gone before b hears of it: were it forgotten, b's value would be the newest.
  write(world, "a", "/site-a/1", { ttl: ABSOLUTE_3_S });
  world.clock.runFor(5_000);
  assertEquals(held(world, "b", "/site-a/1"), "a-client:1 r1 of a");
  world.network.heal();
  awaitActive(world);
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "gone r2 of a", router);
    assertEquals(get(world, router, "/site-a/1"), ERROR_CODE.addressNotFound, router);
  }
});

Deno.test("an owner that restarts empty continues the revision of what has expired", () => {
  const world = startFederation(star(2));
  for (let count = 0; count < 3; count++) write(world, "a", "/site-a/1", { ttl: ABSOLUTE_3_S });
  world.clock.runFor(5_000);
  restart(world, "a");
  awaitActive(world);
  assertEquals(held(world, "a", "/site-a/1"), "gone r3 of a");
  const answer = write(world, "a", "/site-a/1", { expectedRevision: 0 });
  assertEquals(answer.kind === "accepted" && answer.revision, 4);
  for (const router of ["hub", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "a-client:4 r4 of a", router);
  }
});

Deno.test("an expected revision of 0 is met at the owner by what has expired there, from any site", () => {
  const world = startFederation(star(2));
  write(world, "b", "/site-a/1", { ttl: ABSOLUTE_3_S });
  const early = write(world, "b", "/site-a/1", { expectedRevision: 0 });
  assertEquals(early.kind === "refused" && early.code, ERROR_CODE.revisionConflict);
  world.clock.runFor(4_000);
  const answer = write(world, "b", "/site-a/1", { expectedRevision: 0 });
  assertEquals(answer.kind === "accepted" && answer.revision, 2);
});

Deno.test("reads at the owner keep a sliding TTL alive everywhere, reads elsewhere do not", () => {
  const world = startFederation(star(2));
  write(world, "a", "/site-a/1", { ttl: SLIDING_4_S });
  write(world, "a", "/site-a/2", { ttl: SLIDING_4_S });
  for (let seconds = 0; seconds < 10; seconds++) {
    world.clock.runFor(1_000);
    get(world, "a", "/site-a/1");
    get(world, "b", "/site-a/2");
  }
  for (const router of ["hub", "a", "b"]) {
    const [kept = "", revision = ""] = held(world, router, "/site-a/1").split(" ");
    assertEquals(kept, "a-client:1", router);
    // At most every quarter of it.
    assertLess(Number(revision.slice(1)), 13);
    assertEquals(held(world, router, "/site-a/2"), "gone r1 of a", router);
  }
  assertEquals(get(world, "a", "/site-a/1"), get(world, "b", "/site-a/1"));
  world.clock.runFor(5_000);
  assertEquals(held(world, "b", "/site-a/1").split(" ")[0], "gone");
});

Deno.test("a read at a hub that lost its memory overrides no write", () => {
  const ttl: Ttl = { kind: "sliding", seconds: 20 };
  for (const disk of ["stale", "empty"] as const) {
    const world = startFederation(star(2));
    write(world, "a", "/site-a/1", { ttl });
    const saved = world.router("hub").copyOfStore();
    // A site that is cut off has the old value too.
    cutOff(world, "b");
    write(world, "a", "/site-a/1", { ttl });
    cutOff(world, "a");
    world.crash("hub", 500, disk === "stale" ? saved : "empty");
    world.clock.runFor(500);
    world.router("hub").start();
    world.clock.runUntil(() => clientOf(world, "hub").isConnected, "the client to come back");
    world.network.resume("b", "hub");
    world.network.resume("hub", "b");
    world.clock.runUntil(() => world.router("b").linkState("hub") === "Active", "b to be back");
    world.clock.runFor(6_000);
    assertEquals(held(world, "hub", "/site-a/1"), "a-client:1 r1 of a");
    assertEquals(get(world, "hub", "/site-a/1"), 1);
    world.network.heal();
    awaitActive(world);
    for (const router of ["hub", "a", "b"]) {
      assertEquals(held(world, router, "/site-a/1"), "a-client:2 r2 of a", `${disk} ${router}`);
    }
  }
});

Deno.test("a router that does not know the time counts TTLs itself, and by their stamps once it does", () => {
  const world = startFederation(tree());
  write(world, "a", "/site-a/1", { ttl: { kind: "absolute", seconds: 20 } });
  // mid and its leaves come back with a wrong clock and without their uplink.
  world.router("mid").clockOffsetMicros = -10 * HOUR_MICROS;
  cutOff(world, "mid");
  world.crash("a", 500);
  world.crash("b", 500);
  restart(world, "mid");
  world.router("a").start();
  world.router("b").start();
  world.clock.runFor(2_000);
  assertEquals(world.router("mid").host.federation?.isTimed, false);
  write(world, "mid", "/mid/1", { ttl: ABSOLUTE_3_S });
  write(world, "mid", "/mid/2", { ttl: { kind: "absolute", seconds: 60 } });
  assertEquals(held(world, "mid", "/mid/1"), "mid-client:1 r1 of mid");
  world.clock.runFor(4_000);
  assertEquals(held(world, "mid", "/mid/1"), "gone r1 of mid");
  world.clock.runFor(10_000);
  world.network.heal();
  awaitActive(world);
  assertEquals(world.router("mid").host.federation?.isTimed, true);
  world.clock.runFor(4_000);
  for (const router of ["hub", "mid", "a", "b", "c"]) {
    // 20 s after it was written, not after mid got it.
    assertEquals(held(world, router, "/site-a/1"), "gone r1 of a", router);
    assertEquals(held(world, router, "/mid/1").split(" ")[0], "gone", router);
    assertEquals(held(world, router, "/mid/2").split(" ")[0], "mid-client:2", router);
  }
});

Deno.test("a root whose clock is set back leaves no value at one site and a tombstone at another", () => {
  const world = startFederation(star(2));
  write(world, "a", "/site-a/1", { ttl: ABSOLUTE_3_S });
  cutOff(world, "b");
  world.router("hub").clockOffsetMicros = -5 * HOUR_MICROS;
  world.crash("hub", 500);
  world.router("hub").start();
  world.clock.runUntil(() => world.router("hub").linkState("a") === "Active", "a's link");
  world.clock.runFor(4_000);
  // The root has learned the time from site a.
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "gone r1 of a", router);
  }
  world.network.heal();
  awaitActive(world);
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "gone r1 of a", router);
  }
});
