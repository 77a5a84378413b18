import {
  P2P_LIFE_MS,
  P2P_SESSIONS_MAX,
  P2P_WAITING_MAX,
  P2P_WAITING_PER_SESSION_MAX,
} from "../../../src/limits.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { type Message, type PublishMessage, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLess, assertStringIncludes } from "../../support/assert.ts";
import { hello, type TestConnection } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";
import { registerHub, registerLeaf, type TestPeer } from "./test_peer.ts";

const CONFIRM = { qos: QOS.confirm } as const;

interface Guest {
  readonly id: string;
  readonly client: TestConnection;
}

Deno.test("an announce and the signals after it pass between sites, each to its session only", () => {
  const { network, a, b, c } = sites();
  const [alice, bob] = [guest(a, "alice"), guest(c, "bob")];
  const others = [guest(a, "o1"), guest(b, "o2"), guest(c, "o3")];
  for (const { client } of others) client.subscribe("/**");
  bob.client.subscribe("/clasp/p2p/announce");
  network.settle();
  alice.client.send(announce(alice));
  network.settle();
  assertEquals(bob.client.read().map(addressOf), ["/clasp/p2p/announce"]);
  for (const { client } of [alice, ...others]) client.read();
  const offer = signal(alice, { type: "offer", from: bob.id, sdp: "v=0" });
  bob.client.sendBytes(encodeFrame(offer, CONFIRM));
  network.settle();
  assertEquals(bob.client.read().map(({ type }) => type), ["ACK"]);
  assertEquals(alice.client.readBytes(), [encodeFrame(offer, CONFIRM)]);
  // Who was signalled to finds the way back, though the other never announced itself.
  alice.client.send(signal(bob, { type: "answer", from: alice.id }), CONFIRM);
  network.settle();
  assertEquals(alice.client.read().map(({ type }) => type), ["ACK"]);
  assertEquals(bob.client.read().map(addressOf), [`/clasp/p2p/signal/${bob.id}`]);
  for (const { client } of others) assertEquals(client.read(), []);
});

Deno.test("a signal travels on the links to its session only", () => {
  const { network, a, c } = sites();
  const [alice, bob] = [guest(a, "alice"), guest(c, "bob")];
  alice.client.send(announce(alice));
  network.advance(1_000);
  network.takeTrace();
  bob.client.send(signal(alice, { from: bob.id }));
  network.settle();
  const ways = network.takeTrace().filter((line) => line.includes("PUBLISH"));
  assertEquals(ways, [
    `c > b: PUBLISH ${at(alice)}`,
    `b > hub: PUBLISH ${at(alice)}`,
    `hub > a: PUBLISH ${at(alice)}`,
  ]);
});

Deno.test("an answer that comes at once finds its way back", () => {
  const { network, a, c } = sites();
  const [alice, bob] = [guest(a, "alice"), guest(c, "bob")];
  alice.client.send(announce(alice));
  network.settle();
  bob.client.send(signal(alice, { from: bob.id }));
  // Not settled: what tells of Bob must not be behind his signal.
  alice.client.send(signal(bob, { from: alice.id }));
  network.settle();
  assertEquals(bob.client.read().length, 1);
});

Deno.test("a signal to a session that no router has is answered 404", () => {
  const { network, a, c } = sites();
  const [alice, bob] = [guest(a, "alice"), guest(c, "bob")];
  bob.client.send(signal({ id: "nobody" }, { from: bob.id }));
  network.settle();
  assertEquals(bob.client.read().map(codeOf), [404]);
  alice.client.send(announce(alice));
  network.settle();
  alice.client.leave();
  network.settle();
  bob.client.send(signal(alice, { from: bob.id }), CONFIRM);
  network.settle();
  assertEquals(bob.client.read().map(codeOf), [404]);
  assertEquals(idle(network), true);
});

Deno.test("a signal to a session that goes while it is on its way is answered 404", () => {
  const { network, a, c } = sites();
  network.latencyMicros = 10_000;
  const [alice, bob] = [guest(a, "alice"), guest(c, "bob")];
  alice.client.send(announce(alice));
  network.settle();
  bob.client.send(signal(alice, { from: bob.id }));
  alice.client.leave();
  network.settle();
  assertEquals(bob.client.read().map(codeOf), [404]);
});

