import { encodeFrame } from "../../src/wire/frame.ts";
import { VALUE_CODE } from "../../src/wire/message.ts";
import { decodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLess, assertStringIncludes } from "../support/assert.ts";
import { awaitActive, held } from "./federation_setup.ts";
import { LegacyHub, type LegacyHubOptions } from "./legacy_hub.ts";
import { setOf } from "./legacy_leaf.ts";
import type { SimClient } from "./sim_client.ts";
import type { RouterPlan } from "./sim_router.ts";
import { SimWorld } from "./sim_world.ts";

const LEAF_NAME = "clasp-federation";
const LEAF = { id: "a", hubs: ["old"], namespaces: ["/a/**"] };

interface Site {
  readonly world: SimWorld;
  readonly hub: LegacyHub;
  /** Of the leaf. */
  readonly client: SimClient;
  /** Of the legacy hub. */
  readonly hubClient: SimClient;
}

/** A leaf of a legacy hub, a client at each, and nothing in flight. */
function startSite(
  options: { readonly leaf?: Partial<RouterPlan>; readonly hub?: Partial<LegacyHubOptions> } = {},
): Site {
  const world = new SimWorld({ keepTrace: true });
  const hub = new LegacyHub(world, { id: "old", ...options.hub });
  world.addRouter({ ...LEAF, ...options.leaf }).start();
  const client = world.addClient({ name: "a-client", router: "a", subscriptions: ["/**"] });
  const hubClient = world.addClient({
    name: "old-client",
    router: "old",
    subscriptions: ["/**"],
  });
  for (const each of [client, hubClient]) each.connect();
  return { world, hub, client, hubClient };
}

function startActive(options: Parameters<typeof startSite>[0] = {}): Site {
  const site = startSite(options);
  awaitLink(site.world, "Active");
  site.world.clock.runFor(100);
  return site;
}

function awaitLink(world: SimWorld, state: string): void {
  const uplink = () => world.router("a").host.federation?.uplink;
  world.clock.runUntil(() => uplink()?.state === state, `the link to be ${state}`);
}

function reasonOf(world: SimWorld): string {
  return world.router("a").host.federation?.uplink?.reason ?? "";
}

/** The values that a client was told of an address, in order. */
function seen(client: SimClient, address: string): string[] {
  return client.updates.filter((update) => update.address === address)
    .map(({ value }) => String(decodeValue(value)));
}

Deno.test("values of a leaf and of its legacy hub come together, whoever writes", () => {
  const { world, hub, client, hubClient } = startActive();
  client.set("/a/1");
  hubClient.set("/a/2");
  hubClient.set("/elsewhere");
  world.clock.runFor(100);
  assertEquals(hub.held("/a/1"), "a-client:1");
  assertEquals(held(world, "a", "/a/1"), "a-client:1 r1 of a");
  assertEquals(held(world, "a", "/a/2"), "old-client:1 r1 of legacy:old:7330");
  assertEquals(held(world, "a", "/elsewhere"), "old-client:2 r1 of legacy:old:7330");
  client.set("/a/2");
  world.clock.runFor(100);
  assertEquals(hub.held("/a/2"), "a-client:2");
  assertEquals(held(world, "a", "/a/2"), "a-client:2 r2 of a");
});

Deno.test("a burst of writes is not answered by its own echoes", () => {
  const { world, hub, client } = startActive();
  const before = hub.received.length;
  for (let count = 0; count < 20; count++) {
    client.set("/a/fader");
    world.clock.runFor(0.2);
  }
  world.clock.runFor(3_000);
  assertEquals(hub.held("/a/fader"), "a-client:20");
  assertEquals(held(world, "a", "/a/fader"), "a-client:20 r20 of a");
  assertEquals(seen(client, "/a/fader"), Array.from({ length: 20 }, (_, i) => `a-client:${i + 1}`));
  // One SET for each write at most, and a PING every two seconds.
  assertLess(hub.received.length - before, 20 + 3);
});

