import {
  OUTBOX_BYTES_MAX,
  OUTBOX_LOW_WATER_SHARE,
  OUTBOX_SAMPLES_MAX,
  OUTBOX_SLICE_BYTES,
  OUTBOX_SLOW_BYTES,
  OUTBOX_SLOW_MS,
  OUTBOX_SOURCES_MAX,
  SUBSCRIBES_PER_SECOND_MAX,
} from "../../../src/limits.ts";
import { type Message, PHASE, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { decodeFrame } from "../../../src/wire/frame.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { codeOf, set, TestRouter } from "./test_router.ts";

const HIGH_WATER = 1_000;
const LOW_WATER = HIGH_WATER * OUTBOX_LOW_WATER_SHARE;

function setUp(outboxBytesMax = 100_000): TestRouter {
  return new TestRouter({ outboxHighWaterBytes: HIGH_WATER, outboxBytesMax });
}

/** What a client is told, in short. */
function told(messages: readonly Message[]): string[] {
  return messages.flatMap((message) => {
    switch (message.type) {
      case "SNAPSHOT":
        return message.params.map(({ address, revision }) => `${address} ${revision}`);
      case "SET":
      case "ACK":
        return [`${message.type} ${message.address} ${message.revision}`];
      default:
        return "address" in message ? [`${message.type} ${message.address}`] : [message.type];
    }
  });
}

function event(address: string, value: Value = "go"): Message {
  return { type: "PUBLISH", address, signal: SIGNAL.event, phase: 0, value: encodeValue(value) };
}

function gesture(phase: keyof typeof PHASE, id: number): Message {
  const value = encodeValue(id);
  return { type: "PUBLISH", address: "/g", signal: SIGNAL.gesture, phase: PHASE[phase], value, id };
}

Deno.test("a client has a lane of conflated values only once it falls behind", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  const outbox = router.core.connection(reader.id)?.outbox;
  writer.ask(set("/a", 1));
  assertEquals([outbox?.lane, reader.read().length], [undefined, 1]);
  router.port.buffered.set(reader.id, HIGH_WATER);
  writer.ask(set("/a", 2));
  const lane = outbox?.lane;
  assert(lane !== undefined);
  assertEquals(lane.isEmpty, false);
  router.port.buffered.set(reader.id, 0);
  router.advance(4);
  assertEquals([told(reader.read()), lane.isEmpty], [["SET /a 2"], true]);
  router.port.buffered.set(reader.id, HIGH_WATER);
  writer.ask(set("/a", 3));
  assert(outbox?.lane === lane, "it stays the same one");
  outbox?.close();
  outbox?.conflate("/a");
  assertEquals(outbox?.lane, undefined);
});

Deno.test("params for a client that does not drain are conflated, and leave when it does", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  for (let value = 1; value <= 20; value++) writer.ask(set(`/${value % 2}`, value));
  assertEquals(reader.read(), []);
  router.advance(100);
  assertEquals(reader.read(), [], "still full");
  router.port.buffered.set(reader.id, LOW_WATER + 1);
  router.advance(4);
  assertEquals(reader.read(), [], "not before the low mark");
  router.port.buffered.set(reader.id, LOW_WATER);
  router.advance(4);
  assertEquals(told(reader.read()), ["/1 10", "/0 10"]);
  assertEquals(router.core.nextWakeMicros, undefined, "nothing waits any more");
  assertEquals(router.core.connection(reader.id)?.outbox.counters, {
    ...{ conflated: 18, dropped: 0, expired: 0 },
  });
  reader.leave();
  assertEquals(router.core.unsent.conflated, 18, "it stays in the sum");
});

Deno.test("a client that reads nothing keeps its place however much changes", () => {
  const router = setUp(2_000);
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  for (let n = 0; n < 5_000; n++) writer.ask(set(`/${n % 100}`, "x".repeat(1_000)));
  router.advance(10 * OUTBOX_SLOW_MS);
  assertEquals([reader.closed, router.core.queuedBytes], [undefined, 0]);
  router.port.buffered.set(reader.id, 0);
  router.advance(20);
  assertEquals(told(reader.read()), Array.from({ length: 100 }, (_, n) => `/${n} 50`));
});

Deno.test("a client is told what it wrote before the ACK, and nothing older after it", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  writer.ask(set("/a", 1));
  writer.ask(set("/b", 1));
  reader.send(set("/a", 2), { qos: QOS.confirm });
  writer.ask(set("/a", 3));
  reader.send(set("/b", 2), { qos: QOS.fire });
  router.port.buffered.set(reader.id, 0);
  router.advance(4);
  assertEquals(told(reader.read()), ["SET /a 2", "ACK /a 2", "/b 2", "/a 3"]);
});

