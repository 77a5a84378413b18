import { LEGACY_ANSWERS_WAITING_MAX, MAX_FEDERATION_PATTERNS } from "../../src/limits.ts";
import { FEATURE, type Message } from "../../src/wire/message.ts";
import { encodeTtl } from "../../src/wire/ttl.ts";
import { encodeV0Frame } from "../../src/wire/v0_frame.ts";
import { decodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLess, assertStringIncludes } from "../support/assert.ts";
import { awaitActive, clientOf, held, startFederation, write } from "./federation_setup.ts";
import { eventOf, LegacyLeaf, type LegacyLeafOptions, setOf } from "./legacy_leaf.ts";
import type { RouterPlan } from "./sim_router.ts";
import { SimWorld } from "./sim_world.ts";

const HUB = { id: "hub" };
const PUBLIC = { id: "old", namespaces: ["/old/**"] };

interface Site {
  readonly world: SimWorld;
  readonly leaf: LegacyLeaf;
}

/** A hub with a legacy leaf, and whatever else there is. */
function startSite(
  options: { readonly leaf?: Partial<LegacyLeafOptions>; readonly others?: RouterPlan[] } = {},
): Site {
  const world = startFederation([HUB, ...(options.others ?? [])]);
  const leaf = new LegacyLeaf(world, "hub", { ...PUBLIC, ...options.leaf });
  world.clock.runFor(100);
  return { world, leaf };
}

function codes(leaf: LegacyLeaf): (number | string | undefined)[][] {
  return leaf.all("ERROR").map(({ code, address }) => [code, address]);
}

Deno.test("a legacy leaf is welcome, has a full SNAPSHOT and an ACK, and becomes Active", () => {
  const world = startFederation([HUB]);
  write(world, "hub", "/hub/1");
  const leaf = new LegacyLeaf(world, "hub", PUBLIC);
  world.clock.runFor(0.9);
  assertEquals(world.router("hub").linkState("old"), undefined);
  world.clock.runFor(100);
  assertEquals(leaf.received.map(({ type }) => type), ["WELCOME", "SNAPSHOT", "ACK", "PING"]);
  const [welcome] = leaf.all("WELCOME");
  assertEquals((welcome?.features ?? 0) & FEATURE.envelope, 0);
  assertEquals(leaf.values.get("/hub/1"), "hub-client:1");
  assertEquals(world.router("hub").linkState("old"), "Active");
});

Deno.test("values of a legacy leaf and of its hub come together, whoever writes", () => {
  const { world, leaf } = startSite();
  leaf.set("/old/1", "home");
  world.clock.runFor(50);
  assertEquals(held(world, "hub", "/old/1"), "home r1 of old");
  // The leaf's own numbers are no expected revisions.
  leaf.set("/old/1", "home again");
  world.clock.runFor(50);
  assertEquals(held(world, "hub", "/old/1"), "home again r2 of old");
  assertEquals(leaf.all("ACK").length, 3);
  assertEquals(write(world, "hub", "/old/1").kind, "accepted");
  assertEquals(leaf.values.get("/old/1"), "hub-client:1");
  assertEquals(held(world, "hub", "/old/1"), "hub-client:1 r3 of hub");
  leaf.set("/old/1", "mine");
  world.clock.runFor(50);
  assertEquals(held(world, "hub", "/old/1"), "mine r4 of old");
});

Deno.test("a legacy leaf is told no revision and nothing of what it sent, a frame a message", () => {
  const { world, leaf } = startSite();
  for (let count = 0; count < 5; count++) {
    leaf.set("/old/1", count);
    leaf.publish("/old/go", `e${count}`);
    write(world, "hub", "/old/2");
    write(world, "hub", "/old/3");
  }
  const sets = leaf.all("SET");
  assertEquals(sets.map(({ address }) => address).filter((it) => it === "/old/1"), []);
  assertEquals([sets.length, sets.filter(({ revision }) => revision !== undefined)], [10, []]);
  assertEquals([leaf.joined, leaf.all("PUBLISH").length, leaf.all("SYNC").length], [0, 0, 0]);
});

