import { ERROR_CODE } from "../../src/router/error_code.ts";
import { decodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { clientOf, held, recordLinks, startFederation, write } from "./federation_setup.ts";
import type { SimClient } from "./sim_client.ts";
import type { SimWorld } from "./sim_world.ts";

/** Site b mirrors what is shared, and what it owns; `mid` stands between it and the hub. */
function narrowSite(clientSubscriptions: readonly string[] = []): SimWorld {
  const world = startFederation([
    { id: "hub" },
    { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"] },
    { id: "mid", hubs: ["hub"], imports: ["/shared/**"] },
  ]);
  clientOf(world, "mid").disconnect();
  world.clock.runFor(40_000);
  const b = { id: "b", hubs: ["mid"], namespaces: ["/site-b/**"], imports: ["/shared/**"] };
  world.addRouter(b).start();
  world.addClient({ name: "b-client", router: "b", subscriptions: clientSubscriptions }).connect();
  world.clock.runFor(2_000);
  return world;
}

Deno.test("a client of a site with narrow imports sees what it subscribes beyond them", () => {
  const world = narrowSite();
  write(world, "a", "/site-a/before");
  assertEquals(held(world, "b", "/site-a/before"), "nothing");
  const panel = world.addClient({ name: "panel", router: "b", subscriptions: ["/site-a/*"] });
  panel.connect();
  world.clock.runFor(1_000);
  write(world, "a", "/site-a/after");
  assertEquals(valuesOf(panel, "/site-a/before"), ["a-client:1"]);
  assertEquals(valuesOf(panel, "/site-a/after"), ["a-client:2"]);
  // What it may be told beyond that pattern is not.
  write(world, "a", "/site-a/deeper/still");
  assertEquals(valuesOf(panel, "/site-a/deeper/still"), []);
});

Deno.test("SUBSCRIBE beyond the imports is answered when the hub has sent what there is", () => {
  const world = startFederation([
    { id: "hub" },
    { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"] },
    { id: "b", hubs: ["hub"], imports: ["/shared/**"] },
  ]);
  const panel = clientOf(world, "b");
  panel.unsubscribe(0);
  world.clock.runFor(60_000);
  write(world, "a", "/site-a/x");
  assertEquals(held(world, "b", "/site-a/x"), "nothing");
  const before = panel.messages.length;
  panel.subscribe(7, "/site-a/**");
  world.clock.runUntil(
    () => panel.messages.slice(before).some(({ type }) => type === "ACK"),
    "the answer to SUBSCRIBE",
  );
  const told = panel.messages.slice(before);
  const snapshot = told.findLast(({ type }) => type === "SNAPSHOT");
  assert(snapshot?.type === "SNAPSHOT");
  assertEquals(snapshot.params.map(({ address }) => address), ["/site-a/x"]);
  assertEquals(told.at(-1)?.type, "ACK");
});

Deno.test("what nobody wants any more is followed no longer, and not kept", () => {
  const world = narrowSite();
  const first = world.addClient({ name: "first", router: "b", subscriptions: ["/site-a/**"] });
  const second = world.addClient({ name: "second", router: "b", subscriptions: ["/site-a/**"] });
  first.connect();
  second.connect();
  world.clock.runFor(1_000);
  write(world, "a", "/site-a/x");
  write(world, "b", "/site-b/own");
  write(world, "b", "/shared/x");
  first.disconnect();
  world.clock.runFor(60_000);
  assertEquals(held(world, "b", "/site-a/x"), held(world, "a", "/site-a/x"));
  second.disconnect();
  // A reload is no reason to ask again.
  world.clock.runFor(20_000);
  const frames = recordLinks(world);
  second.connect();
  world.clock.runFor(20_000);
  second.disconnect();
  assertEquals(frames.filter(({ message }) => message.type.endsWith("SUBSCRIBE")), []);
  world.clock.runFor(70_000);
  for (const router of ["b", "mid"]) {
    assertEquals(held(world, router, "/site-a/x"), "nothing", router);
    assertEquals(held(world, router, "/shared/x"), held(world, "hub", "/shared/x"), router);
  }
  assertEquals(held(world, "b", "/site-b/own"), held(world, "hub", "/site-b/own"));
  const count = recordLinks(world);
  write(world, "a", "/site-a/x");
  assertEquals(count.filter(({ to, message }) => to === "b" && message.type === "SET"), []);
});

Deno.test("GET beyond the imports is asked upstream and answered, and not kept", () => {
  const world = narrowSite();
  write(world, "a", "/site-a/x");
  const client = clientOf(world, "b");
  const frames = recordLinks(world);
  client.get("/site-a/x");
  client.get("/site-a/x");
  client.get("/site-a/nothing");
  world.clock.runFor(200);
  assertEquals(client.updates.filter(({ address }) => address === "/site-a/x").length, 2);
  assertEquals(errorsOf(client), [ERROR_CODE.addressNotFound]);
  for (const router of ["b", "mid"]) assertEquals(held(world, router, "/site-a/x"), "nothing");
  // One question for both.
  const asked = frames.filter(({ message }) =>
    message.type === "GET" && message.address === "/site-a/x"
  );
  assertEquals(asked.map(({ from, to }) => `${from} > ${to}`), ["b > mid", "mid > hub"]);
});

Deno.test("GET beyond the imports is refused while the hub is away, and when it goes meanwhile", () => {
  const world = narrowSite();
  write(world, "a", "/site-a/x");
  const client = clientOf(world, "b");
  world.network.stall("b", "mid");
  client.get("/site-a/x");
  world.clock.runFor(10_000);
  assertEquals(errorsOf(client), [ERROR_CODE.unavailable]);
  client.get("/site-a/x");
  world.clock.runFor(10);
  assertEquals(errorsOf(client), [ERROR_CODE.unavailable, ERROR_CODE.unavailable]);
  const before = world.clock.nowMicros;
  client.subscribe(3, "/site-a/**");
  const count = client.messages.length;
  world.clock.runUntil(() => client.messages.length > count, "SUBSCRIBE to be answered");
  assertLess(world.clock.nowMicros - before, 100_000);
});

Deno.test("no router takes care of what it mirrors only while somebody wants it", () => {
  const world = startFederation([
    { id: "hub" },
    { id: "b", hubs: ["hub"], imports: ["/shared/**"] },
  ]);
  // Its client subscribes to everything.
  write(world, "hub", "/elsewhere/x");
  assertEquals(held(world, "b", "/elsewhere/x"), held(world, "hub", "/elsewhere/x"));
  world.crash("hub", 500);
  world.clock.runFor(100);
  const answer = write(world, "b", "/elsewhere/x");
  assertEquals(answer.kind === "refused" && answer.code, ERROR_CODE.unavailable);
  assertEquals(write(world, "b", "/shared/x").kind, "accepted");
});

Deno.test("what comes of a param after it is wanted no more is not kept", () => {
  const world = narrowSite();
  const panel = world.addClient({ name: "panel", router: "b", subscriptions: ["/site-a/**"] });
  panel.connect();
  world.clock.runFor(1_000);
  panel.disconnect();
  const writer = world.addClient({ name: "writer", router: "a" });
  writer.connect();
  // What is on its way when b and mid give it up arrives after they have looked for what to forget.
  world.network.route("mid", "b").latencyMicros = 300_000;
  world.network.route("hub", "mid").latencyMicros = 300_000;
  // Over that moment.
  for (let count = 0; count < 400; count++) {
    if (writer.isConnected && writer.mayWrite("/site-a/x")) writer.set("/site-a/x");
    world.clock.runFor(100);
  }
  world.clock.runFor(40_000);
  for (const router of ["b", "mid"]) assertEquals(held(world, router, "/site-a/x"), "nothing");
});

Deno.test("what was beyond the limit is followed when there is room", () => {
  const world = narrowSite();
  const b = world.router("b").host.federation;
  const first = world.addClient({ name: "first", router: "b" });
  first.connect();
  world.clock.runFor(100);
  for (let index = 0; index < 1_000; index++) first.subscribe(index, `/many/${index}`);
  world.clock.runFor(100);
  const late = world.addClient({ name: "late", router: "b" });
  late.connect();
  world.clock.runFor(100);
  late.subscribe(1, "/site-a/**");
  world.clock.runFor(100);
  assertEquals(errorsOf(late), [ERROR_CODE.tooMany]);
  assertEquals(b?.interest.patterns.length, 1_000);
  first.disconnect();
  world.clock.runFor(45_000);
  assertEquals(b?.interest.patterns.length, 0);
  // The router between is still full then: it does not refuse its leaf, and follows it later.
  late.subscribe(1, "/site-a/**");
  world.clock.runFor(60_000);
  write(world, "a", "/site-a/x");
  assertEquals(valuesOf(late, "/site-a/x"), ["a-client:1"]);
});

Deno.test("a site with narrow imports knows its own uplink, and keeps what it shows of its links", () => {
  const world = startFederation([
    { id: "hub", showsLinks: true },
    { id: "mid", hubs: ["hub"], imports: ["/shared/**"], showsLinks: true },
    {
      id: "b",
      hubs: ["mid"],
      namespaces: ["/site-b/**"],
      imports: ["/shared/**"],
      showsLinks: true,
    },
  ]);
  for (const router of ["hub", "mid", "b"]) clientOf(world, router).unsubscribe(0);
  world.clock.runFor(60_000);
  const client = clientOf(world, "mid");
  for (const address of ["/clasp/federation/link", "/clasp/federation/peers/b"]) {
    const before = client.updates.length;
    client.get(address);
    world.clock.runFor(100);
    assertEquals(client.updates.slice(before).map((update) => update.address), [address]);
  }
  assertEquals(errorsOf(client), []);
});

/** Each once: a value may come as an update and again in a snapshot. */
function valuesOf(client: SimClient, address: string): unknown[] {
  const updates = client.updates.filter((update) => update.address === address);
  return [...new Set(updates.map(({ value }) => decodeValue(value)))];
}

function errorsOf(client: SimClient): number[] {
  return client.messages.flatMap((message) => message.type === "ERROR" ? [message.code] : []);
}
