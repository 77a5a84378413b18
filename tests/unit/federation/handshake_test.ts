import {
  HANDSHAKE_TIMEOUT_SECONDS,
  LEGACY_DECLARE_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  NEWCOMER_WAIT_MS,
  PATH_ROUTERS_MAX,
} from "../../../src/limits.ts";
import { FEATURE } from "../../../src/wire/message.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { codeOf } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";
import {
  answerSyncs,
  connectPeer,
  declaration,
  dialledHub,
  forwardVersion,
  greetedHub,
  namespaceSync,
  peerHello,
  peerWelcome,
  registerHub,
  registerLeaf,
} from "./test_peer.ts";

Deno.test("a leaf and a hub greet, measure, declare, subscribe and sync in this order", () => {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  const leaf = network.add({ routerId: "leaf", hub: "hub", namespaces: ["/site-a/**"] });
  network.settle();
  assertEquals(network.takeTrace(), [
    "leaf > hub: HELLO",
    "hub > leaf: WELCOME",
    "leaf > hub: SYNC",
    "hub > leaf: SYNC answered",
    "leaf > hub: SYNC",
    "hub > leaf: SYNC answered",
    "leaf > hub: SYNC",
    "hub > leaf: SYNC answered",
    "leaf > hub: DeclareNamespaces /site-a/**",
    "hub > leaf: ACK",
    "hub > leaf: SUBSCRIBE /**",
    "hub > leaf: SUBSCRIBE /site-a/**",
    "hub > leaf: SYNC",
    "hub > leaf: DeclareNamespaces /**",
    "leaf > hub: SUBSCRIBE /**",
    "leaf > hub: RequestSync /**",
    "leaf > hub: SYNC",
    "leaf > hub: SYNC answered",
    "hub > leaf: SYNC answered",
    "hub > leaf: Digest root of 0",
    "leaf > hub: Digest idle",
    "hub > leaf: SyncComplete /**",
    "hub > leaf: Digest idle",
    "leaf > hub: SyncComplete /**",
  ]);
  assertEquals([hub.linkState("leaf"), leaf.linkState()], ["Active", "Active"]);
  assertEquals(statesOf(leaf), ["Connecting", "Handshaking", "Syncing", "Active"]);
});

Deno.test("a link is Active on each side only with its SyncComplete and an answered round trip", () => {
  for (const first of ["sync", "round trip"]) {
    const hub = new FederationNode({ routerId: "hub" });
    const leaf = connectPeer(hub);
    leaf.send(peerHello("leaf"));
    leaf.send(declaration("leaf", []));
    const sync = leaf.read().find((message) => message.type === "SYNC");
    assert(sync?.type === "SYNC");
    const steps = {
      sync: () => leaf.send(namespaceSync("SyncComplete", ["/**"])),
      "round trip": () => leaf.send({ type: "SYNC", t1: sync.t1, t2: 1, t3: 1 }),
    };
    steps[first === "sync" ? "sync" : "round trip"]();
    assertEquals(hub.linkState("leaf"), "Syncing", first);
    steps[first === "sync" ? "round trip" : "sync"]();
    assertEquals(hub.linkState("leaf"), "Active", first);
  }
});

Deno.test("a leaf is not Active before the hub's SyncComplete", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = greetedHub(leaf, "hub");
  answerSyncs(hub);
  hub.send({ type: "ACK" }, declaration("hub", []));
  answerSyncs(hub);
  assertEquals(leaf.linkState(), "Syncing");
  hub.send(namespaceSync("SyncComplete", ["/**"]));
  assertEquals(leaf.linkState(), "Active");
});

Deno.test("HELLO and WELCOME carry the routers' facts and the envelope feature", () => {
  const network = new TestNetwork();
  network.add({ routerId: "hub", router: { bootId: 5 } });
  network.add({ routerId: "leaf", hub: "hub", token: "t", features: FEATURE.event });
  network.settle();
  const [hello, welcome] = network.trace.map(({ message }) => message);
  assert(hello?.type === "HELLO" && welcome?.type === "WELCOME");
  assertEquals(hello.features, FEATURE.event | FEATURE.federation | FEATURE.envelope);
  assertEquals([hello.token, hello.router?.routerId, hello.router?.timed], ["t", "leaf", false]);
  assertEquals(welcome.features, hello.features);
  assertEquals(
    [welcome.router?.routerId, welcome.router?.bootId, welcome.router?.timed],
    ["hub", 5, true],
  );
});