Deno.test("writes on both sides of one param in one moment end alike", () => {
  const { world, hub, client, hubClient } = startActive();
  for (let count = 0; count < 30; count++) {
    const address = `/a/${count}`;
    world.network.route("a", "old").latencyMicros = 500 + 100 * (count % 7);
    client.set(address);
    hubClient.set(address);
    if (count % 3 === 0) world.clock.runFor(0.3);
    if (client.mayWrite(address)) client.set(address);
    world.clock.runFor(20);
    const [value] = held(world, "a", address).split(" ");
    assertEquals(hub.held(address), value, address);
  }
});

Deno.test("no SET to a legacy hub has a revision, and every message is one frame", () => {
  const { world, hub, client } = startActive();
  for (let count = 0; count < 5; count++) {
    client.set("/a/1");
    client.set("/a/2");
    client.set("/elsewhere");
    client.publish("/a/go");
    world.clock.runFor(50);
  }
  const sets = hub.from(LEAF_NAME, "SET");
  assertEquals([sets.length, sets.filter(({ revision }) => revision !== undefined)], [15, []]);
  assertEquals([hub.joined, hub.from(LEAF_NAME, "SYNC").length], [0, 0]);
});

Deno.test("a client's write elsewhere is answered by what the legacy hub says", () => {
  const { world, client, hub } = startActive({ leaf: { namespaces: [] } });
  const written = client.set("/elsewhere");
  world.clock.runFor(50);
  assertEquals(written.answers.map((answer) => answer.kind), ["accepted"]);
  assertEquals(hub.held("/elsewhere"), "a-client:1");
  assertEquals(held(world, "a", "/elsewhere"), "a-client:1 r1 of legacy:old:7330");
  assertEquals(seen(client, "/elsewhere"), ["a-client:1"]);
  const stale = client.set("/elsewhere", { expectedRevision: 7 });
  world.clock.runFor(50);
  assertEquals(stale.answers.map((answer) => answer.kind === "refused" && answer.code), [400]);
  // The hub counts otherwise.
  hub.params.set("/elsewhere", { ...setOf("/elsewhere", "a-client:1"), revision: 40 });
  const fresh = client.set("/elsewhere", { expectedRevision: 1 });
  world.clock.runFor(50);
  assertEquals(fresh.answers.map((answer) => answer.kind), ["accepted"]);
});

Deno.test("a client's write outside the namespaces of its leaf is refused as the hub refuses it", () => {
  const { world, client, hub } = startActive();
  const written = client.set("/elsewhere");
  world.clock.runFor(50);
  assertEquals(written.answers.map((answer) => answer.kind === "refused" && answer.code), [403]);
  assertEquals([hub.held("/elsewhere"), held(world, "a", "/elsewhere")], ["nothing", "nothing"]);
});

Deno.test("a write whose legacy hub goes is answered 502", () => {
  const { world, client, hub } = startActive();
  const written = client.set("/elsewhere");
  world.clock.runFor(0.6);
  hub.crash();
  world.clock.runFor(10);
  assertEquals(written.answers.map((answer) => answer.kind === "refused" && answer.code), [502]);
});

Deno.test("events pass a legacy hub once in each direction, inside the namespaces", () => {
  const { world, client, hubClient, hub } = startActive();
  const own = client.publish("/a/go");
  client.publish("/elsewhere/go");
  const theirs = hubClient.publish("/elsewhere/go");
  world.clock.runFor(100);
  assertEquals(hubClient.events.map(({ id }) => id), [own]);
  assertEquals(client.events.map(({ id }) => id), [theirs]);
  assertEquals(hub.from(LEAF_NAME, "PUBLISH").length, 1);
});