Deno.test("without a way to the hub a signal is answered 501 at once, and sessions here are reached", () => {
  const { network, hub, b, c } = sites();
  const [alice, bob] = [guest(b, "alice"), guest(c, "bob")];
  network.remove(hub);
  alice.client.send(announce(alice));
  network.advance(1_000);
  bob.client.send(signal({ id: "nobody" }, { from: bob.id }));
  network.settle();
  const [refused] = bob.client.read();
  assertEquals(refused === undefined ? undefined : codeOf(refused), 501);
  assertStringIncludes(refused?.type === "ERROR" ? refused.message : "", "not delivered");
  bob.client.send(signal(alice, { from: bob.id }), CONFIRM);
  network.settle();
  assertEquals(bob.client.read().map(({ type }) => type), ["ACK"]);
});

Deno.test("a session behind a lost link is not found, and is found again when the link is back", () => {
  const { network, hub, a, c } = sites();
  network.latencyMicros = 10_000;
  const [alice, bob] = [guest(a, "alice"), guest(c, "bob")];
  alice.client.send(announce(alice));
  network.settle();
  network.cut(hub, a);
  network.cut(a, hub);
  bob.client.send(signal(alice, { from: bob.id }));
  network.settle();
  assertEquals(bob.client.read().map(codeOf), [404]);
  network.advance(2_000);
  // The link is back, and with it who is behind it.
  bob.client.send(signal(alice, { from: bob.id }), CONFIRM);
  network.settle();
  assertEquals(bob.client.read().map(({ type }) => type), ["ACK"]);
});

Deno.test("a hub that started anew finds the sessions of its leaves", () => {
  const { network, hub, a, c } = sites();
  const [alice, bob] = [guest(a, "alice"), guest(c, "bob")];
  alice.client.send(announce(alice));
  network.settle();
  network.remove(hub);
  network.add({ routerId: "hub", router: { bootId: 8 } });
  network.advance(5_000);
  bob.client.send(signal(alice, { from: bob.id }), CONFIRM);
  network.settle();
  assertEquals(bob.client.read().map(({ type }) => type), ["ACK"]);
});

Deno.test("a signal that nobody answers is answered 502 within its life, and the link's loss ends it", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  const bob = guest(leaf, "bob");
  bob.client.send(signal({ id: "far" }, { from: bob.id }));
  leaf.flush();
  assertEquals(hub.read().map(({ type }) => type), [
    "FEDERATION_SYNC",
    "FEDERATION_SYNC",
    "PUBLISH",
  ]);
  const before = leaf.nowMicros;
  for (let ms = 0; ms < P2P_LIFE_MS + 1_000 && leaf.federation.p2p.waiting > 0; ms += 100) {
    leaf.advance(100);
    keepAlive(hub);
  }
  assertLess((leaf.nowMicros - before) / 1_000, P2P_LIFE_MS + 1_000);
  assertEquals(bob.client.read().map(codeOf), [502]);
  bob.client.send(signal({ id: "far" }, { from: bob.id }));
  leaf.flush();
  leaf.core.closed(hub.id, "gone", leaf.nowMicros);
  assertEquals(bob.client.read().map(codeOf), [502]);
});

Deno.test("a session has a bounded number of signals on their way", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  const bob = guest(leaf, "bob");
  for (let count = 0; count < P2P_WAITING_PER_SESSION_MAX; count++) {
    bob.client.send(signal({ id: "far" }, { from: bob.id }));
  }
  assertEquals(bob.client.read(), []);
  assertEquals(codeOf(bob.client.ask(signal({ id: "far" }, { from: bob.id }))), 429);
  leaf.flush();
  hub.read();
  hub.send(answer({ sequence: 1, code: 0 }));
  assertEquals(bob.client.read().map(({ type }) => type), ["ACK"]);
  bob.client.send(signal({ id: "far" }, { from: bob.id }));
  assertEquals(bob.client.read(), []);
});

Deno.test("a router passes on a bounded number of signals", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const a = registerLeaf(hub, "a", ["/a/**"]);
  const b = registerLeaf(hub, "b", ["/b/**"]);
  a.ask({ ...told(), joined: ["alice"] });
  for (let sequence = 1; sequence <= P2P_WAITING_MAX; sequence++) b.send(...passed(sequence));
  assertEquals(b.read().filter(({ type }) => type === "ERROR"), []);
  assertEquals(hub.federation.p2p.waiting, P2P_WAITING_MAX);
  b.send(...passed(P2P_WAITING_MAX + 1));
  assertEquals(answersIn(b.read()), [503]);
});

