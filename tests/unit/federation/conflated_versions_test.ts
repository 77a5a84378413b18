import { ConflatedVersions } from "../../../src/federation/conflated_versions.ts";
import { readEnvelope } from "../../../src/federation/envelope_reader.ts";
import type { Version } from "../../../src/state/version.ts";
import { type Message, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import {
  declaration,
  forwardVersion,
  registerHub,
  registerLeaf,
  type TestPeer,
} from "./test_peer.ts";

const HIGH_WATER = 1_000;
const SLOW = { outboxHighWaterBytes: HIGH_WATER };

function version(revision: number): Version {
  return { value: encodeValue(revision), revision, timestampMicros: revision, origin: "o", ttl: 0 };
}

function setUpLane() {
  const store = new Map<string, Version>();
  const steps: string[] = [];
  const kinds = new Map<string, "offer" | undefined>();
  const kindsAtFlush = new Map<string, "offer">();
  const lane = new ConflatedVersions({
    get: (address) => store.get(address),
    kindOf: (address) => kinds.has(address) ? kinds.get(address) : "update",
    flush: () => {
      for (const [address, kind] of kindsAtFlush) kinds.set(address, kind);
    },
    conflated: () => steps.push("conflated"),
    paramsMax: 10,
  });
  const next = (): string[] | undefined => {
    const bytes = lane.next();
    const versions: string[] = [];
    if (bytes === undefined) return undefined;
    readEnvelope(bytes, {
      isDone: false,
      message: () => {},
      forwarded: (context, _index, { message }) => {
        assert(message.type === "SET" && (context.kind === "update" || context.kind === "offer"));
        const kind = context.tombstones ? `${context.kind} of a tombstone` : context.kind;
        versions.push(`${kind} ${message.address} ${message.revision}`);
      },
    });
    return versions;
  };
  return { store, steps, kinds, kindsAtFlush, lane, next };
}

Deno.test("ConflatedVersions sends each address once, as it is then, tombstones too", () => {
  const { store, steps, kinds, lane, next } = setUpLane();
  for (const address of ["/a", "/b", "/c", "/d"]) {
    store.set(address, version(1));
    assertEquals(lane.add(address), false);
  }
  store.set("/a", version(2));
  assertEquals([lane.add("/a"), lane.isEmpty, steps.splice(0)], [true, false, ["conflated"]]);
  store.set("/b", { ...version(3), value: undefined, ttl: 1 });
  kinds.set("/c", "offer");
  store.delete("/d");
  assertEquals(next(), ["update /a 2", "update of a tombstone /b 3", "offer /c 1"]);
  assertEquals([lane.isEmpty, next()], [true, undefined]);
});

Deno.test("ConflatedVersions asks how the peer is to take a version when all before it is on its way", () => {
  const { store, lane, next, kindsAtFlush } = setUpLane();
  store.set("/a", version(1));
  lane.add("/a");
  kindsAtFlush.set("/a", "offer");
  assertEquals(next(), ["offer /a 1"]);
});

Deno.test("ConflatedVersions gives one address out of turn, once", () => {
  const { store, lane, next } = setUpLane();
  for (const address of ["/a", "/b"]) {
    store.set(address, version(1));
    lane.add(address);
  }
  assertEquals([lane.take("/a"), lane.take("/a"), next()], [true, false, ["update /b 1"]]);
});

/** Contexts and what stands behind them, in short; heartbeats left out. */
function told(peer: TestPeer): string[] {
  return peer.read().flatMap((message) => {
    if (message.type === "SYNC") return [];
    if (message.type === "SET") return [`SET ${message.address} ${message.revision}`];
    if (message.type === "PUBLISH") return [`PUBLISH ${message.address}`];
    const isForward = message.type === "FEDERATION_SYNC" && message.op === "Forward";
    return [isForward ? `${message.kind} x${message.count}` : message.type];
  });
}

function stop(node: FederationNode, peer: TestPeer): void {
  node.port.buffered.set(peer.id, HIGH_WATER);
}

function drain(node: FederationNode, peer: TestPeer): void {
  node.port.buffered.set(peer.id, 0);
  node.advance(4);
  node.flush();
}

Deno.test("a link that is behind conflates versions, and counts them", () => {
  const hub = new FederationNode({ routerId: "hub", router: SLOW });
  const leaf = registerLeaf(hub, "leaf", []);
  leaf.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  leaf.read();
  const client = hub.client();
  stop(hub, leaf);
  for (let n = 0; n < 10; n++) client.send(set(`/${n % 2}`, n));
  hub.flush();
  hub.advance(20);
  assertEquals(told(leaf), []);
  drain(hub, leaf);
  assertEquals(told(leaf), ["update x2", "SET /0 5", "SET /1 5"]);
  const { counters } = hub.federation.records.get("leaf") ?? {};
  assertEquals([counters?.conflated, hub.core.unsent.conflated], [8, 8]);
  client.send(set("/0", 10));
  hub.flush();
  assertEquals(told(leaf), ["update x1", "SET /0 6"]);
});

Deno.test("a request on a link that is behind follows the version that it was made in sight of", () => {
  const node = new FederationNode({ routerId: "mid", hub: "hub", router: SLOW });
  const hub = registerHub(node, "hub");
  const leaf = registerLeaf(node, "leaf", []);
  stop(node, hub);
  leaf.send(...forwardVersion("offer", "/n", { revision: 4, timestampMicros: 9 }));
  leaf.send(...forwardVersion("offer", "/m", { revision: 1, timestampMicros: 9 }));
  node.client().send(set("/n", 2, { revision: 4 }));
  node.flush();
  drain(node, hub);
  const heard = told(hub).filter((it) => it !== "FEDERATION_SYNC");
  assertEquals(heard, ["offer x1", "SET /n 4", "request x1", "SET /n 4", "offer x1", "SET /m 1"]);
});

Deno.test("a version that is not kept here waits as it is on a link that is behind", () => {
  const node = new FederationNode({
    ...{ routerId: "mid", hub: "hub", router: SLOW },
    ...{ namespaces: ["/mid/**"], imports: ["/mid/**"] },
  });
  const hub = registerHub(node, "hub");
  const leaf = registerLeaf(node, "leaf", []);
  stop(node, hub);
  leaf.send(...forwardVersion("offer", "/n", { revision: 4, timestampMicros: 9 }));
  assertEquals(node.core.params.get("/n"), undefined);
  drain(node, hub);
  assertEquals(told(hub).slice(0, 2), ["offer x1", "SET /n 4"]);
});

Deno.test("streams are not sent on a link that is behind, and counted", () => {
  const hub = new FederationNode({ routerId: "hub", router: SLOW });
  const leaf = registerLeaf(hub, "leaf", []);
  leaf.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff }, declaration("leaf", []));
  leaf.read();
  const client = hub.client();
  const sample: Message = {
    ...{ type: "PUBLISH", address: "/s", signal: SIGNAL.stream, phase: 0 },
    value: encodeValue("x".repeat(1_000)),
  };
  stop(hub, leaf);
  for (let n = 0; n < 100; n++) {
    client.send(sample);
    hub.flush();
  }
  const outbox = hub.core.connection(leaf.id)?.outbox;
  const queued = outbox?.queuedBytes ?? Infinity;
  assert(queued < 2_000, `${queued} bytes are queued`);
  assertEquals([outbox?.counters.dropped, hub.core.unsent.dropped], [99, 99]);
  assertEquals(hub.federation.records.get("leaf")?.counters.dropped, 99);
  drain(hub, leaf);
  client.send(sample);
  hub.flush();
  assertEquals(told(leaf).filter((it) => it.startsWith("PUBLISH")), ["PUBLISH /s", "PUBLISH /s"]);
});