Deno.test("a legacy leaf that passes on what it was told makes no new version", () => {
  const { world, leaf } = startSite();
  write(world, "hub", "/old/1");
  leaf.send(setOf("/old/1", leaf.values.get("/old/1") ?? null));
  world.clock.runFor(100);
  assertEquals(held(world, "hub", "/old/1"), "hub-client:1 r1 of hub");
  // Its own value twice are two writes.
  leaf.set("/old/2", 1);
  leaf.set("/old/2", 1);
  world.clock.runFor(100);
  assertEquals(held(world, "hub", "/old/2"), "1 r2 of old");
});

Deno.test("what a legacy leaf sends outside its namespaces is refused and changes nothing", () => {
  const { world, leaf } = startSite();
  leaf.set("/other/1", 1);
  leaf.publish("/other/go", "e");
  leaf.bundle(setOf("/old/1", 1), setOf("/other/1", 1));
  leaf.bundle(setOf("/old/1", 1), eventOf("/other/go", "e"));
  leaf.bundle({ type: "BUNDLE", messages: [setOf("/other/2", 1)] });
  leaf.send({ ...setOf("/old/1", 1), lock: true });
  world.clock.runFor(50);
  assertEquals(codes(leaf), [
    [403, "/other/1"],
    [403, "/other/go"],
    [403, "/other/1"],
    [403, "/other/go"],
    [403, "/other/2"],
    [501, "/old/1"],
  ]);
  assertEquals([...world.router("hub").params()], []);
  assertEquals(clientOf(world, "hub").events, []);
  leaf.bundle(setOf("/old/1", 1), setOf("/old/1", 2), eventOf("/old/go", "e"));
  world.clock.runFor(50);
  assertEquals(held(world, "hub", "/old/1"), "2 r2 of old");
  assertEquals(clientOf(world, "hub").events.map(({ id }) => id), ["e"]);
});

Deno.test("what a legacy leaf says in v0 counts as what it says in v1", () => {
  const { world, leaf } = startSite();
  leaf.sendBytes(encodeV0Frame(setOf("/other/1", 1)));
  leaf.sendBytes(encodeV0Frame(eventOf("/other/go", "e")));
  leaf.sendBytes(encodeV0Frame(setOf("/old/1", 1)));
  leaf.sendBytes(encodeV0Frame(eventOf("/old/go", "e")));
  world.clock.runFor(50);
  assertEquals(codes(leaf), [[403, "/other/1"], [403, "/other/go"]]);
  assertEquals(held(world, "hub", "/old/1"), "1 r1 of old");
  assertEquals(clientOf(world, "hub").events.map(({ address }) => address), ["/old/go"]);
});

Deno.test("a legacy leaf that has declared nothing writes nothing", () => {
  const { world, leaf } = startSite({ leaf: { isShy: true } });
  leaf.set("/old/1", 1);
  leaf.publish("/old/go", "e");
  leaf.bundle(setOf("/old/1", 1));
  leaf.sync("RequestSync", { patterns: ["/old/**"] });
  world.clock.runFor(50);
  assertEquals(codes(leaf).map(([code]) => code), [403, 403, 403, 403]);
  assertEquals([...world.router("hub").params()], []);
  assertEquals(world.router("hub").host.federation?.links(), []);
  leaf.declare();
  leaf.set("/old/1", 1);
  world.clock.runFor(50);
  assertEquals(held(world, "hub", "/old/1"), "1 r1 of old");
});

