import { EVENT_LIFE_MS, PEER_AWAITED_MS, PEERS_AWAY_MAX } from "../../../src/limits.ts";
import { PHASE, type PhaseCode, SIGNAL, type SignalCode } from "../../../src/wire/message.ts";
import type { Message } from "../../../src/wire/message.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FederationNode } from "./federation_node.ts";
import {
  answerSyncs,
  connectPeer,
  declaration,
  forwardEvent,
  greetedHub,
  namespaceSync,
  peerHello,
  registerLeaf,
  type TestPeer,
} from "./test_peer.ts";

function publish(
  address: string,
  what: { readonly signal?: SignalCode; readonly phase?: PhaseCode } = {},
): Message {
  const { signal = SIGNAL.event, phase = 0 } = what;
  return { type: "PUBLISH", address, signal, phase, value: encodeValue("go") };
}

function subscription(pattern: string, id = 1): Message {
  return { type: "SUBSCRIBE", id, pattern, types: 0xff };
}

/** A hub, a client of it that publishes, and a leaf that wants everything. */
function setUp() {
  const hub = new FederationNode({ routerId: "hub", router: { outboxHighWaterBytes: 1_000 } });
  const client = hub.client();
  const leaf = registerLeaf(hub, "leaf", []);
  leaf.send(subscription("/**"));
  const say = (message: Message): void => {
    client.send(message);
    hub.flush();
  };
  return { hub, leaf, say, record: recordOf(hub, "leaf") };
}

function recordOf(node: FederationNode, routerId: string) {
  const record = node.federation.records.get(routerId);
  assert(record !== undefined);
  return record;
}

function lose(hub: FederationNode, peer: TestPeer): void {
  hub.core.closed(peer.id, "cut", hub.nowMicros);
}

/** The leaf once more, registered, that has not said what it wants. */
function comeBack(hub: FederationNode, bootId = 1, routerId = "leaf"): TestPeer {
  const leaf = connectPeer(hub);
  leaf.send(peerHello(routerId, { bootId }));
  leaf.send(declaration(routerId, []));
  leaf.read();
  return leaf;
}

function eventsIn(messages: readonly Message[]): readonly string[] {
  return messages.flatMap((message) => message.type === "PUBLISH" ? [message.address] : []);
}

Deno.test("a link is down since it was Active, however often it is tried meanwhile", () => {
  const { hub, record } = setUp();
  record.changed("Active", undefined);
  assertEquals(record.downSinceMicros, undefined);
  const lostMicros = hub.core.nowMicros;
  for (const state of ["Disconnected", "Connecting", "Disconnected", "Handshaking"] as const) {
    record.changed(state, "cut");
    hub.advance(1_000);
    assertEquals(record.downSinceMicros, lostMicros, state);
  }
  record.changed("Active", undefined);
  assertEquals(record.downSinceMicros, undefined);
});

Deno.test("what waits for a leaf goes to it when it has said what it wants, and asks for the state", () => {
  const { hub, leaf, say } = setUp();
  lose(hub, leaf);
  say(publish("/a/1"));
  say(publish("/b/1"));
  const back = comeBack(hub);
  say(publish("/a/2"));
  assertEquals(eventsIn(back.ask(subscription("/b/**", 2))), []);
  say(publish("/a/3"));
  const told = back.ask(subscription("/a/2", 3), namespaceSync("RequestSync", []));
  assertEquals(eventsIn(told), ["/b/1", "/a/2"]);
  // What it had subscribed before means nothing any more.
  say(publish("/a/4"));
  say(publish("/b/2"));
  assertEquals(eventsIn(back.read()), ["/b/2"]);
});

Deno.test("the way from a lost link to the next is counted in no event twice", () => {
  const { hub, leaf, say, record } = setUp();
  say(publish("/1"));
  leaf.read();
  lose(hub, leaf);
  const back = comeBack(hub);
  back.send(subscription("/**"));
  say(publish("/2"));
  assertEquals(record.lane.waiting, 2);
  assertEquals(eventsIn(back.ask(namespaceSync("RequestSync", []))), ["/1", "/2"]);
  lose(hub, back);
  // A link that ended before it said all leaves things as they were.
  lose(hub, comeBack(hub));
  say(publish("/3"));
  const last = comeBack(hub);
  last.send(subscription("/**"));
  assertEquals(eventsIn(last.ask(namespaceSync("RequestSync", []))), ["/1", "/2", "/3"]);
});

