import { assert, assertEquals, assertLess, assertStringIncludes } from "../support/assert.ts";
import { clientOf, held, recordLinks, startFederation } from "./federation_setup.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { SimWorld } from "./sim_world.ts";

const LEAF = { id: "leaf", hubs: ["far"], namespaces: ["/leaf/**"] };

/** Three routers, each a leaf of the next. */
function startRing(): SimWorld {
  const world = new SimWorld();
  for (const [id, hub] of [["x", "y"], ["y", "z"], ["z", "x"]] as const) {
    world.addRouter({ id, hubs: [hub], namespaces: [`/${id}/**`] }).start();
    world.addClient({ name: `${id}-client`, router: id, subscriptions: ["/**"] }).connect();
  }
  return world;
}

Deno.test("a leaf that finds itself above its hub closes the link, reason ring", () => {
  const world = new SimWorld();
  const hub = ScriptedPeer.hub(world, { id: "far", above: ["middle", "leaf"] });
  const leaf = world.addRouter(LEAF);
  leaf.start();
  world.clock.runFor(200);
  const { uplink } = leaf.host.federation ?? {};
  assertEquals(uplink?.state, "Disconnected");
  assertStringIncludes(uplink?.reason ?? "", "ring");
  assertStringIncludes(uplink?.reason ?? "", "far > middle > leaf");
  assertStringIncludes(hub.closes.join(), "ring");
});

Deno.test("a leaf of itself closes the link, reason ring or conflict", () => {
  const world = new SimWorld();
  const self = world.addRouter({ id: "self", hubs: ["self"] });
  self.start();
  world.clock.runFor(200);
  assertEquals(self.host.federation?.uplink?.state, "Disconnected");
  assertStringIncludes(self.host.federation?.uplink?.reason ?? "", '"self"');
});

Deno.test("a write request that comes round is decided where it is noticed", () => {
  const world = new SimWorld();
  const hub = ScriptedPeer.hub(world, { id: "far" });
  const leaf = world.addRouter(LEAF);
  leaf.start();
  const client = world.addClient({ name: "leaf-client", router: "leaf" });
  client.connect();
  world.clock.runUntil(() => leaf.linkState("far") === "Active", "the link to be Active");
  const written = client.set("/nobodys/1");
  world.clock.runFor(10);
  const [request] = hub.forwarded("request");
  assert(request !== undefined, "the request arrived");
  hub.sendBack(request);
  world.clock.runFor(10);
  assertEquals(hub.forwarded("request").length, 1);
  const [reply] = hub.forwarded("reply");
  assert(reply !== undefined, "the reply arrived");
  hub.sendBack(reply);
  world.clock.runFor(10);
  assertEquals(written.answers.map(({ kind }) => kind), ["accepted"]);
  assertEquals(held(world, "leaf", "/nobodys/1"), "leaf-client:1 r1 of leaf");
});

Deno.test("routers in a ring notice it, and say so", () => {
  const world = startRing();
  const reasons: string[] = [];
  for (let count = 0; count < 100; count++) {
    world.clock.runFor(100);
    for (const router of world.routers.values()) {
      reasons.push(router.host.federation?.uplink?.reason ?? "");
    }
  }
  assert(reasons.some((reason) => reason.startsWith("ring")), "nobody noticed the ring");
});

Deno.test("three routers in a ring keep few messages going", () => {
  const world = startRing();
  world.clock.runFor(60_000);
  const frames = recordLinks(world);
  world.clock.runFor(60_000);
  assertLess(frames.length, 3 * 60 * 5);
});

Deno.test("a write in a ring ends, and crosses each link a few times at most", () => {
  const world = startRing();
  world.clock.runFor(10_000);
  const frames = recordLinks(world);
  const written = ["x", "y", "z"].map((id) => clientOf(world, id).set("/nobodys/1"));
  world.clock.runFor(6_000);
  for (const { answers } of written) assertEquals(answers.length, 1);
  const sets = frames.filter(({ message }) => message.type === "SET").length;
  assertLess(sets, 3 * 3 * 6);
});

Deno.test("an event in a ring is delivered to nobody twice", () => {
  const world = startRing();
  for (let count = 0; count < 20; count++) {
    world.clock.runFor(500);
    for (const id of ["x", "y", "z"]) clientOf(world, id).publish("/cue");
  }
  world.clock.runFor(6_000);
  for (const id of ["x", "y", "z"]) {
    const ids = clientOf(world, id).events.map((event) => event.id);
    assertEquals(ids.length, new Set(ids).size);
    assertEquals(ids.filter((it) => it.startsWith(id)), []);
  }
});

Deno.test("an accepted link to a hub with the same id is refused", () => {
  const world = startFederation([{ id: "hub" }]);
  const twin = ScriptedPeer.leafOf("hub", world, { id: "hub" });
  world.clock.runFor(100);
  const codes = twin.received.flatMap(({ message }) =>
    message.type === "ERROR" ? [message.code] : []
  );
  assertEquals(codes, [409]);
});