Deno.test("a legacy leaf and an envelope leaf at one hub see each other's values and events once", () => {
  const site = { id: "a", hubs: ["hub"], namespaces: ["/a/**"] };
  const { world, leaf } = startSite({ others: [site] });
  const client = clientOf(world, "a");
  leaf.send({ type: "SUBSCRIBE", id: 1000, pattern: "/a/**", types: 0xff });
  leaf.set("/old/1", "home");
  leaf.publish("/old/go", "theirs");
  world.clock.runFor(100);
  assertEquals(held(world, "a", "/old/1"), "home r1 of old");
  assertEquals(client.events.map(({ id }) => id), ["theirs"]);
  const own = client.publish("/a/go");
  assertEquals(write(world, "a", "/a/1").kind, "accepted");
  assertEquals(write(world, "a", "/old/1").kind, "accepted");
  world.clock.runFor(100);
  assertEquals(leaf.all("PUBLISH").map(({ value }) => value && decodeValue(value)), [own]);
  assertEquals(leaf.all("SET").map(({ address }) => address), ["/a/1", "/old/1"]);
  assertEquals(held(world, "a", "/old/1"), "a-client:2 r2 of hub");
  assertEquals(held(world, "hub", "/old/1"), "a-client:2 r2 of hub");
});

Deno.test("a SET of a legacy leaf costs one message for each who wants it", () => {
  const { world, leaf } = startSite({
    others: [{ id: "a", hubs: ["hub"], namespaces: ["/a/**"] }],
  });
  let messages = 0;
  world.network.observe(() => messages++);
  for (let count = 0; count < 20; count++) {
    leaf.set("/old/1", count);
    world.clock.runFor(10);
  }
  // To the hub and its answer, its client, the other leaf and its client; and heartbeats.
  assertLess(messages, 20 * 5 + 10);
});

Deno.test("a write to what a legacy leaf owns is decided by the hub, which gives no lock", () => {
  const { world, leaf } = startSite();
  const { host } = world.router("hub");
  const route = host.core.route("/old/1");
  assertEquals(route.kind, "caretaker");
  assertStringIncludes(
    route.kind === "caretaker" ? route.lockRefusal.message : "",
    'its owner "old" speaks the public CLASP protocol',
  );
  leaf.set("/old/1", 1);
  world.clock.runFor(50);
  const stale = clientOf(world, "hub").set("/old/1", { expectedRevision: 7 });
  world.clock.runFor(50);
  assertEquals(stale.answers.map((answer) => answer.kind === "refused" && answer.code), [400]);
  assertEquals(leaf.values.get("/old/1"), 1);
});

Deno.test("a hub that takes care of nobody's namespaces still decides for a legacy leaf", () => {
  const world = startFederation([{ ...HUB, offlineWrites: "reject" }]);
  const leaf = new LegacyLeaf(world, "hub", PUBLIC);
  world.clock.runFor(100);
  assertEquals(write(world, "hub", "/old/1").kind, "accepted");
  assertEquals(leaf.values.get("/old/1"), "hub-client:1");
  leaf.close();
  world.clock.runFor(100);
  const refused = write(world, "hub", "/old/1");
  assertEquals(refused.kind === "refused" && refused.code, 501);
});

Deno.test("a legacy leaf's SET of what another router owns goes to its owner", () => {
  const site = { id: "a", hubs: ["hub"], namespaces: ["/a/**"] };
  const { world, leaf } = startSite({ others: [site], leaf: { namespaces: ["/**"] } });
  leaf.set("/a/1", "x");
  leaf.set("/nobodys/1", "y");
  world.clock.runFor(100);
  assertEquals(held(world, "a", "/a/1"), "x r1 of a");
  assertEquals(held(world, "hub", "/a/1"), "x r1 of a");
  assertEquals(held(world, "a", "/nobodys/1"), "y r1 of old");
  assertEquals(leaf.all("ACK").map(({ address, revision }) => [address, revision]), [
    [undefined, undefined],
    ["/nobodys/1", 1],
    ["/a/1", 1],
  ]);
  // "/**" is what public leaves declare that were told nothing: no claim, nobody else is shut out.
  const other = new LegacyLeaf(world, "hub", { id: "older", namespaces: ["/**"] });
  world.clock.runFor(100);
  assertEquals([other.closes, leaf.all("SET")], [[], []]);
});

