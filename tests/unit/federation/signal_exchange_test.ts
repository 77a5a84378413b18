import {
  DEFINITION_KEPT_MS,
  DEFINITION_REPEAT_MS,
  DEFINITIONS_OF_LINKS_MAX,
} from "../../../src/limits.ts";
import { type Message, SIGNAL, type SignalDefinition } from "../../../src/wire/message.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import type { TestConnection } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";
import { connectPeer, registerLeaf } from "./test_peer.ts";

const OF_A = ["/a/1", "/a/2"];

Deno.test("what is announced at one site is found at every other, one that imports little too", () => {
  const { network, hub, a, b, c } = sites();
  const panel = b.client();
  const late = c.client();
  a.client().send(announce(...OF_A));
  network.settle();
  for (const client of [panel, late, hub.client(), a.client()]) {
    assertEquals(queried(client, "/a/*"), OF_A);
  }
});

Deno.test("a router that joins later is told what was announced before", () => {
  const { network, a } = sites();
  a.client().send(announce(...OF_A));
  network.settle();
  const d = network.add({ routerId: "d", hub: "b" });
  network.advance(1_000);
  assertEquals(queried(d.client(), "/**"), OF_A);
});

Deno.test("definitions do not show among params", () => {
  const { network, a, b } = sites();
  const panel = b.client();
  panel.subscribe("/**");
  a.client().send(announce(...OF_A));
  network.advance(1_000);
  assertEquals(panel.read(), []);
  assertEquals(b.core.params.size, 0);
});

Deno.test("nothing is said of definitions where there are none, and each is told once", () => {
  const { network, a } = sites();
  assertEquals(signalsIn(network), []);
  const desk = a.client();
  desk.send(announce(...OF_A));
  network.advance(60_000);
  // In a tree each link carries it once, and none back.
  assertEquals(signalsIn(network), ["a > hub", "hub > b", "hub > c"]);
  desk.send(announce(...OF_A));
  network.advance(60_000);
  assertEquals(signalsIn(network), []);
});

Deno.test("a definition that is gone at its site is gone at the others", () => {
  const { network, a, b } = sites();
  const desk = a.client();
  desk.send(announce(...OF_A));
  network.settle();
  desk.leave();
  network.advance(DEFINITION_KEPT_MS + 10_000);
  assertEquals(queried(b.client(), "/**"), []);
  assertEquals(b.core.signals.size, 0);
});

Deno.test("a changed definition replaces the one before everywhere", () => {
  const { network, a, b } = sites();
  const desk = a.client();
  desk.send(announce("/a/1"));
  network.settle();
  desk.send({ type: "ANNOUNCE", namespace: "", signals: [definition("/a/1", "f32")] });
  network.settle();
  const answer = b.client().ask({ type: "QUERY", pattern: "/a/1" });
  assertEquals(answer.type === "RESULT" && answer.signals[0]?.datatype, "f32");
});

Deno.test("an address that two sites announce stays, when one of them takes it back", () => {
  const { network, hub, a, b, c } = sites();
  const [deskA, deskB] = [a.client(), b.client()];
  deskA.send({ type: "ANNOUNCE", namespace: "", signals: [definition("/x", "of a")] });
  network.settle();
  deskB.send({ type: "ANNOUNCE", namespace: "", signals: [definition("/x", "of b")] });
  network.settle();
  const shown = () =>
    [hub, a, b, c].map((node) => node.core.signals.best("/x")?.definition.datatype);
  // Each shows what is nearest; of its leaves, the hub has an order.
  assertEquals(shown(), ["of a", "of a", "of b", "of a"]);
  deskB.leave();
  network.advance(DEFINITION_KEPT_MS + 10_000);
  assertEquals(shown(), ["of a", "of a", "of a", "of a"]);
});

Deno.test("what a site that cannot be reached announced is shown for an hour", () => {
  const { network, hub, a, b } = sites();
  a.client().send(announce(...OF_A));
  network.settle();
  network.remove(a);
  network.advance(DEFINITION_KEPT_MS - 10_000);
  assertEquals([hub, b].map((node) => queried(node.client(), "/**")), [OF_A, OF_A]);
  network.advance(20_000);
  assertEquals([hub, b].map((node) => queried(node.client(), "/**")), [[], []]);
});

Deno.test("a site that is cut off still answers with what it knew", () => {
  const { network, hub, a, b } = sites();
  a.client().send(announce(...OF_A));
  network.settle();
  network.remove(hub);
  network.advance(60_000);
  assertEquals(queried(b.client(), "/**"), OF_A);
});

Deno.test("a link that is back changes nothing, and what changed meanwhile is told", () => {
  const { network, hub, a, b } = sites();
  const desk = a.client();
  desk.send(announce(...OF_A));
  network.settle();
  network.cut(a, hub);
  desk.send(announce("/a/3"));
  network.advance(DEFINITION_REPEAT_MS + 10_000);
  assertEquals(queried(b.client(), "/**"), [...OF_A, "/a/3"]);
});

Deno.test("a router that started anew takes back what it announced in its earlier life", () => {
  const { network, hub, a, b } = sites();
  a.client().send(announce(...OF_A));
  network.settle();
  network.remove(a);
  const again = network.add({ routerId: "a", hub: "hub", router: { bootId: 8 } });
  network.advance(2_000);
  again.client().send(announce("/a/2"));
  network.advance(DEFINITION_REPEAT_MS + 10_000);
  assertEquals([hub, b].map((node) => queried(node.client(), "/**")), [["/a/2"], ["/a/2"]]);
});