Deno.test("a leaf that comes back as a new process is not sent again what the old one may have got", () => {
  const { hub, leaf, say, record } = setUp();
  say(publish("/1"));
  lose(hub, leaf);
  say(publish("/2"));
  const back = comeBack(hub, 2);
  back.send(subscription("/**"));
  assertEquals(eventsIn(back.ask(namespaceSync("RequestSync", []))), ["/2"]);
  assertEquals(record.counters, {
    ...{ expired: 0, unknown: 1, dropped: 0 },
    ...{ conflated: 0, refused: 0 },
  });
  assertEquals(
    hub.events.filter(({ type }) => type === "eventLost"),
    [{
      type: "eventLost",
      routerId: "leaf",
      address: "/1",
      origin: "hub",
      sequence: 1,
      why: "unknown",
    }],
  );
});

Deno.test("a LINK_ACK settles what was sent, one above it ends the link", () => {
  const { hub, leaf, say, record } = setUp();
  for (const address of ["/1", "/2", "/3"]) say(publish(address));
  leaf.read();
  assertEquals(record.lane.unacknowledged, 3);
  leaf.send({ type: "FEDERATION_SYNC", op: "LinkAck", events: 2 });
  leaf.send({ type: "FEDERATION_SYNC", op: "LinkAck", events: 1 });
  assertEquals(record.lane.unacknowledged, 1);
  const [answer] = leaf.ask({ type: "FEDERATION_SYNC", op: "LinkAck", events: 4 });
  assert(answer?.type === "ERROR");
  assertStringIncludes(answer.message, "LINK_ACK of 4 events: 3 were sent");
  assertEquals([answer.code, leaf.closed?.code], [101, 1002]);
  assertEquals(record.lane.waiting, 1, "and loses nothing");
  assertEquals(hub.linkState("leaf"), undefined);
});

Deno.test("what comes is acknowledged by its number, whatever became of it", () => {
  const { hub, leaf } = setUp();
  leaf.send(
    ...forwardEvent(publish("/1"), { sequence: 1 }),
    ...forwardEvent(publish("/1"), { sequence: 1 }),
    ...forwardEvent(publish("none"), { sequence: 2 }),
    ...forwardEvent(publish("/3"), { sequence: 3, remainingLifeMs: 0 }),
    ...forwardEvent(publish("/4"), { sequence: 4, origin: "hub" }),
  );
  leaf.read();
  hub.advance(50);
  hub.flush();
  assertEquals(leaf.read(), [{ type: "FEDERATION_SYNC", op: "LinkAck", events: 5 }]);
  assertEquals(recordOf(hub, "leaf").counters.expired, 1);
});

Deno.test("while a link is behind, events wait in the lane and expire there", () => {
  const { hub, leaf, say, record } = setUp();
  hub.port.buffered.set(leaf.id, 1_000);
  for (const address of ["/1", "/2", "/3"]) say(publish(address));
  // One is on its way to the socket before anybody can know.
  assertEquals(record.lane.waiting, 2);
  hub.advance(EVENT_LIFE_MS / 2);
  say(publish("/4"));
  hub.advance(EVENT_LIFE_MS / 2 + 500);
  hub.port.buffered.set(leaf.id, 0);
  hub.advance(4);
  hub.flush();
  assertEquals(eventsIn(leaf.read()), ["/1", "/4"]);
  assertEquals(record.counters.expired, 2);
});

Deno.test("a gesture's moves do not overtake its start", () => {
  const { hub, leaf, say } = setUp();
  hub.port.buffered.set(leaf.id, 1_000);
  say(publish("/first"));
  for (const phase of [PHASE.start, PHASE.move, PHASE.end]) {
    say(publish("/gesture", { signal: SIGNAL.gesture, phase }));
  }
  hub.port.buffered.set(leaf.id, 0);
  hub.advance(4);
  hub.flush();
  const phases = leaf.read().flatMap((message) =>
    message.type === "PUBLISH" && message.signal === SIGNAL.gesture ? [message.phase] : []
  );
  assertEquals(phases, [PHASE.start, PHASE.end]);
});

