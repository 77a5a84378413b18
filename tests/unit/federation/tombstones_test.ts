import { isLive, tombstoneOf } from "../../../src/state/version.ts";
import type { Message } from "../../../src/wire/message.ts";
import { encodeTtl } from "../../../src/wire/ttl.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { codeOf, set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";
import {
  forwardReply,
  forwardRequest,
  forwardVersion,
  type Frame,
  registerHub,
  registerLeaf,
  type TestPeer,
} from "./test_peer.ts";

const TTL = encodeTtl({ kind: "absolute", seconds: 5 });
const NOBODY = { paramChanged: () => {}, published: () => {} };
const SUBSCRIBE = { type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff } as const;

/** A hub with two leaves made of frames, of which the second follows everything. */
function setUp(): {
  readonly hub: FederationNode;
  readonly leaf: TestPeer;
  readonly other: TestPeer;
} {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", ["/leaf/**"]);
  const other = registerLeaf(hub, "other", []);
  other.ask(SUBSCRIBE);
  return { hub, leaf, other };
}

/** A context of one tombstone, and its SET. */
function forwardTombstone(
  kind: "update" | "offer",
  address: string,
  version: Parameters<typeof forwardVersion>[2] = {},
): readonly [Message, Frame] {
  const [context, frame] = forwardVersion(kind, address, {
    value: encodeValue(null),
    ttl: TTL,
    ...version,
  });
  assert(context.kind === "update" || context.kind === "offer");
  return [{ ...context, tombstones: true }, frame];
}

Deno.test("a newer tombstone takes a value's place, and is news to other links but not to clients", () => {
  const { hub, leaf, other } = setUp();
  const client = hub.client();
  client.subscribe("/**");
  leaf.send(...forwardVersion("update", "/leaf/a", { timestampMicros: 1 }));
  other.read();
  client.read();
  const timestampMicros = hub.federation.timeMicros() - 6_000_000;
  assertEquals(
    leaf.ask(...forwardTombstone("update", "/leaf/a", { timestampMicros, revision: 4 })),
    [],
  );
  const tombstone = { value: undefined, revision: 4, timestampMicros, origin: "other", ttl: TTL };
  assertEquals(hub.core.params.get("/leaf/a"), tombstone);
  assertEquals(client.read(), []);
  const [context, frame] = other.read();
  assertEquals(context, forwardTombstone("update", "/leaf/a")[0]);
  assert(frame?.type === "SET");
  assertEquals([frame.value, frame.revision, frame.ttl], [encodeValue(null), 4, TTL]);
});

Deno.test("a version that comes past its time goes on as a tombstone", () => {
  const { hub, leaf, other } = setUp();
  const timestampMicros = hub.federation.timeMicros() - 6_000_000;
  leaf.send(...forwardVersion("update", "/leaf/a", { timestampMicros, ttl: TTL }));
  assertEquals(isLive(hub.core.params.get("/leaf/a")), false);
  const [context] = other.read();
  assertEquals(context, forwardTombstone("update", "/leaf/a")[0]);
  assertEquals(hub.events.filter(({ type }) => type === "remoteSet"), []);
});

Deno.test("nothing is sent when a param expires", () => {
  const { hub, leaf, other } = setUp();
  leaf.send(SUBSCRIBE);
  hub.client().ask(set("/a", 1, { ttl: TTL }));
  hub.flush();
  leaf.read();
  other.read();
  const setsTo = (peer: TestPeer) => peer.read().filter(({ type }) => type === "SET");
  hub.advance(5_500);
  hub.flush();
  assertEquals(isLive(hub.core.params.store.get("/a")), false);
  assertEquals([setsTo(leaf), setsTo(other)], [[], []]);
});

const REFUSED: readonly (readonly [string, number, readonly [Message, Frame]])[] = [
  ["without a TTL", 101, forwardTombstone("update", "/leaf/a", { ttl: 0 })],
  ["with a value", 101, forwardTombstone("update", "/leaf/a", { value: encodeValue(1) })],
  [
    "without a timestamp",
    101,
    forwardTombstone("update", "/leaf/a", { timestampMicros: undefined }),
  ],
  ["outside the claims", 403, forwardTombstone("update", "/other/a")],
  ["at an address of routers", 403, forwardTombstone("offer", "/clasp/federation/x")],
];

for (const [what, code, frames] of REFUSED) {
  Deno.test(`a tombstone ${what} is refused with ${code} and changes nothing`, () => {
    const { hub, leaf } = setUp();
    assertEquals(leaf.ask(...frames).map(codeOf), [code]);
    assertEquals(hub.core.params.store.size, 0);
    assertEquals(leaf.ask({ type: "PING" }), [{ type: "PONG" }]);
  });
}

/** As long ago as the shortest TTL, by the time that a hub made of frames tells. */
function longAgoMicros(node: FederationNode): number {
  return node.federation.timeMicros() - 2_000_000;
}

const ONE_SECOND = encodeTtl({ kind: "absolute", seconds: 1 });

Deno.test("a write that expires on its way back is acknowledged with its revision", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  const client = leaf.client();
  client.send(set("/x", 1, { ttl: ONE_SECOND }), { qos: 1 });
  leaf.flush();
  const [request] = hub.read();
  assert(request?.type === "FEDERATION_SYNC" && request.op === "Forward");
  assert(request.kind === "request");
  const { origin, bootId, entries } = request;
  const stamped = set("/x", 1, { ttl: ONE_SECOND, revision: 7 });
  const requestId = entries[0]?.requestId ?? 0;
  const timestampMicros = longAgoMicros(leaf);
  hub.send(...forwardReply({ origin, bootId, requestId }, [stamped, { timestampMicros }]));
  const answer = client.readOne();
  assertEquals(answer.type === "ACK" && answer.revision, 7);
  assertEquals(leaf.core.params.get("/x"), {
    ...{ value: undefined, revision: 7, timestampMicros },
    ...{ origin: "stamper", ttl: ONE_SECOND },
  });
});