Deno.test("a handshake that does not get on ends after 10 s, on either side", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const silentHub = greetedHub(leaf, "hub");
  leaf.advance(HANDSHAKE_TIMEOUT_SECONDS * 1_000);
  assert(silentHub.closed !== undefined);

  const hub = new FederationNode({ routerId: "hub" });
  const silentLeaf = connectPeer(hub);
  silentLeaf.send(peerHello("leaf"));
  for (let second = 0; second < HANDSHAKE_TIMEOUT_SECONDS; second++) {
    assertEquals(silentLeaf.closed, undefined);
    hub.advance(1_000);
    hub.flush();
    answerSyncs(silentLeaf);
  }
  assertStringIncludes(silentLeaf.closed?.reason ?? "", "handshake");
});

Deno.test("a link that is up outlives the handshake's time", () => {
  const network = new TestNetwork();
  network.add({ routerId: "hub" });
  const leaf = network.add({ routerId: "leaf", hub: "hub" });
  network.advance(60_000);
  assertEquals(leaf.linkState(), "Active");
  assertEquals(statesOf(leaf), ["Connecting", "Handshaking", "Syncing", "Active"]);
});

Deno.test("three unanswered heartbeats end a link; answered ones do not", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  const seconds = (count: number, answer: boolean) => {
    for (let n = 0; n < count; n++) {
      hub.advance(1_000);
      hub.flush();
      if (answer) answerSyncs(leaf);
    }
  };
  seconds(20, true);
  seconds(7, false);
  assertEquals(leaf.closed, undefined);
  seconds(1, false);
  assertStringIncludes(leaf.closed?.reason ?? "", "3 heartbeats");
  assertEquals(hub.linkState("leaf"), undefined);
});

Deno.test("a router that is no clasp-fed hub makes the uplink Failed, and it is not dialled again", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = dialledHub(leaf);
  hub.send({
    type: "WELCOME",
    version: 1,
    features: FEATURE.param,
    timeMicros: 0,
    session: "s",
    name: "public",
  });
  assertEquals(leaf.linkState(), "Handshaking");
  leaf.advance(LEGACY_DECLARE_TIMEOUT_MS);
  assertEquals(leaf.linkState(), "Failed");
  assertStringIncludes(leaf.federation.uplink?.reason ?? "", "--features federation");
  leaf.port.take();
  leaf.advance(120_000);
  assertEquals(leaf.port.take(), []);
});

Deno.test("a rejected token makes the uplink Failed, a hub that is full does not", () => {
  for (const [code, state] of [[300, "Failed"], [302, "Failed"], [503, "Disconnected"]] as const) {
    const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
    const hub = greetedHub(leaf, "hub");
    hub.send({ type: "ERROR", code, message: "no" });
    assertEquals(leaf.linkState(), state, `${code}`);
    assertEquals(leaf.federation.uplink?.reason, `${code}: no`);
  }
});

Deno.test("the claim of a leaf that another router has is refused with 409, naming both", () => {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  const first = network.add({ routerId: "first", hub: "hub", namespaces: ["/a/**"] });
  network.settle();
  const second = network.add({ routerId: "second", hub: "hub", namespaces: ["/a/**"] });
  network.settle();
  assertEquals(
    [first.linkState(), second.linkState(), hub.linkState("second")],
    ["Active", "Disconnected", undefined],
  );
  for (const word of ["409", '"first"', '"second"', "/a/**"]) {
    assertStringIncludes(second.federation.uplink?.reason ?? "", word);
  }
  // When the first is gone, the second gets it.
  network.remove(first);
  network.advance(40_000);
  assertEquals(second.linkState(), "Active");
  assertEquals(hub.federation.claims.ownerOf("/a/1")?.ownerId, "second");
});

Deno.test("a conflict of a router below a leaf does not take the leaf's own link down", () => {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  const middle = network.add({ routerId: "middle", hub: "hub", namespaces: ["/m/**"] });
  network.settle();
  // Both are declared before either router has heard of the other's.
  network.latencyMicros = 10_000;
  registerLeaf(hub, "other", ["/x/**"]);
  const below = registerLeaf(middle, "below", ["/x/**", "/m/below/**"]);
  network.settle();
  assert(network.takeTrace().includes("hub > middle: ERROR 409"));
  assertEquals([middle.linkState(), hub.linkState("middle")], ["Active", "Active"]);
  // Its owner hears of it, and both routers know one owner.
  assert(below.read().some((message) => codeOf(message) === 409));
  assert(below.closed !== undefined);
  for (const node of [hub, middle]) {
    assertEquals(
      ["/x/1", "/m/1"].map((at) => node.federation.claims.ownerOf(at)?.ownerId),
      ["other", "middle"],
    );
  }
});

