import { PeerLink } from "../../src/federation/link.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import {
  awaitActive,
  clientOf,
  held,
  recordLinks,
  restart,
  startFederation,
  write,
} from "./federation_setup.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { START_WALL_MICROS } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";
import { star } from "./topology.ts";

const LATER_MICROS = START_WALL_MICROS + 1e9;
const TEN_YEARS_MICROS = 315_576_000_000_000;

/** A hub with a scripted leaf that is registered. */
function hubWithLeaf(): { readonly world: SimWorld; readonly leaf: ScriptedPeer } {
  const world = startFederation([{ id: "hub" }]);
  const leaf = ScriptedPeer.leafOf("hub", world, { id: "leaf", namespaces: ["/site/**"] });
  const isActive = () => world.router("hub").linkState("leaf") === "Active";
  world.clock.runUntil(isActive, "the link of the leaf");
  world.clock.runFor(10);
  return { world, leaf };
}

Deno.test("a param does not go back to the link it came from", () => {
  const { world, leaf } = hubWithLeaf();
  const version = { address: "/site/1", value: "on", revision: 1, timestampMicros: LATER_MICROS };
  leaf.sendVersion(version);
  world.clock.runFor(1_000);
  assertEquals(held(world, "hub", "/site/1"), "on r1 of leaf");
  assertEquals(leaf.versions("/site/1").length, 0);
});

Deno.test("a merge that raised the revision goes back to the link it came from", () => {
  const { world, leaf } = hubWithLeaf();
  const known = { address: "/site/1", value: "old", revision: 9, timestampMicros: LATER_MICROS };
  leaf.sendVersion(known);
  leaf.sendVersion({ ...known, value: "new", revision: 1, timestampMicros: LATER_MICROS + 1 });
  world.clock.runFor(1_000);
  assertEquals(held(world, "hub", "/site/1"), "new r10 of leaf");
  const [raised, ...more] = leaf.versions("/site/1");
  assertEquals(more.length, 0);
  assertEquals(raised?.message.type === "SET" && raised.message.revision, 10);
  assertEquals(raised?.timestampMicros, LATER_MICROS + 1);
});

Deno.test("a raised revision goes back to a peer that did not subscribe to the address", () => {
  const world = startFederation([{ id: "hub" }]);
  const leaf = ScriptedPeer.leafOf("hub", world, {
    id: "leaf",
    namespaces: ["/site/**"],
    subscriptions: [],
  });
  world.clock.runFor(1_000);
  const known = { address: "/site/1", value: "old", revision: 9, timestampMicros: LATER_MICROS };
  leaf.sendVersion(known);
  leaf.sendVersion({ ...known, value: "new", revision: 1, timestampMicros: LATER_MICROS + 1 });
  world.clock.runFor(1_000);
  const revisions = leaf.versions("/site/1").map(({ message }) =>
    message.type === "SET" && message.revision
  );
  assertEquals(revisions, [10]);
});

Deno.test("a newer known version is raised above an older one with a higher revision", () => {
  const { world, leaf } = hubWithLeaf();
  const known = { address: "/site/1", value: "new", revision: 2, timestampMicros: LATER_MICROS };
  leaf.sendVersion(known);
  leaf.sendVersion({ ...known, value: "old", revision: 7, timestampMicros: LATER_MICROS - 1 });
  world.clock.runFor(1_000);
  assertEquals(held(world, "hub", "/site/1"), "new r8 of leaf");
  const revisions = clientOf(world, "hub").updates.map(({ revision }) => revision);
  assertEquals(revisions, [2, 8]);
});