Deno.test("RequestSync is answered by SNAPSHOT and SyncComplete, inside what was granted", () => {
  const { world, leaf } = startSite();
  leaf.set("/old/1", 1);
  leaf.set("/old/2", 2);
  leaf.set("/old/2", 3);
  write(world, "hub", "/hub/1");
  leaf.received.length = 0;
  leaf.sync("RequestSync", { patterns: ["/old/*"] });
  leaf.sync("RequestSync", { patterns: ["/old/**"], since: 1 });
  leaf.sync("RequestSync", { patterns: ["/hub/**"] });
  leaf.send({ type: "SUBSCRIBE", id: 1, pattern: "/hub/**", types: 0xff });
  leaf.sync("RequestSync", { patterns: ["/hub/1"] });
  leaf.sync("RequestSync", { patterns: Array(MAX_FEDERATION_PATTERNS + 1).fill("/old/1") });
  world.clock.runFor(50);
  const answers = leaf.received.map((message) => {
    if (message.type === "SNAPSHOT") return message.params.map(({ address }) => address).join(" ");
    if (message.type === "ERROR") return message.code;
    return message.type === "FEDERATION_SYNC" ? message.op : message.type;
  });
  assertEquals(answers, [
    "/old/1 /old/2",
    "SyncComplete",
    "/old/2",
    "SyncComplete",
    403,
    "/hub/1",
    "ACK",
    "/hub/1",
    "SyncComplete",
    400,
  ]);
});

Deno.test("a RevisionVector is answered with what is newer, inside what was granted", () => {
  const { world, leaf } = startSite();
  leaf.set("/old/1", 1);
  leaf.set("/old/2", 2);
  leaf.set("/old/2", 3);
  write(world, "hub", "/hub/1");
  leaf.received.length = 0;
  const revisions = [["/old/1", 1], ["/old/2", 1], ["/old/3", 0], ["/hub/1", 0]] as const;
  leaf.sync("RevisionVector", { revisions });
  leaf.sync("RevisionVector", { revisions: [["/old/1", 1]] });
  world.clock.runFor(50);
  const answers = leaf.received.filter(({ type }) => type !== "PING");
  assertEquals(answers.map(({ type }) => type), ["SNAPSHOT"]);
  assertEquals(leaf.all("SNAPSHOT")[0]?.params.map(({ address }) => address), ["/old/2"]);
});

Deno.test("a legacy leaf that asks faster than it reads is told to wait", () => {
  const { world, leaf } = startSite();
  leaf.set("/old/1", "x".repeat(60_000));
  world.clock.runFor(50);
  world.network.stall("hub", "old");
  for (let count = 0; count < LEGACY_ANSWERS_WAITING_MAX + 20; count++) {
    leaf.sync("RequestSync", { patterns: ["/old/**"] });
  }
  world.clock.runFor(100);
  world.network.resume("hub", "old");
  world.clock.runFor(1_000);
  const refused = codes(leaf).filter(([code]) => code === 429).length;
  const completed = leaf.all("FEDERATION_SYNC").length;
  assert(refused > 0, "some are refused");
  assertEquals(refused + completed, LEGACY_ANSWERS_WAITING_MAX + 20);
});

Deno.test("namespaces of a legacy leaf that conflict are refused with 409, and its link ends", () => {
  const site = { id: "a", hubs: ["hub"], namespaces: ["/a/**"] };
  const { world, leaf } = startSite({ others: [site], leaf: { namespaces: ["/a/**"] } });
  assertEquals(codes(leaf).map(([code]) => code), [409]);
  assertStringIncludes(leaf.closes.join(), '"/a/**" of router "a"');
  assertEquals(world.router("hub").linkState("old"), undefined);
  const late = new LegacyLeaf(world, "hub", PUBLIC);
  world.clock.runFor(50);
  late.declare(["/old/**", "/a/**"]);
  world.clock.runFor(50);
  assertEquals(codes(late).map(([code]) => code), [409]);
  assertEquals(write(world, "a", "/a/1").kind, "accepted");
});

for (const id of ["hub", "a", "old", "below"]) {
  Deno.test(`a legacy leaf cannot be router "${id}", which is connected`, () => {
    const others = [
      { id: "a", hubs: ["hub"], namespaces: ["/a/**"] },
      { id: "below", hubs: ["a"], namespaces: ["/below/**"] },
    ];
    const { world, leaf } = startSite({ others });
    const twin = new LegacyLeaf(world, "hub", { id, namespaces: ["/x/**"], node: "twin" });
    world.clock.runFor(50);
    assertEquals(codes(twin).map(([code]) => code), [409]);
    assertEquals([leaf.closes, twin.closes.length], [[], 1]);
    assertEquals(world.router("hub").linkState("a"), "Active");
  });
}