Deno.test("a reconnect with hundreds of equal values sends none of them", () => {
  const { world, client, hubClient, hub } = startActive();
  for (let count = 0; count < 300; count++) {
    client.set(`/a/own/${count}`);
    hubClient.set(`/b/theirs/${count}`);
    world.clock.runFor(5);
  }
  world.clock.runFor(1_000);
  const before = hub.from(LEAF_NAME, "SET").length;
  assertEquals(before, 300);
  const versions = [...world.router("a").params().values()];
  for (let cuts = 0; cuts < 3; cuts++) {
    world.network.connections("a", "old")[0]?.cut({ dialler: 0, acceptor: 0 });
    world.clock.runFor(1);
    awaitLink(world, "Active");
    world.clock.runFor(1_000);
  }
  assertEquals(hub.from(LEAF_NAME, "SET").length, before);
  assertEquals([...world.router("a").params().values()], versions);
});

Deno.test("what changed on either side while the link was down is there when it is back", () => {
  const { world, client, hubClient, hub } = startActive();
  for (const address of ["/a/1", "/a/2", "/a/3"]) client.set(address);
  world.clock.runFor(100);
  world.network.stall("a", "old");
  world.network.connections("a", "old")[0]?.cut({ dialler: 0, acceptor: 0 });
  world.clock.runFor(500);
  client.set("/a/1");
  hubClient.set("/a/2");
  hubClient.set("/b/new");
  // Both: the owner's counts.
  client.set("/a/3");
  hubClient.set("/a/3");
  world.clock.runFor(500);
  world.network.resume("a", "old");
  awaitLink(world, "Active");
  world.clock.runFor(1_000);
  const addresses = ["/a/1", "/a/2", "/a/3", "/b/new"];
  const expected = ["a-client:4", "old-client:1", "a-client:5", "old-client:2"];
  assertEquals(addresses.map((address) => hub.held(address)), expected);
  assertEquals(addresses.map((address) => held(world, "a", address).split(" ")[0]), expected);
});

Deno.test("what waits for its turn to be sent is not overwritten with what the hub has", () => {
  const { world, client, hub } = startActive();
  const addresses = Array.from({ length: 300 }, (_, index) => `/a/${index}`);
  for (const address of addresses) client.set(address);
  world.clock.runFor(1_000);
  world.network.stall("a", "old");
  world.network.connections("a", "old")[0]?.cut({ dialler: 0, acceptor: 0 });
  for (const address of addresses) client.set(address);
  world.clock.runFor(500);
  world.network.resume("a", "old");
  awaitLink(world, "Active");
  world.clock.runFor(1_000);
  const expected = addresses.map((_, index) => `a-client:${301 + index}`);
  assertEquals(addresses.map((address) => hub.held(address)), expected);
  assertEquals(addresses.map((address) => held(world, "a", address).split(" ")[0]), expected);
  assertEquals(hub.from(LEAF_NAME, "SET").length, 600);
});

Deno.test("a legacy hub that restarts empty gets all back, no faster than it takes it", () => {
  const { world, client, hub } = startActive();
  for (let count = 0; count < 2_500; count++) {
    client.set(`/a/${count}`);
    if (count % 50 === 0) world.clock.runFor(100);
  }
  for (let seconds = 0; seconds < 6; seconds++) world.clock.runFor(1_000);
  assertEquals([hub.params.size, hub.overRate], [2_500, 0]);
  hub.crash();
  world.clock.runFor(10);
  hub.start();
  awaitLink(world, "Active");
  for (let seconds = 0; seconds < 5; seconds++) world.clock.runFor(1_000);
  assertEquals([hub.params.size, hub.overRate], [2_500, 0]);
});

Deno.test("a leaf that restarts empty gets its values back from a legacy hub", () => {
  const { world, client, hub } = startActive();
  client.set("/a/1");
  world.clock.runFor(100);
  world.crash("a", 0);
  world.clock.runFor(10);
  world.router("a").start();
  awaitLink(world, "Active");
  assertEquals(held(world, "a", "/a/1"), "a-client:1 r1 of legacy:old:7330");
  assertEquals(hub.from(LEAF_NAME, "SET").length, 1);
});