Deno.test("a client is told what it wrote in a bundle before the ACK of that bundle", () => {
  const router = setUp();
  const reader = router.client();
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  const messages = [set("/a", 1), event("/e"), set("/b", 1), set("/a", 2)];
  reader.send({ type: "BUNDLE", messages }, { qos: QOS.confirm });
  router.port.buffered.set(reader.id, 0);
  router.advance(4);
  assertEquals(told(reader.read()), ["SET /a 2", "SET /b 1", "ACK undefined 2"]);
});

Deno.test("what a client asked for comes in order, and no newer value before it", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  writer.ask(set("/a", 1));
  reader.read();
  router.port.buffered.set(reader.id, HIGH_WATER);
  reader.send({ type: "GET", address: "/a" });
  writer.ask(set("/a", 2));
  reader.send({ type: "PING" });
  reader.send({ type: "GET", address: "/none" });
  router.port.buffered.set(reader.id, 0);
  router.advance(4);
  assertEquals(told(reader.read()), ["/a 1", "PONG", "ERROR /none", "SET /a 2"]);
});

Deno.test("what an unsubscribed client missed is not told any more", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/a/**", types: 0 });
  reader.send({ type: "SUBSCRIBE", id: 2, pattern: "/b/**", types: 0 });
  reader.read();
  router.port.buffered.set(reader.id, HIGH_WATER);
  for (const address of ["/a/1", "/b/1", "/b/2"]) writer.ask(set(address, 1));
  reader.send({ type: "UNSUBSCRIBE", id: 1 }, { qos: QOS.fire });
  router.port.buffered.set(reader.id, 0);
  router.advance(4);
  assertEquals(told(reader.read()), ["/b/1 1", "/b/2 1"]);
});

Deno.test("a look through much that a client wants no more does not hold up the others", () => {
  const router = new TestRouter({ outboxHighWaterBytes: HIGH_WATER });
  const [writer, reader] = [router.client(), router.client()];
  reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/a/**", types: 0 });
  reader.send({ type: "SUBSCRIBE", id: 2, pattern: "/b/**", types: 0 });
  reader.read();
  router.port.buffered.set(reader.id, HIGH_WATER);
  const count = 20_000;
  for (let n = 0; n < count; n++) writer.send(set(`/a/${n}`, 1), { qos: QOS.fire });
  writer.send(set("/b", 1), { qos: QOS.fire });
  reader.send({ type: "UNSUBSCRIBE", id: 1 }, { qos: QOS.fire });
  let asked = 0;
  const { subscriptions } = router.core;
  const targets = subscriptions.targets.bind(subscriptions);
  subscriptions.targets = (address) => {
    asked++;
    return targets(address);
  };
  router.port.buffered.set(reader.id, 0);
  router.advance(4);
  assert(asked < count / 2, `${asked} in one turn`);
  router.advance(100);
  assertEquals(told(reader.read()), ["SET /b 1"]);
  assertEquals(router.core.nextWakeMicros, undefined, "nothing waits any more");
});

Deno.test("what waits for a client goes with the connection", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  writer.ask(set("/a", 1));
  const outbox = router.core.connection(reader.id)?.outbox;
  reader.leave();
  assertEquals([outbox?.isWaiting, outbox?.lane], [false, undefined]);
  router.advance(4);
  assertEquals(router.core.nextWakeMicros, undefined);
});

Deno.test("a router that stops hands over what waits, the newest values too", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  for (let value = 1; value <= 3; value++) writer.ask(set("/a", value));
  writer.send(event("/cue"));
  router.core.stop("over", router.nowMicros);
  assertEquals(told(reader.read()), ["PUBLISH /cue", "SET /a 3"]);
});

Deno.test("moves of a slow client's gestures make room for newer ones, start and end stay", () => {
  const router = setUp(OUTBOX_BYTES_MAX);
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  writer.send(gesture("start", 0));
  for (let n = 1; n <= OUTBOX_SAMPLES_MAX + 500; n++) writer.send(gesture("move", n));
  writer.send(gesture("end", 9_999));
  assertEquals(router.core.unsent, { conflated: 0, dropped: 500, expired: 0 });
  router.port.buffered.set(reader.id, 0);
  router.advance(4);
  const ids = reader.read().map((message) => message.type === "PUBLISH" ? message.id : undefined);
  assertEquals([ids.length, ids[0], ids[1], ids.at(-1)], [OUTBOX_SAMPLES_MAX + 2, 0, 501, 9_999]);
});

Deno.test("streams without end do not keep params from a client that reads too little", () => {
  const router = setUp(OUTBOX_BYTES_MAX);
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  const sample: Message = {
    ...{ type: "PUBLISH", address: "/s", signal: SIGNAL.stream, phase: 0 },
    value: encodeValue("x".repeat(10_000)),
  };
  for (let n = 0; n < 200; n++) writer.send(sample);
  writer.ask(set("/a", 1));
  const send = router.port.send.bind(router.port);
  let room = 8;
  router.port.send = (connection, bytes) => {
    send(connection, bytes);
    if (connection === reader.id && --room === 0) router.port.buffered.set(reader.id, HIGH_WATER);
  };
  router.port.buffered.set(reader.id, 0);
  router.advance(4);
  assert(told(reader.read()).includes("SET /a 1"));
  assertEquals(reader.closed, undefined);
});

Deno.test("no client takes a whole turn for what waits for it: all have their slice in turn", () => {
  const router = setUp(OUTBOX_BYTES_MAX);
  const writer = router.client();
  const readers = Array.from({ length: 20 }, () => router.client());
  for (const reader of readers) {
    reader.subscribe("/**");
    router.port.buffered.set(reader.id, HIGH_WATER);
  }
  for (let n = 0; n < 40; n++) writer.send(event("/cue", "x".repeat(16_000)));
  for (const reader of readers) router.port.buffered.set(reader.id, 0);
  const perTurn: number[][] = [];
  for (let turn = 0; turn < 8; turn++) {
    router.advance(turn === 0 ? 4 : 1);
    perTurn.push(readers.map((reader) => reader.read().length));
  }
  const most = Math.ceil(OUTBOX_SLICE_BYTES / 16_000);
  assert(perTurn.flat().every((count) => count <= most), "more than a slice");
  const served = perTurn.map((counts) => counts.filter((count) => count > 0).length);
  assertEquals(served.slice(0, 3), [7, 7, 7], "each turn others, as many as its bytes are for");
  const first = perTurn[0]?.findIndex((count) => count > 0);
  assertEquals(perTurn[2]?.findIndex((count) => count > 0), first, "the first again after all");
  router.advance(100);
  assertEquals(readers.every(({ closed }) => closed === undefined), true);
});

Deno.test("events that expire while a client does not read do not add up", () => {
  const router = setUp(OUTBOX_BYTES_MAX);
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  for (let second = 0; second < 60; second++) {
    for (let n = 0; n < 1_000; n++) writer.send(event("/cue"));
    router.advance(1_000);
  }
  const outbox = router.core.connection(reader.id)?.outbox;
  assert(outbox !== undefined);
  const bytes = outbox.queuedBytes / 60_000;
  assert(bytes < 10, `${bytes} bytes for each of 60,000 events`);
  assertEquals(reader.closed, undefined);
});

Deno.test("a client whose queue is full gets 503 and is closed, and the others go on", () => {
  const router = setUp(2_000);
  const [writer, slow, quick] = [router.client(), router.client(), router.client()];
  slow.subscribe("/**");
  quick.subscribe("/**");
  router.port.buffered.set(slow.id, HIGH_WATER);
  let writes = 0;
  while (slow.closed === undefined) {
    assert(++writes < 1_000);
    writer.send(event("/a", "x".repeat(100)));
  }
  const last = slow.readBytes().at(-1);
  assert(last !== undefined);
  assertEquals(codeOf(decodeFrame(last).message), 503);
  assertEquals(slow.closed?.code, 1013);
  assert(writes > 10);
  assertEquals(quick.read().length, writes);
  assertEquals(router.core.clientSessions, 2);
});

Deno.test("a client that stays far behind for two seconds gets 503, one that catches up does not", () => {
  const router = setUp(OUTBOX_BYTES_MAX);
  const [writer, stuck, late] = [router.client(), router.client(), router.client()];
  for (const client of [stuck, late]) {
    client.subscribe("/**");
    router.port.buffered.set(client.id, HIGH_WATER);
  }
  const value = "x".repeat(60_000);
  for (let bytes = 0; bytes <= OUTBOX_SLOW_BYTES; bytes += value.length) {
    writer.send(event("/a", value));
  }
  router.advance(OUTBOX_SLOW_MS - 100);
  assertEquals([stuck.closed, late.closed], [undefined, undefined]);
  router.port.buffered.set(late.id, 0);
  router.advance(200);
  assertEquals([stuck.closed?.code, late.closed], [1013, undefined]);
  router.advance(OUTBOX_SLOW_MS);
  assertEquals(late.closed, undefined);
});

Deno.test("a snapshot that is paused never sends a version older than one sent before", () => {
  for (const pattern of ["/p/**", "/p/7"]) {
    const router = setUp();
    const [writer, reader] = [router.client(), router.client()];
    for (let n = 0; n < 10; n++) writer.send(set(`/p/${n}`, "old"));
    writer.read();
    router.port.buffered.set(reader.id, HIGH_WATER);
    reader.send({ type: "SUBSCRIBE", id: 1, pattern, types: 0 });
    writer.send(set("/p/7", "new"));
    router.port.buffered.set(reader.id, 0);
    router.advance(4);
    const revisions = reader.read().flatMap((message) => {
      if (message.type === "SET") return [message.revision ?? 0];
      if (message.type !== "SNAPSHOT") return [];
      return message.params.filter(({ address }) => address === "/p/7")
        .map(({ revision }) => revision);
    });
    assertEquals(new Set(revisions), new Set([2]), pattern);
  }
});

Deno.test("the ACK of a SUBSCRIBE follows its snapshot, however long that takes", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  for (let n = 0; n < 100; n++) writer.send(set(`/p/${n}`, "x".repeat(1_000)));
  router.port.buffered.set(reader.id, HIGH_WATER);
  reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0 });
  router.advance(20);
  assertEquals(reader.read(), []);
  router.port.buffered.set(reader.id, 0);
  router.advance(20);
  const types = reader.read().map(({ type }) => type);
  assertEquals(types.at(-1), "ACK");
  assertEquals(types.filter((type) => type === "SNAPSHOT").length, types.length - 1);
});

Deno.test("connections that come and go while they wait leave one appointment to pump, not many", () => {
  const router = setUp();
  for (let n = 0; n < 10; n++) {
    const client = router.client();
    router.port.buffered.set(client.id, HIGH_WATER);
    client.send({ type: "PING" });
    client.leave();
  }
  const client = router.client();
  router.port.buffered.set(client.id, HIGH_WATER);
  client.send({ type: "PING" });
  router.advance(4);
  router.port.bufferedAsked = 0;
  router.advance(40);
  assertEquals(router.port.bufferedAsked, 10);
});

Deno.test("a client that subscribes one id over and over has one snapshot waiting, and every ACK", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  writer.ask(set("/p/1", 1));
  router.port.buffered.set(reader.id, HIGH_WATER);
  const times = 3 * OUTBOX_SOURCES_MAX;
  for (let n = 0; n < times; n++) {
    const pattern = n % 2 === 0 ? "/p/*" : "/p/**";
    reader.send({ type: "SUBSCRIBE", id: 1, pattern, types: 0 }, { qos: QOS.confirm });
    // As often as it may.
    router.advance(1_000 / SUBSCRIBES_PER_SECOND_MAX);
  }
  assertEquals(reader.closed, undefined);
  router.port.buffered.set(reader.id, 0);
  router.advance(20);
  const types = reader.read().map(({ type }) => type);
  assertEquals(types.filter((type) => type === "ACK").length, times);
  assertEquals(types.filter((type) => type !== "ACK"), ["SNAPSHOT"]);
  assertEquals(types.slice(-2), ["SNAPSHOT", "ACK"]);
});

Deno.test("a SUBSCRIBE for which too many snapshots wait gets 429 and changes nothing", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  router.port.buffered.set(reader.id, HIGH_WATER);
  for (let id = 0; id <= OUTBOX_SOURCES_MAX; id++) {
    const pattern = `/p/${id}`;
    reader.send({ type: "SUBSCRIBE", id, pattern, types: 0 }, { qos: QOS.fire });
    if (id < OUTBOX_SOURCES_MAX) reader.send({ type: "UNSUBSCRIBE", id }, { qos: QOS.fire });
  }
  router.port.buffered.set(reader.id, 0);
  router.advance(20);
  assertEquals(reader.read().map(codeOf), [429]);
  writer.ask(set(`/p/${OUTBOX_SOURCES_MAX}`, 1));
  assertEquals(reader.read(), [], "it is not subscribed");
  reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/p/**", types: 0 });
  assertEquals(reader.read().map(({ type }) => type), ["SNAPSHOT", "ACK"], "there is room again");
});