Deno.test("a legacy leaf is known by its id from the first declaration, else by its session", () => {
  const { world, leaf } = startSite();
  leaf.sync("DeclareNamespaces", { patterns: ["/x/**"], origin: "another" });
  leaf.sync("DeclareNamespaces", { patterns: ["/x/**"], origin: "" });
  leaf.sync("DeclareNamespaces", { patterns: ["/x/**b"] });
  leaf.sync("DeclareNamespaces", { patterns: Array(MAX_FEDERATION_PATTERNS + 1).fill("/old/1") });
  world.clock.runFor(50);
  assertEquals(codes(leaf).map(([code]) => code), [409, 101, 202, 400]);
  leaf.set("/x/1", 1);
  leaf.declare(["/x/**"]);
  leaf.set("/x/1", 1);
  leaf.set("/old/1", 1);
  world.clock.runFor(50);
  assertEquals(codes(leaf).slice(4), [[403, "/x/1"], [403, "/old/1"]]);
  assertEquals(held(world, "hub", "/x/1"), "1 r1 of old");
  const nameless = new LegacyLeaf(world, "hub", { id: undefined, namespaces: ["/less/**"] });
  world.clock.runFor(50);
  nameless.set("/less/1", 1);
  world.clock.runFor(50);
  const session = nameless.all("WELCOME")[0]?.session;
  assertEquals(held(world, "hub", "/less/1"), `1 r1 of ${session}`);
});

Deno.test("a legacy leaf that goes keeps its claims known, and comes back to what was written", () => {
  const { world, leaf } = startSite();
  leaf.set("/old/1", 1);
  world.clock.runFor(50);
  leaf.close();
  world.clock.runFor(50);
  const claim = world.router("hub").host.federation?.claims.ownerOf("/old/1");
  assertEquals([claim?.ownerId, claim?.live], ["old", false]);
  assertEquals(write(world, "hub", "/old/1").kind, "accepted");
  const again = new LegacyLeaf(world, "hub", PUBLIC);
  world.clock.runFor(50);
  assertEquals(again.values.get("/old/1"), "hub-client:1");
  assertEquals(world.router("hub").linkState("old"), "Active");
});

Deno.test("a legacy leaf that answers no PING is given up", () => {
  const { world, leaf } = startSite();
  world.clock.runFor(20_000);
  assertEquals(world.router("hub").linkState("old"), "Active");
  leaf.isAlive = false;
  world.clock.runFor(9_000);
  assertEquals(world.router("hub").linkState("old"), undefined);
  assertEquals(leaf.closes, ["No answer to 3 heartbeats"]);
});

Deno.test("an envelope leaf takes the place of a legacy leaf with its id", () => {
  const { world, leaf } = startSite();
  world.addRouter({ id: "old", hubs: ["hub"], namespaces: ["/old/**"] }).start();
  awaitActive(world);
  assertStringIncludes(leaf.closes.join(), "Superseded");
});

Deno.test("what was stamped for a legacy leaf is raised when its hub gets to know the time", () => {
  const world = new SimWorld();
  world.addRouter({ id: "mid", hubs: ["hub"] }).start();
  const leaf = new LegacyLeaf(world, "mid", PUBLIC);
  world.clock.runFor(100);
  leaf.set("/old/1", 1);
  world.clock.runFor(1_000);
  leaf.set("/old/1", 2);
  world.clock.runFor(100);
  const before = world.router("mid").version("/old/1")?.timestampMicros ?? 0;
  world.addRouter({ id: "hub" }).start();
  awaitActive(world);
  const version = world.router("hub").version("/old/1");
  assertEquals(held(world, "hub", "/old/1"), "2 r2 of old");
  assert((version?.timestampMicros ?? 0) - before > 900_000, "raised by the second in between");
  assertEquals([leaf.closes, world.router("mid").linkState("old")], [[], "Active"]);
});