Deno.test("a param whose SET the legacy hub lost is sent again", () => {
  const { world, client, hub } = startActive();
  // Somebody else on the same session's account: the hub drops what comes in this second.
  const uplink = world.router("a").host;
  for (let count = 0; count < 1_100; count++) {
    uplink.core.connection(1)?.send(encodeFrame({ type: "PING" }));
  }
  client.set("/a/1");
  world.clock.runFor(500);
  assertEquals(hub.held("/a/1"), "nothing");
  world.clock.runFor(8_000);
  assertEquals(hub.held("/a/1"), "a-client:1");
  assertEquals(world.router("a").host.federation?.uplink?.state, "Active");
});

Deno.test("where the legacy hub refuses a value, its own is taken, and nobody insists", () => {
  const { world, client, hubClient, hub } = startActive({ hub: { isReadOnly: true } });
  hubClient.set("/a/1");
  world.clock.runFor(50);
  client.set("/a/1");
  client.set("/a/new");
  world.clock.runFor(100);
  assertEquals(held(world, "a", "/a/1"), "old-client:1 r3 of legacy:old:7330");
  assertEquals(hub.held("/a/new"), "nothing");
  // Nor where the value is refused here too.
  const { core } = world.router("a").host;
  core.write({ ...setOf("/a/1", "mine"), lock: true }, "holder");
  core.flush(core.nowMicros);
  world.clock.runFor(100);
  hubClient.set("/a/1");
  world.clock.runFor(3_000);
  assertEquals(held(world, "a", "/a/1"), "mine r4 of a");
  assertLess(hub.from(LEAF_NAME, "SET").length, 6);
  assertLess(hub.from(LEAF_NAME, "GET").length, 6);
});

Deno.test("a write of the hub to what is locked here is overwritten with what is kept", () => {
  const { world, hubClient, hub } = startActive();
  const { core } = world.router("a").host;
  core.write({ ...setOf("/a/1", "mine"), lock: true }, "holder");
  core.flush(core.nowMicros);
  world.clock.runFor(100);
  hubClient.set("/a/1");
  world.clock.runFor(100);
  assertEquals([hub.held("/a/1"), held(world, "a", "/a/1")], ["mine", "mine r1 of a"]);
  assertEquals(hub.from(LEAF_NAME, "SET").length, 2);
});

Deno.test("on a first link what was written here counts, until the hub refuses it", () => {
  const world = new SimWorld();
  const hub = new LegacyHub(world, { id: "old", isReadOnly: true });
  for (const address of ["/a/1", "/b/1"]) {
    hub.params.set(address, { ...setOf(address, "theirs"), revision: 1 });
  }
  const router = world.addRouter(LEAF);
  router.start();
  const { core } = router.host;
  core.write(setOf("/a/1", "mine"), "test");
  core.flush(core.nowMicros);
  awaitLink(world, "Active");
  world.clock.runFor(2_000);
  assertEquals(held(world, "a", "/a/1"), "theirs r2 of legacy:old:7330");
  assertEquals(held(world, "a", "/b/1"), "theirs r1 of legacy:old:7330");
  assertEquals(hub.from(LEAF_NAME, "SET").map(({ address }) => address), ["/a/1"]);
});

Deno.test("a value that the hub writes in another type is the same value", () => {
  const { world, hub } = startActive({ leaf: { namespaces: [] } });
  const raw = world.addClient({ name: "raw", router: "a" });
  raw.connect();
  world.clock.runFor(10);
  const { core } = world.router("a").host;
  core.write(
    { type: "SET", address: "/a/int", value: Uint8Array.of(VALUE_CODE.i8, 5) },
    "test",
  );
  core.flush(core.nowMicros);
  world.clock.runFor(100);
  assertEquals(hub.params.get("/a/int")?.value[0], VALUE_CODE.i64);
  world.network.connections("a", "old")[0]?.cut({ dialler: 0, acceptor: 0 });
  world.clock.runFor(1);
  awaitLink(world, "Active");
  world.clock.runFor(100);
  assertEquals(world.router("a").version("/a/int")?.value?.[0], VALUE_CODE.i8);
  assertEquals(world.router("a").version("/a/int")?.revision, 1);
});