Deno.test("older and equal versions are dropped", () => {
  const { world, leaf } = hubWithLeaf();
  const other = ScriptedPeer.leafOf("hub", world, { id: "other" });
  world.clock.runFor(1_000);
  const version = { address: "/site/1", value: "new", revision: 5, timestampMicros: LATER_MICROS };
  leaf.sendVersion(version);
  leaf.sendVersion(version);
  leaf.sendVersion({ ...version, value: "old", revision: 4, timestampMicros: LATER_MICROS - 1 });
  world.clock.runFor(1_000);
  assertEquals(held(world, "hub", "/site/1"), "new r5 of leaf");
  assertEquals(clientOf(world, "hub").updates.length, 1);
  assertEquals(other.versions("/site/1").length, 1);
});

Deno.test("an update outside the namespaces of a peer is refused, an offer is not", () => {
  const { world, leaf } = hubWithLeaf();
  const version = { value: "x", revision: 1, timestampMicros: LATER_MICROS };
  leaf.sendVersion({ ...version, kind: "update", address: "/elsewhere/1" });
  leaf.sendVersion({ ...version, kind: "offer", address: "/elsewhere/2" });
  world.clock.runFor(100);
  assertEquals(held(world, "hub", "/elsewhere/1"), "nothing");
  assertEquals(held(world, "hub", "/elsewhere/2"), "x r1 of leaf");
  const errors = leaf.received.flatMap(({ message }) => message.type === "ERROR" ? [message] : []);
  assertEquals(errors.map(({ code, address }) => ({ code, address })), [
    { code: 403, address: "/elsewhere/1" },
  ]);
});

Deno.test("a restarted leaf gets its own versions back", () => {
  const world = startFederation(star(2));
  for (let count = 0; count < 3; count++) write(world, "a", "/site-a/1");
  write(world, "b", "/nobodys/1");
  restart(world, "a");
  awaitActive(world);
  assertEquals(held(world, "a", "/site-a/1"), "a-client:3 r3 of a");
  assertEquals(held(world, "a", "/nobodys/1"), "b-client:1 r1 of hub");
});