Deno.test("only the link that was asked answers a signal", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const a = registerLeaf(hub, "a", ["/a/**"]);
  const b = registerLeaf(hub, "b", ["/b/**"]);
  a.ask({ ...told(), joined: ["alice"] });
  b.send(...passed(1));
  const said = { ...answer({ sequence: 1, code: 0 }), origin: "b", bootId: 1 };
  b.send(said);
  assertEquals(answersIn(b.read()), []);
  a.send({ ...said, bootId: 2 });
  assertEquals(answersIn(b.read()), []);
  a.send(said);
  assertEquals(answersIn(b.read()), [0]);
  a.send(said);
  assertEquals(answersIn(b.read()), []);
});

Deno.test("a signal is not sent back where it came from, nor twice", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const a = registerLeaf(hub, "a", ["/a/**"]);
  const b = registerLeaf(hub, "b", ["/b/**"]);
  b.ask({ ...told(), joined: ["alice"] });
  b.send(...passed(1));
  assertEquals(answersIn(b.read()), [404]);
  a.ask({ ...told(), joined: ["alice"] });
  b.send(...passed(2));
  b.send(...passed(2));
  assertEquals(answersIn(b.read()), [404]);
  assertEquals(a.read().filter(({ type }) => type === "PUBLISH").length, 1);
});

Deno.test("a router's own signal that comes round is answered 404 at once", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const a = registerLeaf(hub, "a", ["/a/**"]);
  const b = registerLeaf(hub, "b", ["/b/**"]);
  a.ask({ ...told(), joined: ["alice"] });
  const bob = guest(hub, "bob");
  bob.client.send(signal({ id: "alice" }, { from: bob.id }), CONFIRM);
  hub.flush();
  const [context, publish] = a.read().slice(-2);
  assert(context !== undefined && publish !== undefined);
  b.send(context, publish);
  assertEquals(answersIn(b.read()), [404]);
  assertEquals(hub.federation.p2p.waiting, 1);
  assert(
    context.type === "FEDERATION_SYNC" && context.op === "Forward" && context.kind === "event",
  );
  const { origin, bootId, entries: [{ sequence } = { sequence: 0 }] } = context;
  a.send({ type: "FEDERATION_SYNC", op: "SignalAnswer", origin, bootId, sequence, code: 0 });
  assertEquals(hub.federation.p2p.waiting, 0);
  // Late, it is not sent again under a number that was used.
  b.send(context, publish);
  assertEquals(answersIn(b.read()), [404]);
  assertEquals(a.read(), []);
});

Deno.test("a late signal is not delivered", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const b = registerLeaf(hub, "b", ["/b/**"]);
  const alice = guest(hub, "alice");
  b.send(...passed(1, { to: alice.id, remainingLifeMs: 0 }));
  assertEquals(answersIn(b.read()), [501]);
  assertEquals(alice.client.read(), []);
  b.send(...passed(2, { to: alice.id }));
  assertEquals(answersIn(b.read()), [0]);
  assertEquals(alice.client.read().length, 1);
});

Deno.test("sessions of peers are bounded, and no peer ends another's", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const a = registerLeaf(hub, "a", ["/a/**"]);
  const b = registerLeaf(hub, "b", ["/b/**"]);
  const { p2p } = hub.federation;
  a.read();
  for (let start = 0; start < P2P_SESSIONS_MAX; start += 1_000) {
    const joined = Array.from({ length: 1_000 }, (_, index) => `s${start + index}`);
    assertEquals(a.ask({ ...told(), joined }), []);
  }
  assertEquals(b.ask({ ...told(), joined: ["more"] }).map(codeOf), [503]);
  assertEquals(b.ask({ ...told(), joined: ["more", "yet more"] }).map(codeOf), [503]);
  assertEquals(a.ask({ ...told(), joined: ["a/b"] }).map(codeOf), [101]);
  b.ask({ ...told(), left: ["s1", "s2"] });
  assertEquals(p2p.sessionsBelow, P2P_SESSIONS_MAX);
  a.ask({ ...told(), left: ["s1"] });
  assertEquals(b.ask({ ...told(), joined: ["more"] }), []);
  hub.core.closed(a.id, "gone", hub.nowMicros);
  assertEquals(p2p.sessionsBelow, 1);
});

Deno.test("a session is told on upwards once, and a router's own never comes back from below", () => {
  const node = new FederationNode({ routerId: "middle", hub: "hub" });
  const hub = registerHub(node, "hub");
  const leaf = registerLeaf(node, "a", ["/a/**"]);
  const signals = () =>
    hub.read().flatMap((message) =>
      message.type === "FEDERATION_SYNC" && message.op === "Signals" ? [message] : []
    );
  signals();
  for (const expected of [1, 0, 0]) {
    leaf.send({ ...told(), joined: ["alice"] });
    node.flush();
    assertEquals(signals().length, expected);
  }
  const bob = guest(node, "bob");
  bob.client.send(announce(bob));
  node.flush();
  assertEquals(signals().map(({ joined }) => joined), [["bob"]]);
  leaf.send({ ...told(), joined: ["bob"] });
  leaf.send({ ...told(), left: ["bob", "alice"] });
  node.flush();
  assertEquals(signals().map(({ joined, left }) => [joined, left]), [[[], ["alice"]]]);
});