Deno.test("a hub that answers no declaration in 5 s has no federation, and nothing is taken", () => {
  const { world, hub } = startSite({ hub: { isDeaf: true } });
  hub.params.set("/b/1", { value: setOf("/b/1", 1).value, revision: 1 });
  const state = () => world.router("a").host.federation?.uplink?.state;
  world.clock.runFor(4_900);
  assertEquals(state(), "Handshaking");
  world.clock.runFor(200);
  assertEquals(state(), "Failed");
  assertStringIncludes(reasonOf(world), "No federation at the other side");
  assertEquals(held(world, "a", "/b/1"), "nothing");
  world.clock.runFor(60_000);
  assertEquals(hub.from(LEAF_NAME, "FEDERATION_SYNC").length, 1);
});

Deno.test("a scope that is missing at the hub is shown with its pattern", () => {
  const { world } = startSite({ hub: { readScopes: ["/b/**"] } });
  awaitLink(world, "Failed");
  assertStringIncludes(reasonOf(world), "scope");
  assertStringIncludes(reasonOf(world), "403: insufficient scope for namespace: /a/**");
});

Deno.test("an import without its scope is told, and the namespaces work on", () => {
  const { world, client, hub } = startActive({
    hub: { readScopes: ["/a/**"] },
    leaf: { imports: ["/b/**"] },
  });
  assertStringIncludes(world.trace.text, "Insufficient scope for subscription (/b/**)");
  client.set("/a/1");
  world.clock.runFor(50);
  assertEquals(hub.held("/a/1"), "a-client:1");
});

Deno.test("a link to a legacy hub is Active only after its ACK, a sync and an answered PING", () => {
  const { world } = startSite();
  const states: (string | undefined)[] = [];
  const link = () => world.router("a").host.federation?.uplink?.state;
  world.clock.runUntil(() => {
    if (states.at(-1) !== link()) states.push(link());
    return link() === "Active";
  }, "Active");
  assertEquals(states, ["Connecting", "Handshaking", "Syncing", "Active"]);
  world.network.stall("old", "a");
  world.clock.runFor(9_000);
  assert(link() !== "Active", "three PINGs are unanswered");
});

Deno.test("what a router below the leaf owns reaches the legacy hub, and comes back from it", () => {
  const world = new SimWorld();
  const hub = new LegacyHub(world, { id: "old" });
  world.addRouter({ id: "a", hubs: ["old"] }).start();
  world.addRouter({ id: "b", hubs: ["a"], namespaces: ["/b/**"] }).start();
  const below = world.addClient({ name: "b-client", router: "b", subscriptions: ["/**"] });
  const above = world.addClient({ name: "old-client", router: "old", subscriptions: ["/**"] });
  for (const client of [below, above]) client.connect();
  awaitLink(world, "Active");
  world.clock.runFor(5_000);
  below.set("/b/1");
  const event = below.publish("/b/go");
  above.set("/b/2");
  world.clock.runFor(200);
  assertEquals([hub.held("/b/1"), hub.held("/b/2")], ["b-client:1", "old-client:1"]);
  assertEquals(held(world, "b", "/b/2"), "old-client:1 r1 of legacy:old:7330");
  assertEquals(above.events.map(({ id }) => id), [event]);
  const asked = below.set("/b/2");
  world.clock.runFor(200);
  assertEquals(asked.answers.map(({ kind }) => kind), ["accepted"]);
  assertEquals(hub.held("/b/2"), "b-client:2");
});

Deno.test("a leaf goes from a legacy hub to one that speaks the envelope", () => {
  const world = new SimWorld();
  const hub = new LegacyHub(world, { id: "old" });
  world.addRouter({ id: "hub" }).start();
  world.addRouter({ id: "a", hubs: ["old", "hub"], namespaces: ["/a/**"] }).start();
  const client = world.addClient({ name: "a-client", router: "a", subscriptions: ["/**"] });
  client.connect();
  awaitLink(world, "Active");
  client.set("/a/1");
  world.clock.runFor(100);
  hub.crash();
  awaitActive(world);
  world.clock.runFor(500);
  assertEquals(held(world, "hub", "/a/1"), "a-client:1 r1 of a");
});