Deno.test("ERROR 409 about a pattern leaves the link, without one it ends it", () => {
  for (const [address, state] of [["/x/**", "Active"], [undefined, "Disconnected"]] as const) {
    const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
    const hub = registerHub(leaf, "hub");
    hub.send({ type: "ERROR", code: 409, message: "conflict", address });
    assertEquals(leaf.linkState(), state);
  }
});

Deno.test("a hub tells a leaf which claim of a router below it was left out, and keeps the rest", () => {
  const hub = new FederationNode({ routerId: "hub", namespaces: ["/x/**"] });
  const leaf = connectPeer(hub);
  leaf.send(peerHello("leaf"));
  leaf.read();
  const answers = leaf.ask(declaration("leaf", ["/a/**", "/x/**", "/b/**"], {
    claims: [
      { ownerId: "leaf", live: true },
      { ownerId: "below", live: true },
      { ownerId: "below", live: true },
    ],
  }));
  const error = answers.find((message) => message.type === "ERROR");
  assert(error?.type === "ERROR");
  assertEquals([error.code, error.address], [409, "/x/**"]);
  assertEquals(leaf.closed, undefined);
  assertEquals(
    ["/a/1", "/b/1", "/x/1"].map((at) => hub.federation.claims.ownerOf(at)?.ownerId),
    ["leaf", "below", "hub"],
  );
});

Deno.test("a leaf that is above its hub closes the link, reason ring", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  hub.send(declaration("hub", [], { path: ["hub", "leaf", "root"] }));
  assertEquals(leaf.linkState(), "Disconnected");
  assertStringIncludes(leaf.federation.uplink?.reason ?? "", "ring");
});

Deno.test("a leaf whose hub has its own id closes the link, reason ring", () => {
  const leaf = new FederationNode({ routerId: "same", hub: "hub" });
  greetedHub(leaf, "same");
  assertEquals(leaf.linkState(), "Disconnected");
  assertStringIncludes(leaf.federation.uplink?.reason ?? "", "ring");
});

Deno.test("a leaf with the hub's id is refused with 409", () => {
  const hub = new FederationNode({ routerId: "same" });
  const leaf = connectPeer(hub);
  assertEquals(leaf.ask(peerHello("same")).map(codeOf), [409]);
  assertEquals(leaf.closed?.code, 1008);
});

Deno.test("a path to the root may be so long that this router still fits it", () => {
  for (
    const [length, state] of [[PATH_ROUTERS_MAX - 1, "Active"], [
      PATH_ROUTERS_MAX,
      "Disconnected",
    ]] as const
  ) {
    const middle = new FederationNode({ routerId: "middle", hub: "hub" });
    const hub = registerHub(middle, "hub");
    const below = registerLeaf(middle, "below", []);
    const path = Array.from({ length }, (_, n) => `r${n}`);
    hub.send(declaration("hub", ["/a/**"], { path }));
    assertEquals(middle.linkState(), state);
    const told = below.read().some((message) =>
      message.type === "FEDERATION_SYNC" && message.op === "DeclareNamespaces" &&
      message.declare?.path.length === length + 1
    );
    assertEquals(told, state === "Active");
  }
});

Deno.test("a router id that is empty or too long in bytes is refused on both sides", () => {
  for (const routerId of ["", "é".repeat(65)]) {
    const hub = new FederationNode({ routerId: "hub" });
    const leaf = connectPeer(hub);
    assertEquals(leaf.ask(peerHello(routerId)).map(codeOf), [101]);
    assert(leaf.closed !== undefined);
    const dialler = new FederationNode({ routerId: "leaf", hub: "hub" });
    greetedHub(dialler, routerId);
    assertEquals(dialler.linkState(), "Disconnected");
  }
});

Deno.test("the same router id on a new connection replaces the old one that does not answer", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const old = registerLeaf(hub, "leaf", ["/a/**"]);
  const fresh = connectPeer(hub);
  fresh.send(peerHello("leaf"));
  hub.advance(NEWCOMER_WAIT_MS);
  fresh.send(declaration("leaf", ["/b/**"]));
  assertStringIncludes(old.closed?.reason ?? "", "Superseded");
  assertEquals(fresh.closed, undefined);
  old.send(...forwardVersion("update", "/a/1"));
  assertEquals(hub.core.params.size, 0);
  assertEquals(
    ["/a/1", "/b/1"].map((at) => hub.federation.claims.ownerOf(at)?.live),
    [undefined, true],
  );
});