Deno.test("a client's own signal address is no interest beyond its router's imports", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub", imports: ["/mine/**"] });
  const hub = registerHub(leaf, "hub");
  const bob = guest(leaf, "bob");
  bob.client.subscribe(at(bob));
  leaf.flush();
  assertEquals(hub.read(), []);
  bob.client.subscribe("/clasp/p2p/announce");
  leaf.flush();
  assertEquals(hub.read().map(({ type }) => type), ["SUBSCRIBE"]);
});

Deno.test("peers write nothing at the addresses of signalling", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "b", ["/**"]);
  const panel = guest(hub, "panel");
  panel.client.subscribe("/**");
  const [context, publish] = passed(1);
  const elsewhere = { ...publish, address: "/clasp/p2p/signal/a/b" };
  assertEquals(leaf.ask(context, elsewhere).map(codeOf).filter((code) => code === 403), [403]);
  assertEquals(panel.client.read(), []);
});

/** A tree: hub above a and b, c below b; c imports little. */
function sites(): Record<"hub" | "a" | "b" | "c", FederationNode> & { network: TestNetwork } {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  const a = network.add({ routerId: "a", hub: "hub", namespaces: ["/a/**"] });
  const b = network.add({ routerId: "b", hub: "hub" });
  const c = network.add({ routerId: "c", hub: "b", imports: ["/c/**"] });
  network.advance(2_000);
  network.takeTrace();
  return { network, hub, a, b, c };
}

function idle(network: TestNetwork): boolean {
  network.takeTrace();
  network.settle();
  return network.takeTrace().length === 0;
}

/** Sessions get ids that are unique in the federation: a fake port counts for itself. */
function guest(node: FederationNode, id: string): Guest {
  const { port } = node;
  const { newId } = port;
  port.newId = () => id;
  const client = node.connect();
  client.send(hello());
  port.newId = newId;
  const [welcome] = client.read();
  assert(welcome?.type === "WELCOME" && welcome.session === id);
  return { client, id };
}

function at({ id }: Pick<Guest, "id">): string {
  return `/clasp/p2p/signal/${id}`;
}

function signal(to: Pick<Guest, "id">, value: Value): PublishMessage {
  return {
    type: "PUBLISH",
    address: at(to),
    signal: SIGNAL.event,
    phase: 0,
    value: encodeValue(value),
  };
}

function announce(guest: Guest): PublishMessage {
  return { ...signal(guest, { session_id: guest.id }), address: "/clasp/p2p/announce" };
}

/** A signal that router b passes on. */
function passed(
  sequence: number,
  { to = "alice", remainingLifeMs = 5_000 } = {},
): readonly [Message, PublishMessage] {
  const entry = { sequence, remainingLifeMs, ageMs: 0 };
  const context = { kind: "event", origin: "b", bootId: 1, count: 1, entries: [entry] } as const;
  return [{ type: "FEDERATION_SYNC", op: "Forward", ...context }, signal({ id: to }, null)];
}

function told(): Extract<Message, { op: "Signals" }> {
  const type = "FEDERATION_SYNC";
  return { type, op: "Signals", offered: [], withdrawn: [], joined: [], left: [] };
}

function answer(
  { sequence, code }: { readonly sequence: number; readonly code: number },
): Extract<Message, { op: "SignalAnswer" }> {
  const origin = { origin: "leaf", bootId: 7 };
  return { type: "FEDERATION_SYNC", op: "SignalAnswer", ...origin, sequence, code };
}

function answersIn(messages: readonly Message[]): number[] {
  return messages.flatMap((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "SignalAnswer" ? [message.code] : []
  );
}

function keepAlive(peer: TestPeer): void {
  for (const message of peer.read()) {
    if (message.type !== "SYNC" || message.t2 !== undefined) continue;
    peer.send({ type: "SYNC", t1: message.t1, t2: 5_000_000, t3: 5_000_000 });
  }
}

function addressOf(message: Message): string {
  return message.type === "PUBLISH" ? message.address : message.type;
}

function codeOf(message: Message): number | string {
  return message.type === "ERROR" ? message.code : message.type;
}
