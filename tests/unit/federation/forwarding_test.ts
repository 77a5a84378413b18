import type { Message } from "../../../src/wire/message.ts";
import { SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater } from "../../support/assert.ts";
import { codeOf, set, type TestConnection } from "../router/test_router.ts";
import type { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";

const EVENT: Message = {
  type: "PUBLISH",
  address: "/b/go",
  signal: SIGNAL.event,
  phase: 0,
  value: encodeValue(1),
};

/** Two sites below a hub, all of them Active. */
function setUp(
  options: { readonly imports?: readonly string[]; readonly latencyMicros?: number } = {},
): {
  readonly network: TestNetwork;
  readonly hub: FederationNode;
  readonly a: FederationNode;
  readonly b: FederationNode;
} {
  const network = new TestNetwork();
  network.latencyMicros = options.latencyMicros ?? 0;
  const hub = network.add({ routerId: "hub" });
  const a = network.add({ routerId: "a", hub: "hub", namespaces: ["/a/**"] });
  const b = network.add({
    routerId: "b",
    hub: "hub",
    namespaces: ["/b/**"],
    ...(options.imports === undefined ? {} : { imports: options.imports }),
  });
  network.advance(1_000);
  assertEquals([a.linkState(), b.linkState()], ["Active", "Active"]);
  network.takeTrace();
  return { network, hub, a, b };
}

Deno.test("a write at its owner is acknowledged at once and reaches the other site in two messages", () => {
  const { network, a, b } = setUp();
  const [writer, reader] = [a.client(), b.client()];
  reader.subscribe("/a/**");
  assertEquals(writer.ask(set("/a/x", 1)).type, "ACK");
  network.settle();
  assertEquals(network.takeTrace(), [
    "a > hub: update x1 a",
    "a > hub: SET /a/x",
    "hub > b: update x1 a",
    "hub > b: SET /a/x",
  ]);
  const change = reader.readOne();
  assertEquals(change.type === "SET" && [change.address, change.revision], ["/a/x", 1]);
  assertEquals(b.core.params.get("/a/x"), a.core.params.get("/a/x"));
});

Deno.test("a write at another site is decided by the owner, and answered after it was merged", () => {
  const { network, hub, a, b } = setUp();
  const writer = b.client();
  a.client().ask(set("/a/x", 1));
  network.settle();
  network.takeTrace();
  writer.send(set("/a/x", 2, { revision: 1 }));
  network.settle();
  assertEquals(network.takeTrace(), [
    "b > hub: request x1 b",
    "b > hub: SET /a/x",
    "hub > a: request x1 b",
    "hub > a: SET /a/x",
    "a > hub: reply x1 b",
    "a > hub: SET /a/x",
    "hub > b: reply x1 b",
    "hub > b: SET /a/x",
  ]);
  const answer = writer.readOne();
  assertEquals(answer.type === "ACK" && answer.revision, 2);
  for (const node of [hub, a, b]) assertEquals(node.core.params.get("/a/x")?.origin, "a");
  writer.send(set("/a/x", 3, { revision: 1 }));
  network.settle();
  assertEquals(codeOf(writer.readOne()), 400);
});

Deno.test("a client reads its own write, also one that its owner has not answered yet", () => {
  const { network, a, b } = setUp();
  a.client().ask(set("/a/x", 1));
  network.settle();
  const client = b.client();
  client.send(set("/a/x", 2));
  client.send({ type: "GET", address: "/a/x" });
  network.settle();
  const [ack, snapshot] = client.read();
  assertEquals(ack?.type, "ACK");
  assertEquals(snapshot?.type === "SNAPSHOT" && snapshot.params[0]?.revision, 2);
  client.send(set("/a/x", 3, { revision: 1 }));
  client.send({ type: "GET", address: "/a/x" });
  network.settle();
  assertEquals(client.read().map(({ type }) => type), ["ERROR", "SNAPSHOT"]);
});

Deno.test("what nobody claims is decided by the root and mirrored everywhere", () => {
  const { network, hub, a, b } = setUp();
  const writer = a.client();
  writer.send(set("/shared/x", 1));
  network.settle();
  assertEquals(writer.readOne().type, "ACK");
  for (const node of [hub, a, b]) {
    assertEquals(node.core.params.get("/shared/x")?.origin, "hub");
  }
});

Deno.test("an event reaches every site once and does not come back", () => {
  const { network, hub, a, b } = setUp();
  const clients = [hub, a, b].map((node) => node.client());
  for (const client of clients) client.subscribe("/b/go");
  const sender = a.client();
  sender.subscribe("/**");
  assertEquals(sender.ask(EVENT).type, "ACK");
  network.settle();
  assertEquals(clients.map((client) => client.read().length), [1, 1, 1]);
  assertEquals(sender.read(), []);
  assertEquals(network.takeTrace().length, 4);
});

Deno.test("a site that imports less is told of that only, and of what it owns", () => {
  const { network, a, b } = setUp({ imports: ["/a/wanted/**"] });
  const writer = a.client();
  for (const address of ["/a/wanted/x", "/a/other", "/b/x"]) writer.send(set(address, 1));
  network.settle();
  assertEquals(
    ["/a/wanted/x", "/a/other", "/b/x"].map((at) => b.core.params.get(at)?.revision),
    [1, undefined, 1],
  );
});

Deno.test("a site that comes back unchanged is sent no version, one with a change just that", () => {
  const { network, hub, a, b } = setUp();
  const writer = a.client();
  for (let n = 0; n < 300; n++) writer.ask(set(`/a/${n}`, n));
  network.settle();
  const versionsSent = (): string[] =>
    network.takeTrace().filter((line) => line.includes("SET ") || line.includes("list"));
  versionsSent();
  network.cut(hub, a);
  network.advance(1_000);
  assertEquals([a.linkState(), versionsSent()], ["Active", []]);
  network.cut(hub, a);
  writer.ask(set("/a/7", "changed"));
  network.advance(1_000);
  const sent = versionsSent();
  assertEquals(sent.filter((line) => line.includes("SET ")), [
    "a > hub: SET /a/7",
    "hub > b: SET /a/7",
  ]);
  assert(sent.length <= 4, sent.join("\n"));
  assertEquals(b.core.params.get("/a/7")?.value, encodeValue("changed"));
});

Deno.test("states are compared again at every sync interval while the link is up", () => {
  const { network } = setUp();
  network.advance(1_000);
  network.takeTrace();
  network.advance(61_000);
  const compared = network.takeTrace().filter((line) => line.includes("Digest root"));
  assertEquals(compared.filter((line) => line.startsWith("hub > a")).length, 2);
  assertEquals(compared.filter((line) => line.startsWith("hub > b")).length, 2);
});

Deno.test("both sides of a cut go on, and agree when it heals", () => {
  const { network, hub, a, b } = setUp();
  const [atA, atB] = [a.client(), b.client()];
  atA.ask(set("/a/x", "before"));
  network.settle();
  network.cut(hub, a);
  assertEquals(atA.ask(set("/a/x", "meanwhile")).type, "ACK");
  assertEquals(atB.ask(set("/b/x", "meanwhile")).type, "ACK");
  network.advance(10);
  atB.send(set("/a/x", "later, by a caretaker"));
  network.settle();
  assertEquals(atB.readOne().type, "ACK");
  assertEquals(hub.core.params.get("/a/x")?.origin, "hub");
  network.advance(1_000);
  assertEquals(a.linkState(), "Active");
  for (const node of [hub, a, b]) {
    assertEquals(node.core.params.get("/a/x")?.value, encodeValue("later, by a caretaker"));
    assertEquals(node.core.params.get("/b/x")?.value, encodeValue("meanwhile"));
  }
});

Deno.test("a site that restarts empty takes its own versions back", () => {
  const { network, hub, a } = setUp();
  const writer = a.client();
  for (let n = 0; n < 3; n++) writer.ask(set("/a/x", n));
  network.settle();
  network.remove(a);
  const again = network.add({ routerId: "a", hub: "hub", namespaces: ["/a/**"] });
  network.settle();
  assertEquals(again.core.params.get("/a/x"), hub.core.params.get("/a/x"));
  const client = again.client();
  const answer = client.ask(set("/a/x", 9));
  assertEquals(answer.type === "ACK" && answer.revision, 4);
});

Deno.test("a hub that restarts empty gets everything back from its sites", () => {
  const { network, hub, a, b } = setUp();
  for (const [node, at] of [[a, "/a/x"], [b, "/b/x"], [b, "/shared"]] as const) {
    ask(network, node.client(), set(at, 1));
  }
  network.remove(hub);
  const again = network.add({ routerId: "hub" });
  network.advance(1_000);
  assertEquals(
    ["/a/x", "/b/x", "/shared"].map((at) => again.core.params.get(at)?.origin),
    ["a", "b", "hub"],
  );
});

Deno.test("versions that conflict are raised, and every router ends with the same one", () => {
  const { network, hub, a, b } = setUp();
  const client = a.client();
  client.subscribe("/a/**");
  // The hub holds a version with a high revision that is older than what the site writes next.
  network.cut(hub, a);
  const from = { paramChanged: () => {}, published: () => {} };
  hub.core.params.merge("/a/x", {
    value: encodeValue("stale"),
    revision: 50,
    timestampMicros: 5,
    origin: "x",
    ttl: 0,
  }, { from });
  client.send(set("/a/x", "fresh"));
  network.advance(1_000);
  for (const node of [hub, a, b]) {
    const version = node.core.params.get("/a/x");
    assertEquals([version?.value, version?.revision], [encodeValue("fresh"), 51]);
  }
  const revisions = client.read().flatMap((message) =>
    message.type === "SET" ? [message.revision] : []
  );
  assertEquals(revisions, [1, 51]);
});

Deno.test("three levels: claims, writes and state go through the router between", () => {
  const network = new TestNetwork();
  network.latencyMicros = 1_000;
  const root = network.add({ routerId: "root" });
  const middle = network.add({ routerId: "middle", hub: "root", namespaces: ["/m/**"] });
  const below = network.add({ routerId: "below", hub: "middle", namespaces: ["/m/below/**"] });
  const other = network.add({ routerId: "other", hub: "root", namespaces: ["/o/**"] });
  network.advance(2_000);
  assertEquals(below.federation.path, ["below", "middle", "root"]);
  for (const node of [root, middle, below, other]) {
    const owners = ["/m/below/x", "/m/x", "/o/x"].map((at) =>
      node.federation.claims.ownerOf(at)?.ownerId
    );
    assertEquals(owners, ["below", "middle", "other"], node.routerId);
  }
  assertEquals(ask(network, other.client(), set("/m/below/x", 1)).type, "ACK");
  assertEquals(ask(network, below.client(), set("/o/x", 1)).type, "ACK");
  network.settle();
  for (const node of [root, middle, below, other]) {
    assertEquals(node.core.params.get("/m/below/x")?.origin, "below");
    assertEquals(node.core.params.get("/o/x")?.origin, "other");
  }
  // Owner unreachable two links away: the last router on the way decides.
  network.remove(below);
  network.settle();
  assertEquals(ask(network, other.client(), set("/m/below/x", 2)).type, "ACK");
  network.settle();
  for (const node of [root, middle, other]) {
    assertEquals(node.core.params.get("/m/below/x")?.origin, "middle");
  }
});

Deno.test("half of the round trip is taken off an event's life on each link", () => {
  const { network, a } = setUp({ latencyMicros: 50_000 });
  a.client().send(EVENT);
  network.settle();
  const lives = network.trace.flatMap(({ message }) =>
    message.type === "FEDERATION_SYNC" && message.op === "Forward" && message.kind === "event"
      ? message.entries.map(({ remainingLifeMs }) => remainingLifeMs)
      : []
  );
  assertEquals(lives.length, 2);
  const [first = 0, second = 0] = lives;
  assertGreater(first, second + 40);
});

Deno.test("a burst of writes in one turn leaves as one message", () => {
  const { network, a } = setUp();
  const writer = a.client();
  for (let n = 0; n < 100; n++) writer.send(set(`/a/${n}`, n));
  a.flush();
  const actions = a.port.take().filter(({ kind, connection }) =>
    kind === "send" && connection !== writer.id
  );
  assertEquals(actions.length, 1);
  assert(network.trace.length === 0);
});

/** Sends, lets the answer come, and returns it. */
function ask(network: TestNetwork, client: TestConnection, message: Message): Message {
  client.send(message);
  network.settle();
  return client.readOne();
}