Deno.test("a bundle of a legacy leaf that would exceed the params allowed is refused, expired ones or not", () => {
  const world = startFederation([{ ...HUB, core: { paramsMax: 3 } }]);
  const leaf = new LegacyLeaf(world, "hub", PUBLIC);
  world.clock.runFor(100);
  const ttl = encodeTtl({ kind: "absolute", seconds: 1 });
  for (const n of [1, 2, 3]) leaf.send({ ...setOf(`/old/${n}`, n), ttl });
  world.clock.runFor(5_000);
  const sets = [1, 2, 3, 4].map((n) => setOf(`/old/${n}`, "again"));
  leaf.bundle(...sets);
  world.clock.runFor(50);
  assertEquals(codes(leaf).map(([, address]) => address), ["/old/4"]);
  assertEquals(held(world, "hub", "/old/1"), "gone r1 of old");
  leaf.bundle(...sets.slice(0, 3), setOf("/old/1", "twice"));
  world.clock.runFor(50);
  assertEquals(codes(leaf).length, 1);
  assertEquals(held(world, "hub", "/old/1"), "twice r3 of old");
});

Deno.test("a legacy leaf is shown nothing of what routers tell about themselves", () => {
  const plans = [{ id: "top" }, { id: "hub", hubs: ["top"], namespaces: ["/hub/**"] }];
  const world = startFederation(plans.map((plan) => ({ ...plan, showsLinks: true })));
  world.clock.runFor(100);
  write(world, "hub", "/hub/1");
  for (const address of ["/clasp/federation/link", "/clasp/federation/peers/hub"]) {
    assert(world.router("hub").version(address) !== undefined, address);
  }
  const leaf = new LegacyLeaf(world, "hub", { id: "old", namespaces: ["/**"] });
  world.clock.runFor(100);
  leaf.sync("RequestSync", { patterns: ["/**"] });
  leaf.sync("RequestSync", { patterns: ["/clasp/federation/link"] });
  leaf.sync("RevisionVector", { revisions: [["/clasp/federation/link", 0], ["/hub/1", 0]] });
  for (const [index, pattern] of ["/**", "/clasp/federation/link"].entries()) {
    leaf.send({ type: "SUBSCRIBE", id: index, pattern, types: 0 });
  }
  world.clock.runFor(100);
  const shown = leaf.all("SNAPSHOT").map(({ params }) => params.map(({ address }) => address));
  // At WELCOME, for both requests, for the vector, and for the first SUBSCRIBE.
  assertEquals(shown, [["/hub/1"], ["/hub/1"], [], ["/hub/1"], ["/hub/1"]]);
  leaf.send({ type: "GET", address: "/clasp/federation/link" });
  world.clock.runFor(100);
  assertEquals(codes(leaf), [[201, "/clasp/federation/link"]]);
});

Deno.test("a legacy leaf that speaks the envelope is told what it would have to say first", () => {
  const { world, leaf } = startSite();
  const sync = { type: "FEDERATION_SYNC" } as const;
  const messages: readonly Message[] = [
    { ...sync, op: "Time", timeMicros: 1 },
    { ...sync, op: "LinkAck", events: 1 },
    {
      ...sync,
      op: "Lease",
      kind: "renew",
      origin: "old",
      bootId: 1,
      sentMicros: 1,
      hops: 0,
      entries: [],
    },
    { ...sync, op: "Forward", kind: "update", origin: "old", count: 1 },
    {
      ...sync,
      op: "Digest",
      exchangeId: 1,
      more: false,
      idle: true,
      groups: [],
      lists: [],
      wants: [],
    },
  ];
  for (const message of messages) leaf.send(message);
  world.clock.runFor(50);
  const errors = leaf.all("ERROR");
  assertEquals(errors.map(({ code }) => code), [403, 403, 403, 403, 403]);
  for (const { message } of errors) assertStringIncludes(message, "envelope features");
  assertEquals(world.router("hub").linkState("old"), "Active");
});