Deno.test("a reply that has expired on its way is passed on with its value", () => {
  const mid = new FederationNode({ routerId: "mid", hub: "hub" });
  const hub = registerHub(mid, "hub");
  const leaf = registerLeaf(mid, "leaf", []);
  const write = { type: "SET", address: "/x", value: encodeValue(1), ttl: ONE_SECOND } as const;
  leaf.send(...forwardRequest(write, { origin: "leaf" }));
  leaf.read();
  const stamped = set("/x", 1, { ttl: ONE_SECOND, revision: 7 });
  const to = { origin: "leaf", bootId: 1, requestId: 1 };
  hub.send(...forwardReply(to, [stamped, { timestampMicros: longAgoMicros(mid) }]));
  assertEquals(isLive(mid.core.params.get("/x")), false);
  const answer = leaf.read().find(({ type }) => type === "SET");
  assert(answer?.type === "SET");
  assertEquals([answer.value, answer.revision], [encodeValue(1), 7]);
});

Deno.test("a comparison brings tombstones to who has nothing", () => {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  hub.client().ask(set("/x", 1, { ttl: TTL }));
  network.advance(10_000);
  const tombstone = hub.core.params.store.get("/x");
  assert(tombstone !== undefined && !isLive(tombstone));
  const a = network.add({ routerId: "a", hub: "hub", namespaces: ["/a/**"] });
  network.advance(5_000);
  assertEquals(a.core.params.store.get("/x"), tombstone);
  assertEquals(a.core.params.size, 0);
});

for (const expiredAt of ["hub", "a"]) {
  Deno.test(`what a clock that was set back let expire at "${expiredAt}" only is gone at both after a comparison`, () => {
    const network = new TestNetwork();
    const hub = network.add({ routerId: "hub" });
    const a = network.add({ routerId: "a", hub: "hub", namespaces: ["/a/**"] });
    network.advance(1_000);
    network.cut(a, hub);
    const live = {
      ...{ value: encodeValue(1), revision: 1, origin: "a", ttl: TTL },
      timestampMicros: hub.federation.timeMicros() + 3_600_000_000,
    };
    for (const node of [hub, a]) {
      const version = node.routerId === expiredAt ? tombstoneOf(live) : live;
      node.core.params.merge("/a/x", version, { from: NOBODY });
    }
    network.advance(5_000);
    assertEquals([hub.linkState("a"), a.linkState()], ["Active", "Active"]);
    for (const node of [hub, a]) {
      assertEquals(node.core.params.get("/a/x"), tombstoneOf(live), node.routerId);
    }
  });
}

Deno.test("sites that expire the same params have nothing to tell each other", () => {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  const a = network.add({ routerId: "a", hub: "hub", namespaces: ["/a/**"] });
  network.advance(1_000);
  const client = a.client();
  for (let n = 0; n < 50; n++) client.ask(set(`/a/${n}`, n, { ttl: TTL }));
  network.advance(20_000);
  assertEquals([hub.core.params.size, hub.core.params.store.size], [0, 50]);
  network.cut(a, hub);
  network.takeTrace();
  network.advance(5_000);
  const trace = network.takeTrace().filter((line) => /SET|Digest (?!idle|root of)/.test(line));
  assertEquals(trace, []);
});