Deno.test("a hub that started anew learns all from its leaves", () => {
  const { network, hub, a, b } = sites();
  a.client().send(announce(...OF_A));
  network.settle();
  network.remove(hub);
  network.add({ routerId: "hub", router: { bootId: 8 } });
  network.advance(DEFINITION_REPEAT_MS + 30_000);
  assertEquals(queried(b.client(), "/**"), OF_A);
});

Deno.test("many definitions reach a new link in several messages", () => {
  const { network, a, b } = sites();
  const addresses = Array.from({ length: 4_000 }, (_, index) => `/a/${index}`);
  for (let start = 0; start < 4_000; start += 1_000) {
    a.client().send(announce(...addresses.slice(start, start + 1_000)));
  }
  network.settle();
  assertEquals(b.core.signals.size, 4_000);
  const d = network.add({ routerId: "d", hub: "hub" });
  network.advance(1_000);
  assertEquals(d.core.signals.size, 4_000);
});

Deno.test("bad definitions of a peer are refused, once a message, and the rest is taken", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "a", ["/a/**"]);
  const offered = ["bad", "/a/1", "/clasp/federation/link", "/a/2"];
  const answers = leaf.ask({ ...told(), offered: offered.map((address) => definition(address)) });
  assertEquals(answers.map(({ type }) => type), ["ERROR"]);
  assertEquals([...hub.core.signals.addresses()], OF_A);
});

Deno.test("a router that has no room for a peer's definitions says so once a message", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "a", ["/a/**"]);
  for (let start = 0; start < DEFINITIONS_OF_LINKS_MAX; start += 1_000) {
    const offered = Array.from({ length: 1_000 }, (_, i) => definition(`/a/${start + i}`));
    assertEquals(leaf.ask({ ...told(), offered }), []);
  }
  const offered = [definition("/b/1"), definition("/b/2")];
  assertEquals(leaf.ask({ ...told(), offered }).map(codeOf), [503]);
  assertEquals(hub.core.signals.size, DEFINITIONS_OF_LINKS_MAX);
});

Deno.test("a slow link is told of definitions as they are when it has room, not of each change", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "a", ["/a/**"]);
  const [desk, guest] = [hub.client(), hub.client()];
  guest.send(announce("/gone"));
  hub.flush();
  leaf.read();
  hub.port.buffered.set(leaf.id, 10_000_000);
  for (let turn = 0; turn < 100; turn++) {
    const signals = OF_A.map((address) => definition(address, `turn ${turn}`));
    desk.send({ type: "ANNOUNCE", namespace: "", signals });
    hub.flush();
  }
  const { source } = hub.core.signals.best("/gone") ?? {};
  assert(source !== undefined);
  hub.core.signals.withdrawn(source, "/gone");
  hub.flush();
  const waiting = hub.core.queuedBytes;
  hub.port.buffered.delete(leaf.id);
  hub.advance(100);
  const news = leaf.read().flatMap((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Signals" ? [message] : []
  );
  assertEquals(news.flatMap(({ offered }) => offered.map(({ datatype }) => datatype)), [
    "turn 99",
    "turn 99",
  ]);
  assertEquals(news.flatMap(({ withdrawn }) => withdrawn), ["/gone"]);
  assertEquals(waiting, 0);
  desk.send(announce("/next"));
  hub.flush();
  assertEquals(leaf.read().length, 1, "at once again");
});

Deno.test("a router that has not declared its namespaces tells of no definitions", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const peer = connectPeer(hub);
  peer.send({
    type: "HELLO",
    version: 1,
    features: 0x86,
    name: "peer",
    router: { routerId: "x", bootId: 1, timeMicros: 0, timed: true },
  });
  peer.read();
  assertEquals(peer.ask({ ...told(), offered: [definition("/a")] }).map(codeOf), [403]);
  assertEquals(hub.core.signals.size, 0);
});

function sites(): Record<"hub" | "a" | "b" | "c", FederationNode> & { network: TestNetwork } {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  const leaf = (id: string, imports = ["/**"]) =>
    network.add({ routerId: id, hub: "hub", namespaces: [`/${id}/**`], imports });
  const [a, b, c] = [leaf("a"), leaf("b"), leaf("c", ["/c/**"])];
  network.advance(1_000);
  network.takeTrace();
  return { network, hub, a, b, c };
}

function definition(address: string, datatype?: string): SignalDefinition {
  return { address, signal: SIGNAL.param, datatype };
}

function announce(...addresses: readonly string[]): Message {
  const signals = addresses.map((address) => definition(address));
  return { type: "ANNOUNCE", namespace: "", signals };
}

function told(): Extract<Message, { op: "Signals" }> {
  const type = "FEDERATION_SYNC";
  return { type, op: "Signals", offered: [], withdrawn: [], joined: [], left: [] };
}

function codeOf(message: Message): number | string {
  return message.type === "ERROR" ? message.code : message.type;
}

function queried(client: TestConnection, pattern: string): string[] {
  const answer = client.ask({ type: "QUERY", pattern });
  return answer.type === "RESULT" ? answer.signals.map(({ address }) => address).sort() : [];
}

function signalsIn(network: TestNetwork): string[] {
  return network.takeTrace()
    .filter((line) => line.endsWith(": Signals"))
    .map((line) => line.replace(": Signals", ""));
}
