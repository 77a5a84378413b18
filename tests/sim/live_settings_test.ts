import type { LiveFederationConfig } from "../../src/federation/federation_config.ts";
import type { ClaimConflict } from "../../src/federation/claims.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { awaitActive, clientOf, held, startFederation, write } from "./federation_setup.ts";
import type { SimWorld } from "./sim_world.ts";

const HUB = { id: "hub" };
const A = { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"] };
const B = { id: "b", hubs: ["hub"], namespaces: ["/site-b/**"] };

function reconfigure(
  world: SimWorld,
  router: string,
  settings: LiveFederationConfig,
): readonly ClaimConflict[] {
  const conflicts = world.router(router).host.reconfigure({}, settings);
  world.clock.runFor(200);
  return conflicts;
}

function ownerAt(world: SimWorld, router: string, address: string): string | undefined {
  return world.router(router).host.federation?.claims.ownerOf(address)?.ownerId;
}

Deno.test("a leaf that takes another namespace owns it everywhere, over the link it has", () => {
  const world = startFederation([HUB, A, B]);
  write(world, "b", "/stage/1");
  assertEquals(held(world, "a", "/stage/1"), "b-client:1 r1 of hub");
  const before = world.network.connections("a", "hub");

  assertEquals(reconfigure(world, "a", { namespaces: ["/site-a/**", "/stage/**"] }), []);
  for (const router of ["hub", "a", "b"]) {
    assertEquals(ownerAt(world, router, "/stage/1"), "a", router);
  }
  write(world, "b", "/stage/1");
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/stage/1"), "b-client:2 r2 of a", router);
  }
  assertEquals(world.network.connections("a", "hub"), before, "no link ended");
  assertEquals(clientOf(world, "a").isConnected, true);
});

Deno.test("a namespace that is given up is the root's, and another router's to take", () => {
  const world = startFederation([HUB, A, B]);
  write(world, "a", "/site-a/1");
  assertEquals(reconfigure(world, "a", { namespaces: [] }), []);
  write(world, "a", "/site-a/1");
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "a-client:2 r2 of hub", router);
  }
  assertEquals(reconfigure(world, "b", { namespaces: ["/site-a/**"] }), []);
  write(world, "a", "/site-a/1");
  for (const router of ["hub", "a", "b"]) {
    assertEquals(held(world, router, "/site-a/1"), "a-client:3 r3 of b", router);
  }
});

Deno.test("a hub takes a namespace of its own while it runs", () => {
  const world = startFederation([HUB, A, B]);
  assertEquals(reconfigure(world, "hub", { namespaces: ["/foyer/**"] }), []);
  assertEquals(ownerAt(world, "b", "/foyer/1"), "hub");
});

Deno.test("a namespace that another router owns is not taken, and nothing changes", () => {
  const world = startFederation([HUB, A, B]);
  const [conflict] = reconfigure(world, "b", { namespaces: ["/site-b/**", "/site-a/**"] });
  assertEquals([conflict?.later.ownerId, conflict?.earlier.ownerId], ["b", "a"]);
  assertEquals(ownerAt(world, "b", "/site-a/1"), "a");
  assertEquals(world.router("b").host.federation?.config.namespaces, ["/site-b/**"]);
  assertEquals(world.router("b").linkState("hub"), "Active");
});

Deno.test("a setting that is wrong changes nothing", () => {
  const world = startFederation([HUB, A]);
  const { host } = world.router("a");
  assertThrows(() => host.reconfigure({ sessionsMax: 3 }, { hubUrls: ["http://hub"] }), TypeError);
  assertThrows(() => host.reconfigure({ sessionsMax: 0 }, { namespaces: [] }), RangeError);
  assertEquals(host.core.config.sessionsMax, 1_000);
  assertEquals(ownerAt(world, "a", "/site-a/1"), "a");
});

Deno.test("a hub list that still has the hub ends no link; one without it changes the hub", () => {
  const world = startFederation([HUB, { id: "spare", hubs: ["hub"] }, A]);
  const before = world.network.connections("a", "hub");
  reconfigure(world, "a", { hubUrls: ["ws://spare:7330", "ws://hub:7330"] });
  assertEquals(world.network.connections("a", "hub"), before);
  assertEquals(world.router("a").linkState("hub"), "Active");

  reconfigure(world, "a", { hubUrls: ["ws://spare:7330"] });
  world.clock.runUntil(() => world.router("a").linkState("spare") === "Active", "the other hub");
  world.clock.runFor(500);
  assertEquals(world.network.connections("a", "hub"), []);
  write(world, "hub", "/site-a/1");
  assertEquals(held(world, "hub", "/site-a/1"), "hub-client:1 r1 of a");
});

Deno.test("a link that waits for its next attempt is tried at once with the new settings", () => {
  const world = startFederation([HUB, A]);
  const late = world.addRouter({ ...B, namespaces: ["/site-a/**"], reconnectDelayMs: 600_000 });
  late.start();
  world.clock.runFor(20_000);
  assertEquals(late.linkState("hub"), undefined, "refused, and waits");
  late.host.reconfigure({}, { namespaces: ["/site-b/**"] });
  world.clock.runFor(200);
  assertEquals(late.linkState("hub"), "Active");
  awaitActive(world, 1_000);
});

Deno.test("a dial that is under way to a hub that is given up leads nowhere", () => {
  const world = startFederation([HUB, { id: "spare", hubs: ["hub"] }]);
  const leaf = world.addRouter(A);
  leaf.start();
  leaf.host.reconfigure({}, { hubUrls: ["ws://spare:7330"] });
  world.clock.runUntil(() => leaf.linkState("spare") === "Active", "the other hub", 5_000);
  world.clock.runFor(1_000);
  assertEquals(world.network.connections("a", "hub"), []);
});
