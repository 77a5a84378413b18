import { assert, assertEquals, assertLess, assertStringIncludes } from "../support/assert.ts";
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
import { SimWorld } from "./sim_world.ts";
import { star, tree } from "./topology.ts";

const HUB = { id: "hub" };
const LEAF = { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"] };

Deno.test("a leaf that starts before its hub connects when the hub is there", () => {
  const world = new SimWorld();
  const leaf = world.addRouter(LEAF);
  leaf.start();
  world.clock.runFor(20_000);
  assertEquals(leaf.host.federation?.uplink?.state, "Disconnected");
  assertStringIncludes(leaf.host.federation?.uplink?.reason ?? "", "refused");
  world.addRouter(HUB).start();
  awaitActive(world, 1_000);
});

Deno.test("a hub that restarts under traffic loses nothing that was acknowledged", () => {
  const world = startFederation(star(2));
  const acknowledged = new Map<string, number>();
  const routers = ["a", "b"];
  const step = (count: number) => {
    for (const router of routers) {
      const client = clientOf(world, router);
      for (const address of ["/site-a/1", "/site-b/1", "/nobodys/1"]) {
        if (client.mayWrite(address)) client.set(address);
      }
    }
    if (count === 20) world.crash("hub", 500);
    if (count === 40) world.router("hub").start();
    world.clock.runFor(50);
  };
  world.watch([{
    name: "acknowledged",
    answered: ({ address, answers: [answer] }) => {
      if (answer?.kind !== "accepted") return;
      acknowledged.set(address, Math.max(answer.revision, acknowledged.get(address) ?? 0));
    },
  }]);
  for (let count = 0; count < 100; count++) step(count);
  awaitActive(world);
  for (const [address, revision] of acknowledged) {
    const held = ["hub", ...routers].map((id) => world.router(id).version(address));
    assertEquals(held.map((version) => version?.revision), [revision, revision, revision], address);
    assertEquals(new Set(held.map((version) => version?.timestampMicros)).size, 1, address);
  }
  assertEquals(acknowledged.size, 3);
});

Deno.test("a write whose link breaks is answered 502 at once, and may have been applied", () => {
  const world = startFederation([HUB, LEAF]);
  const written = clientOf(world, "hub").set("/site-a/1");
  world.network.stall("a", "hub");
  world.clock.runFor(10);
  const [connection] = world.network.connections("hub", "a");
  connection?.cut({ dialler: 0, acceptor: 0 });
  world.clock.runFor(5);
  assertEquals(written.answers.map((answer) => answer.kind === "refused" && answer.code), [502]);
  assertEquals(held(world, "a", "/site-a/1"), "hub-client:1 r1 of a");
});

Deno.test("a write that nobody answers is answered 502 within its life", () => {
  const world = startFederation([HUB, LEAF]);
  world.network.stall("hub", "a");
  const written = clientOf(world, "hub").set("/site-a/1");
  world.clock.runFor(4_900);
  assertEquals(written.answers, []);
  world.clock.runFor(400);
  assertEquals(written.answers.map((answer) => answer.kind === "refused" && answer.code), [502]);
});

Deno.test("a write past its life is not applied where it arrives at last", () => {
  const world = startFederation([HUB, { id: "mid", hubs: ["hub"] }, { ...LEAF, hubs: ["mid"] }]);
  for (const [from, to] of [["hub", "mid"], ["mid", "hub"], ["mid", "a"], ["a", "mid"]] as const) {
    world.network.route(from, to).latencyMicros = 2_600_000;
  }
  // The heartbeats measure it.
  world.clock.runFor(20_000);
  const written = clientOf(world, "hub").set("/site-a/1");
  world.clock.runFor(20_000);
  assertEquals(written.answers.map((answer) => answer.kind === "refused" && answer.code), [502]);
  assertEquals(held(world, "a", "/site-a/1"), "nothing");
});

Deno.test("a link whose heartbeats go unanswered is given up at both ends and dialled again", () => {
  const world = startFederation([HUB, LEAF]);
  const [connection] = world.network.connections("hub", "a");
  connection?.cut({ dialler: undefined, acceptor: undefined });
  world.clock.runFor(5_000);
  assertEquals(world.router("a").linkState("hub"), "Active");
  world.clock.runFor(3_500);
  assert(connection?.dialler.isClosed && connection.acceptor.isClosed, "given up at both ends");
  awaitActive(world, 1_000);
});

Deno.test("a new connection of a router takes the place of its old one at once", () => {
  const world = startFederation([HUB, LEAF]);
  const [old] = world.network.connections("hub", "a");
  // The leaf's answer is lost with the connection, whose end the hub is never told.
  world.network.stall("a", "hub");
  const written = clientOf(world, "hub").set("/site-a/1");
  world.clock.runFor(10);
  old?.cut({ dialler: 0, acceptor: undefined });
  world.network.resume("a", "hub");
  world.clock.runFor(1);
  awaitActive(world, 1_000);
  assert(old?.acceptor.isClosed, "the old connection is closed");
  assertEquals(world.network.connections("hub", "a").length, 1);
  assertEquals(written.answers.map((answer) => answer.kind === "refused" && answer.code), [502]);
  assertEquals(write(world, "hub", "/site-a/1").kind, "accepted");
});

Deno.test("what is still in flight on a connection that was superseded is dropped", () => {
  const world = startFederation([HUB]);
  const old = ScriptedPeer.leafOf("hub", world, { id: "a", bootId: 1, namespaces: ["/a/**"] });
  world.clock.runFor(100);
  // As one that is dead: what it sent before is still under way.
  old.ignores = "SYNC";
  ScriptedPeer.leafOf("hub", world, { id: "a", bootId: 2, namespaces: ["/a/**"] });
  world.clock.runUntil(() => {
    old.sendVersion({ address: "/a/1", value: "old", revision: 1, timestampMicros: 1 });
    const link = world.router("hub").host.federation?.leafLink("a");
    return link?.state === "Handshaking";
  }, "the new connection");
  const before = held(world, "hub", "/a/1");
  old.sendVersion({ address: "/a/2", value: "old", revision: 1, timestampMicros: 1 });
  world.clock.runFor(1_000);
  assertEquals(before, "old r1 of a");
  assertEquals(held(world, "hub", "/a/2"), "nothing");
  assertStringIncludes(old.closes.join(), "Superseded");
});

for (const ignores of ["SYNC", "RequestSync"] as const) {
  Deno.test(`a link whose ${ignores} is not answered does not become Active`, () => {
    const world = startFederation([HUB]);
    const leaf = ScriptedPeer.leafOf("hub", world, { id: "a" });
    leaf.ignores = ignores;
    const state = () => world.router("hub").linkState("a");
    world.clock.runUntil(() => state() === "Syncing", "the link to sync");
    world.clock.runFor(5_000);
    assertEquals(state(), "Syncing");
  });
}

Deno.test("declarations come to rest", () => {
  const world = startFederation([...tree(), { id: "d", hubs: ["mid"], namespaces: ["/d/**"] }]);
  restart(world, "a");
  restart(world, "mid");
  awaitActive(world);
  world.clock.runFor(2_000);
  const frames = recordLinks(world);
  world.clock.runFor(60_000);
  // Heartbeats, and a comparison of states that finds nothing.
  const others = frames.filter(({ message }) =>
    message.type !== "SYNC" &&
    !(message.type === "FEDERATION_SYNC" &&
      ["RequestSync", "Digest", "SyncComplete"].includes(message.op))
  );
  assertEquals(others.map(({ message }) => message.type), []);
});

Deno.test("one leaf more costs a few declarations for each link, not an avalanche", () => {
  const world = startFederation(tree());
  const frames = recordLinks(world);
  restart(world, "a");
  awaitActive(world);
  world.clock.runFor(10_000);
  const declarations = frames.filter(({ message }) =>
    message.type === "FEDERATION_SYNC" && message.op === "DeclareNamespaces"
  );
  // On each of four links: that it is lost, and that it is back; and the first two of a's own link.
  assertLess(declarations.length, 4 * 2 + 3);
});