Deno.test("a second declaration replaces the first, and says so to the other leaves once", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const watcher = registerLeaf(hub, "watcher", []);
  const leaf = registerLeaf(hub, "leaf", ["/a/**"]);
  watcher.read();
  leaf.send(declaration("leaf", ["/b/**"]));
  const declared = watcher.read().map((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "DeclareNamespaces" && message.patterns
  );
  assertEquals(declared, [["/**", "/b/**"]]);
  leaf.send(declaration("leaf", ["/b/**"]));
  assertEquals(watcher.read(), [], "nothing new");
  assertEquals(hub.federation.claims.ownerOf("/a/1"), undefined);
});

Deno.test("before it declared, a leaf is refused whatever else it says", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = connectPeer(hub);
  leaf.send(peerHello("leaf"));
  leaf.read();
  for (
    const message of [
      namespaceSync("RequestSync", ["/**"]),
      { type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff },
      { type: "GET", address: "/a" },
    ] as const
  ) {
    assertEquals(leaf.ask(message).map(codeOf), [403], message.type);
  }
  assertEquals(leaf.ask({ type: "PING" }), [{ type: "PONG" }]);
});

Deno.test("a sync outside what a leaf declared or subscribed is refused with 403", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", ["/a/**"]);
  leaf.send({ type: "SUBSCRIBE", id: 1, pattern: "/s/*", types: 0xff });
  for (
    const [pattern, answer] of [
      ["/a/**", "Digest"],
      ["/a/x", "Digest"],
      [
        "/s/1",
        "Digest",
      ],
      ["/s/**", 403],
      ["/**", 403],
      ["/b", 403],
      ["b", 202],
    ] as const
  ) {
    const [got] = leaf.ask(namespaceSync("RequestSync", [pattern]));
    assert(got !== undefined);
    assertEquals(got.type === "FEDERATION_SYNC" ? got.op : codeOf(got), answer, pattern);
  }
});

Deno.test("bytes that are no CLASP end the link, which starts anew", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  hub.core.received(leaf.id, Uint8Array.of(1, 2, 3, 4), hub.nowMicros);
  assertEquals(leaf.read().map(codeOf), [100]);
  assertEquals(leaf.closed?.code, 1002);
});

Deno.test("the leaf takes the hub's time before it declares", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub", namespaces: ["/a/**"] });
  const hub = greetedHub(leaf, "hub");
  assertEquals(leaf.federation.clock.timed, false);
  const [declared] = answerSyncs(hub);
  assert(declared?.type === "FEDERATION_SYNC");
  assertEquals(leaf.federation.clock.timed, true);
  assertEquals(leaf.core.timeMicros(), 5_000_000);
});

Deno.test("a hub without the envelope feature that answers no declaration does not federate", () => {
  const welcome = peerWelcome("hub");
  assert(welcome.type === "WELCOME");
  const { router: _, ...rest } = welcome;
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = dialledHub(leaf);
  hub.send({ ...rest, features: FEATURE.param | FEATURE.federation });
  assertEquals(leaf.linkState(), "Handshaking");
  leaf.advance(LEGACY_DECLARE_TIMEOUT_MS);
  assertEquals(leaf.linkState(), "Failed");
  assertStringIncludes(leaf.federation.uplink?.reason ?? "", "No federation at the other side");
});

Deno.test("a hub says WELCOME once, and nothing of it counts before", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = dialledHub(leaf);
  const [early] = hub.ask(declaration("hub", ["/a/**"]));
  assert(early?.type === "ERROR");
  assertEquals([early.code, leaf.federation.claims.size], [403, 0]);
  assertStringIncludes(early.message, "WELCOME first");
  hub.send(peerWelcome("hub"));
  answerSyncs(hub);
  const [second] = hub.ask(peerWelcome("another"));
  assert(second?.type === "ERROR");
  assertEquals([second.code, leaf.federation.hubLink?.routerId], [101, "hub"]);
  assertEquals(hub.closed, undefined);
});

Deno.test("a message that is too long to be read ends a link, for what it held is lost", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", ["/a/**"]);
  hub.core.received(leaf.id, new Uint8Array(MESSAGE_BYTES_MAX + 1), hub.nowMicros);
  const [error] = leaf.read();
  assert(error?.type === "ERROR");
  assertEquals([error.code, leaf.closed?.code], [100, 1009]);
});

Deno.test("an ACK is not answered before the leaf has declared", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = connectPeer(hub);
  leaf.send(peerHello("leaf"));
  leaf.read();
  assertEquals(leaf.ask({ type: "ACK" }), []);
});

function statesOf(node: FederationNode): string[] {
  return node.events.flatMap((event) => event.type === "stateChanged" ? [event.state] : []);
}
