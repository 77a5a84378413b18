import { WRITE_LIFE_MS } from "../../../src/limits.ts";
import { PeerLink } from "../../../src/federation/link.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { codeOf, set } from "../router/test_router.ts";
import type { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";

function setUp(): {
  readonly network: TestNetwork;
  readonly hub: FederationNode;
  readonly a: FederationNode;
  readonly b: FederationNode;
} {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  const a = network.add({ routerId: "a", hub: "hub", namespaces: ["/a/**"] });
  const b = network.add({ routerId: "b", hub: "hub", namespaces: ["/b/**"] });
  network.advance(1_000);
  assertEquals([a.linkState(), b.linkState()], ["Active", "Active"]);
  return { network, hub, a, b };
}

/** Keeps what a leaf sends its hub in its outbox, until the function it returns is called. */
function hold(node: FederationNode): () => void {
  const link = node.federation.uplink?.link;
  assert(link instanceof PeerLink);
  const { id } = link.connection;
  node.port.buffered.set(id, 10_000_000);
  return () => node.port.buffered.delete(id);
}

function drain(node: FederationNode): () => boolean {
  let isDone = false;
  node.core.drain("serviced", node.nowMicros, () => isDone = true);
  return () => isDone;
}

Deno.test("a write that is on its way to its owner is answered before its client is closed", () => {
  const { network, a, b } = setUp();
  const [client, idle] = [b.client(), b.client()];
  const release = hold(a);
  client.send(set("/a/x", 1));
  const isDone = drain(b);
  network.advance(10);
  assertEquals([idle.closed?.code, client.closed, isDone()], [1001, undefined, false]);
  release();
  network.advance(50);
  assertEquals(client.read().map(({ type }) => type), ["ACK"]);
  assertEquals([client.closed?.code, isDone()], [1001, true]);
  assertEquals(a.core.params.get("/a/x")?.revision, 1);
});

Deno.test("a drain waits for answers no longer than a write lives", () => {
  const { network, a, b } = setUp();
  const client = b.client();
  hold(a);
  client.send(set("/a/x", 1));
  drain(b);
  network.advance(WRITE_LIFE_MS - 100);
  assertEquals(client.closed, undefined);
  network.advance(200);
  assertEquals([codeOf(client.read()[0] ?? { type: "PING" }), client.closed?.code], [502, 1001]);
});

Deno.test("requests that keep coming do not hold up a drain", () => {
  const { network, hub, a, b } = setUp();
  const client = b.client();
  hold(a);
  client.send(set("/a/x", 0));
  network.settle();
  drain(hub);
  for (let ms = 0; ms < WRITE_LIFE_MS - 500; ms += 500) {
    client.send(set("/a/x", ms));
    network.advance(500);
  }
  assertEquals(b.linkState(), "Active");
  network.advance(600);
  assertEquals(b.linkState(), "Disconnected");
});

Deno.test("a link is closed at once when nothing waits, and a leaf that drains does not dial", () => {
  const { network, hub, a, b } = setUp();
  drain(b);
  network.advance(10);
  assertEquals([hub.linkState("b"), hub.linkState("a")], [undefined, "Active"]);
  drain(hub);
  network.advance(10);
  assertEquals(a.linkState(), "Disconnected");
  assertEquals(a.federation.uplink?.reason, "serviced");
  network.advance(60_000);
  assertEquals(b.linkState(), "Disconnected");
});

Deno.test("what was acknowledged goes out on a slow link before it is closed", () => {
  const { network, hub, b } = setUp();
  const client = b.client();
  const release = hold(b);
  assertEquals(client.ask(set("/b/x", 1)).type, "ACK");
  const isDone = drain(b);
  network.advance(50);
  assertEquals([client.closed?.code, isDone()], [1001, false]);
  assertEquals(hub.core.params.get("/b/x"), undefined);
  release();
  network.advance(50);
  assertEquals([hub.core.params.get("/b/x")?.revision, isDone()], [1, true]);
});

for (const [when, aheadMicros] of [["now", 0], ["later", 60_000_000]] as const) {
  Deno.test(`a bundle for ${when} that is on its way to its owner is answered before its client is closed`, () => {
    const { network, hub, a, b } = setUp();
    const client = b.client();
    const release = hold(a);
    const timestampMicros = aheadMicros === 0 ? undefined : b.core.timeMicros() + aheadMicros;
    client.send({ type: "BUNDLE", messages: [set("/a/x", 1)], timestampMicros });
    network.settle();
    const isDone = drain(b);
    network.advance(10);
    assertEquals([client.closed, isDone(), hub.linkState("b")], [undefined, false, "Active"]);
    release();
    network.advance(50);
    assertEquals(client.read().map(({ type }) => type), ["ACK"]);
    assertEquals([client.closed?.code, isDone()], [1001, true]);
  });
}

Deno.test("a hub that drains waits for the answers to shares that pass it", () => {
  const { network, hub, a, b } = setUp();
  const client = b.client();
  const release = hold(a);
  client.send({ type: "BUNDLE", messages: [set("/a/x", 1)] });
  network.settle();
  drain(hub);
  network.advance(10);
  assertEquals(b.linkState(), "Active");
  release();
  network.advance(50);
  assertEquals(client.read().map(({ type }) => type), ["ACK"]);
});

Deno.test("who scheduled a bundle is told when a router stops that was to do some of it", () => {
  for (const how of ["drain", "stop"] as const) {
    const { network, a, b } = setUp();
    const [here, elsewhere] = [a.client(), b.client()];
    const timestampMicros = a.core.timeMicros() + 60_000_000;
    for (const client of [here, elsewhere]) {
      client.send({ type: "BUNDLE", messages: [set("/a/x", 1)], timestampMicros });
      network.advance(100);
      assertEquals(client.read().map(({ type }) => type), ["ACK"]);
    }
    if (how === "drain") drain(a);
    else a.core.stop("serviced", a.nowMicros);
    network.advance(100);
    for (const client of [here, elsewhere]) {
      const error = client.read().find(({ type }) => type === "ERROR");
      assertEquals([how, error?.type === "ERROR" && error.code], [how, 503]);
    }
    assertEquals(a.core.bundles.waiting, 0);
  }
});

Deno.test("a router that drains takes no share for later", () => {
  const { network, hub, a, b } = setUp();
  const release = hold(a);
  const keeper = a.client();
  keeper.send(set("/b/x", 1));
  network.settle();
  drain(a);
  const client = b.client();
  const timestampMicros = hub.core.timeMicros() + 60_000_000;
  client.send({ type: "BUNDLE", messages: [set("/a/x", 1)], timestampMicros });
  network.advance(10);
  release();
  network.advance(50);
  assertEquals(client.read().map(codeOf), [503]);
});