Deno.test("a restarted leaf with narrow imports gets its own versions back", () => {
  const narrow = { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"], imports: ["/shared/**"] };
  const world = startFederation([{ id: "hub" }, narrow]);
  write(world, "a", "/site-a/1");
  write(world, "hub", "/nobodys/1");
  restart(world, "a");
  awaitActive(world);
  assertEquals(held(world, "a", "/site-a/1"), "a-client:1 r1 of a");
  // What its client subscribed beyond is kept for as long as the client is there.
  clientOf(world, "a").disconnect();
  world.clock.runFor(40_000);
  assertEquals(held(world, "a", "/nobodys/1"), "nothing");
});

Deno.test("a router with narrow imports keeps what it writes inside another's claim within its own", () => {
  const world = startFederation([
    { id: "hub" },
    { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"], imports: ["/shared/**"] },
    { id: "b", hubs: ["hub"], namespaces: ["/site-a/stage/**"] },
  ]);
  // Nobody there wants more than it imports.
  clientOf(world, "a").unsubscribe(0);
  world.clock.runFor(60_000);
  write(world, "b", "/site-a/stage/1");
  write(world, "a", "/site-a/stage/1");
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/stage/1"), "a-client:1 r2 of b", router);
  }
});

Deno.test("a router with narrow imports follows what a leaf declares to it later", () => {
  const world = startFederation([
    { id: "hub" },
    { id: "mid", hubs: ["hub"], imports: ["/mid/**"] },
    { id: "a", hubs: ["mid"], namespaces: ["/site-a/**"] },
  ]);
  write(world, "a", "/site-a/1");
  world.crash("a", 500);
  world.crash("mid", 500);
  world.router("mid").start();
  world.clock.runUntil(() => world.router("mid").linkState("hub") === "Active", "mid to be back");
  world.router("a").start();
  awaitActive(world);
  assertEquals(held(world, "a", "/site-a/1"), "a-client:1 r1 of a");
});

Deno.test("a restarted hub gets the whole state back from its leaves", () => {
  const world = startFederation(star(2));
  write(world, "a", "/site-a/1");
  write(world, "hub", "/nobodys/1");
  write(world, "b", "/nobodys/1");
  world.crash("hub", undefined);
  world.router("hub").start();
  world.clock.runFor(100);
  awaitActive(world);
  assertEquals(held(world, "hub", "/site-a/1"), "a-client:1 r1 of a");
  assertEquals(held(world, "hub", "/nobodys/1"), "b-client:1 r2 of hub");
});

Deno.test("after a partition each side gets what the other wrote", () => {
  const world = startFederation(star(2));
  const [connection] = world.network.connections("a", "hub");
  world.network.stall("a", "hub");
  world.network.stall("hub", "a");
  connection?.cut({ dialler: 0, acceptor: 0 });
  world.clock.runFor(500);
  for (let count = 0; count < 3; count++) write(world, "a", "/site-a/1");
  write(world, "hub", "/nobodys/1");
  write(world, "b", "/site-b/1");
  assertEquals(held(world, "b", "/site-a/1"), "nothing");
  world.network.heal();
  awaitActive(world);
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "a-client:3 r3 of a", router);
    assertEquals(held(world, router, "/nobodys/1"), "hub-client:1 r1 of hub", router);
    assertEquals(held(world, router, "/site-b/1"), "b-client:1 r1 of b", router);
  }
});

Deno.test("a version made before the sync continues the revision of the lost one everywhere", () => {
  const world = startFederation(star(2));
  for (let count = 0; count < 5; count++) write(world, "a", "/site-a/1");
  world.network.stall("a", "hub");
  restart(world, "a");
  assertEquals(write(world, "a", "/site-a/1"), {
    kind: "accepted",
    revision: 1,
    atMicros: world.clock.nowMicros - 50_000,
    holder: undefined,
  });
  world.network.heal();
  awaitActive(world);
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "a-client:6 r6 of a", router);
  }
});

Deno.test("a write made in sight of a version is newer, whatever the clocks say", () => {
  const world = startFederation(star(1));
  world.network.stall("a", "hub");
  world.router("a").clockOffsetMicros = TEN_YEARS_MICROS;
  restart(world, "a");
  write(world, "a", "/site-a/1");
  world.network.heal();
  awaitActive(world);
  write(world, "hub", "/site-a/1");
  for (const router of ["hub", "a"]) {
    assertEquals(held(world, router, "/site-a/1"), "hub-client:1 r2 of a", router);
  }
});

Deno.test("a stamp exceeds what the requester knew", () => {
  const { world, leaf } = hubWithLeaf();
  leaf.sendRequest({
    address: "/nobodys/1",
    value: "on",
    entry: {
      requestId: 1,
      remainingLifeMs: 5_000,
      knownTimestampMicros: LATER_MICROS,
      knownRevision: 41,
      holder: "",
    },
  });
  world.clock.runFor(10);
  assertEquals(held(world, "hub", "/nobodys/1"), "on r42 of hub");
  const { timestampMicros = 0 } = world.router("hub").version("/nobodys/1") ?? {};
  assertGreater(timestampMicros, LATER_MICROS);
  assertLess(timestampMicros, LATER_MICROS + 2_000);
});

Deno.test("a leaf with a wrong clock stamps with the time of the root", () => {
  const world = startFederation(star(1));
  world.router("a").clockOffsetMicros = TEN_YEARS_MICROS;
  restart(world, "a");
  awaitActive(world);
  const nowMicros = START_WALL_MICROS + world.clock.nowMicros;
  write(world, "a", "/site-a/1");
  const stampedMicros = world.router("a").version("/site-a/1")?.timestampMicros ?? 0;
  assertLess(Math.abs(stampedMicros - nowMicros), 10_000);
});

Deno.test("a write crosses each link once, as a version or as a request and its reply", () => {
  const world = startFederation(star(3));
  const frames = recordLinks(world);
  write(world, "b", "/site-a/1");
  world.clock.runFor(100);
  const passed = frames.flatMap(({ from, to, context }) =>
    context === undefined ? [] : [`${context.message.kind} ${from} > ${to}`]
  );
  assertEquals(passed.sort(), [
    "reply a > hub",
    "reply hub > b",
    "request b > hub",
    "request hub > a",
    "update hub > c",
  ]);
});

Deno.test("a leaf does not take the time of a hub that does not know it itself", () => {
  const world = startFederation([
    { id: "root" },
    { id: "mid", hubs: ["root"] },
    { id: "leaf", hubs: ["mid"], namespaces: ["/leaf/**"] },
  ]);
  write(world, "leaf", "/leaf/x");
  world.clock.runFor(100);
  // The site comes back after a power cut, empty, with a dead clock battery, and without its uplink.
  world.router("mid").clockOffsetMicros = -50 * 365 * 86_400_000_000;
  world.network.stall("mid", "root");
  world.network.stall("root", "mid");
  world.crash("leaf", 500);
  world.crash("mid", 500);
  world.clock.runFor(8_000);
  world.router("mid").start();
  world.router("leaf").start();
  world.clock.runFor(8_000);
  assertEquals(world.router("leaf").host.federation?.clock.timed, false);
  write(world, "leaf", "/leaf/x");
  const acknowledged = held(world, "leaf", "/leaf/x").split(" ")[0];
  world.network.heal();
  world.clock.runFor(60_000);
  for (const router of ["root", "mid", "leaf"]) {
    assertEquals(held(world, router, "/leaf/x").split(" ")[0], acknowledged, router);
    assertEquals(world.router(router).host.federation?.clock.timed, true, router);
  }
});

Deno.test("a router that is full says so once, compares no more, and catches up when there is room", () => {
  const world = startFederation([
    { id: "hub" },
    { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"], core: { paramsMax: 5 } },
  ]);
  const frames = recordLinks(world);
  const ttl = { kind: "absolute", seconds: 120 } as const;
  for (let index = 0; index < 5; index++) write(world, "hub", `/hub/${index}`, { ttl });
  for (let index = 5; index < 50; index++) write(world, "hub", `/hub/${index}`);
  world.clock.runFor(90_000);
  assertEquals(world.router("a").params().size, 5);
  const refusals = frames.filter(({ message }) => message.type === "ERROR");
  assertEquals(refusals.map(({ message }) => message.type === "ERROR" && message.code), [503]);
  const isRequest = ({ message }: (typeof frames)[number]) =>
    message.type === "FEDERATION_SYNC" && message.op === "RequestSync";
  assertEquals(frames.filter(isRequest), []);
  const link = world.router("a").host.federation?.hubLink;
  assert(link instanceof PeerLink);
  assertEquals(link.degraded, "No room for more than 5 params");
  // What it has goes on.
  write(world, "hub", "/hub/1");
  assertEquals(held(world, "a", "/hub/1"), held(world, "hub", "/hub/1"));
  world.clock.runFor(90_000);
  assertEquals(frames.some(isRequest), true);
  const live = [...world.router("a").params().values()].filter(({ value }) => value !== undefined);
  assertEquals(live.length, 5);
});

Deno.test("a hub that is full answers a leaf's request for a comparison without one", () => {
  const world = startFederation([
    { id: "hub", core: { paramsMax: 5 } },
    { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"] },
  ]);
  for (let index = 0; index < 50; index++) write(world, "a", `/site-a/${index}`);
  const frames = recordLinks(world);
  world.clock.runFor(90_000);
  const ops = frames.flatMap(({ message }) =>
    message.type === "FEDERATION_SYNC" ? [message.op] : []
  );
  assertEquals(ops.filter((op) => op === "Digest"), []);
  assertEquals(ops.filter((op) => op === "SyncComplete").length, 3);
  assertEquals(frames.filter(({ message }) => message.type === "ERROR"), []);
  assertEquals(world.router("a").linkState("hub"), "Active");
});