Deno.test("an event is kept as it was, whatever becomes of the message it came in", () => {
  const { hub, leaf } = setUp();
  const client = hub.client();
  lose(hub, leaf);
  for (const address of ["/1", "/2"]) {
    const bytes = encodeFrame(publish(address));
    client.sendBytes(bytes);
    bytes.fill(0);
  }
  const back = comeBack(hub);
  back.send(subscription("/**"));
  assertEquals(eventsIn(back.ask(namespaceSync("RequestSync", []))), ["/1", "/2"]);
});

Deno.test("a leaf that stays away is not waited for any more in the end", () => {
  const { hub, leaf, say, record } = setUp();
  lose(hub, leaf);
  hub.advance(PEER_AWAITED_MS - EVENT_LIFE_MS / 2);
  say(publish("/1"));
  hub.advance(EVENT_LIFE_MS / 2);
  assertEquals(record.counters.dropped, 1);
  say(publish("/2"));
  assertEquals(record.lane.waiting, 0);
  assertEquals(recordOf(hub, "leaf"), record, "but it is remembered");
});

Deno.test("a leaf that came back in time is waited for as long again", () => {
  const { hub, leaf, say } = setUp();
  lose(hub, leaf);
  hub.advance(PEER_AWAITED_MS / 2);
  const back = comeBack(hub);
  back.send(subscription("/**"), namespaceSync("RequestSync", []));
  lose(hub, back);
  hub.advance(PEER_AWAITED_MS / 2 + 1_000);
  say(publish("/1"));
  assertEquals(recordOf(hub, "leaf").lane.waiting, 1);
});

Deno.test("of too many leaves that are away the one away longest is forgotten", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const client = hub.client();
  for (let n = 0; n <= PEERS_AWAY_MAX; n++) {
    const leaf = registerLeaf(hub, `leaf-${n}`, []);
    leaf.send(subscription("/cue"));
    lose(hub, leaf);
    if (n === 0) client.send(publish("/cue"));
    // Comes back, and is the last to go.
    if (n === 1) lose(hub, comeBack(hub, 1, "leaf-0"));
  }
  assertEquals(hub.federation.records.get("leaf-1"), undefined);
  assertEquals(hub.federation.records.get("leaf-0")?.lane.waiting, 1);
  assertEquals(hub.federation.records.all().length, PEERS_AWAY_MAX);
});

Deno.test("what is lost with a forgotten leaf is told as dropped", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const client = hub.client();
  const leaf = registerLeaf(hub, "leaf", []);
  leaf.send(subscription("/cue"));
  lose(hub, leaf);
  client.send(publish("/cue"));
  for (let n = 0; n < PEERS_AWAY_MAX; n++) lose(hub, registerLeaf(hub, `leaf-${n}`, []));
  assertEquals(hub.federation.records.get("leaf"), undefined);
  assertEquals(
    hub.events.flatMap((event) => event.type === "eventLost" ? [event.why] : []),
    ["dropped"],
  );
});

Deno.test("a leaf keeps for its hub what is published before it ever connected", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const client = leaf.client();
  client.send(publish("/1"));
  const hub = greetedHub(leaf, "hub");
  client.send(publish("/2"));
  answerSyncs(hub);
  assertEquals(recordOf(leaf, "hub").lane.waiting, 2);
  hub.send({ type: "ACK" }, subscription("/**"), declaration("hub", []));
  assertEquals(eventsIn(answerSyncs(hub)), ["/1", "/2"]);
});

Deno.test("a record tells the state of the link, since when, and why it ended", () => {
  const { hub, leaf, record } = setUp();
  assertEquals([record.state, record.bootId, record.hasLink], ["Syncing", 1, true]);
  hub.advance(1_000);
  const atMicros = hub.nowMicros;
  lose(hub, leaf);
  hub.advance(1_000);
  assertEquals([record.state, record.reason, record.hasLink], ["Disconnected", "cut", false]);
  assertEquals(record.stateSinceMicros, atMicros);
});

Deno.test("what is refused on a link is counted", () => {
  const { leaf, record } = setUp();
  leaf.send(...forwardEvent(publish("none")));
  leaf.send({ type: "ERROR", code: 403, message: "no" });
  assertEquals(record.counters.refused, 2);
});
