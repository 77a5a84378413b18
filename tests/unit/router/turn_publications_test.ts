import { BATCH_BYTES_MAX, OUTBOX_SAMPLES_MAX } from "../../../src/limits.ts";
import { Outbox } from "../../../src/router/outbox.ts";
import { ParamChange } from "../../../src/router/param_change.ts";
import type { RouterCoreConfig } from "../../../src/router/router_config.ts";
import { Turn } from "../../../src/router/turn.ts";
import { decodeClientFrame } from "../../../src/wire/client_frame.ts";
import { ALL_SIGNALS, type Message, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { encodeV0Frame, isV0Frame } from "../../../src/wire/v0_frame.ts";
import { decodeValue, encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";
import { FakePort } from "./fake_port.ts";
import { publication } from "./publication.ts";
import { hello, set, type TestConnection, TestRouter } from "./test_router.ts";
import { TestTurnMessages } from "./test_turn_messages.ts";

const HIGH_WATER = 1_000;
const FIRE = { qos: QOS.fire } as const;

class TurnPort extends FakePort {
  readonly turnMessages: TestTurnMessages = new TestTurnMessages(this);
}

/** A router whose connections are sent things in turns, a publisher and some who want everything. */
function setUp(readers: number, config: Partial<RouterCoreConfig> = {}) {
  const port = new TurnPort();
  const router = new TestRouter({ messagesPerSecondMax: 0, ...config }, { port });
  const [publisher, ...others] = Array.from({ length: 1 + readers }, () => router.client());
  assert(publisher !== undefined);
  for (const reader of others) reader.subscribe("/**");
  const say = (message: Message): void => publisher.send(message, FIRE);
  const endTurn = (): void => router.core.flush(router.nowMicros);
  return { router, port, messages: port.turnMessages, readers: others, say, endTurn };
}

function event(value: Value): Message {
  return { type: "PUBLISH", address: "/e", signal: SIGNAL.event, phase: 0, value: encoded(value) };
}

function stream(value: Value, address = "/s"): Message {
  return { type: "PUBLISH", address, signal: SIGNAL.stream, phase: 0, value: encoded(value) };
}

const encoded = encodeValue;

/** What came, in short: values, and the types of what has none. */
function told(messages: readonly Message[]): unknown[] {
  return messages.map((message) => {
    if (message.type !== "SET" && message.type !== "PUBLISH") return message.type;
    const { value } = message;
    if (value === undefined) return message.type === "PUBLISH" ? message.samples : undefined;
    const decoded = decodeValue(value);
    return typeof decoded === "string" && decoded.length > 20
      ? `${decoded.slice(0, 3)}x${decoded.length}`
      : decoded;
  });
}

function read(reader: TestConnection | undefined): unknown[] {
  return told(reader?.read() ?? []);
}

Deno.test("publications of a turn: the first leaves at once, the others in one go when it ends", () => {
  const { router, messages, readers: [first, second], say, endTurn } = setUp(2);
  for (const n of [1, 2, 3]) say(event(n));
  say(stream(4));
  assertEquals([read(first), read(second)], [[1], [1]]);
  assertEquals(messages.count, 3, "each is made once, for all");
  assert(router.core.wantsFlush);
  endTurn();
  assertEquals([read(first), read(second)], [[2, 3, 4], [2, 3, 4]]);
  assertEquals(messages.runs, [3, 3]);
  router.advance(1);
  say(event(5));
  assertEquals([read(first), router.core.wantsFlush], [[5], false], "the first of the next");
});

Deno.test("publications of a turn stay in order with params and answers", () => {
  const { messages, readers: [reader, other], say, endTurn } = setUp(2);
  say(set("/a", 1));
  say(event(2));
  say(event(3));
  say(set("/a", 4));
  say(stream(5));
  reader?.send({ type: "PING" });
  say(event(6));
  say(set("/a", 7));
  say(stream(8));
  endTurn();
  assertEquals(read(reader), [1, 2, 3, 4, 5, "PONG", 6, 7, 8]);
  assertEquals(read(other), [1, 2, 3, 4, 5, 6, 7, 8]);
  // One of them got the param, then what came up to the PONG, then the rest; the other two parts.
  assertEquals(messages.runs, [1, 1, 3, 3, 6]);
});

Deno.test("publications of a turn: who wants some of them gets these, in order", () => {
  const { router, readers: [all], say, endTurn } = setUp(1);
  const [events, params] = [router.client(), router.client()];
  events.subscribe("/**", 1 << SIGNAL.event);
  params.subscribe("/**", 1 << SIGNAL.param);
  for (let n = 0; n < 12; n += 3) {
    say(event(n));
    say(set("/a", n + 1));
    say(stream(n + 2));
  }
  endTurn();
  assertEquals(read(all), Array.from({ length: 12 }, (_, n) => n));
  assertEquals(read(events), [0, 3, 6, 9]);
  assertEquals(read(params), [1, 4, 7, 10]);
});

Deno.test("publications of a turn for a client without room wait behind each other", () => {
  const { router, port, readers: [reader, keen], say, endTurn } = setUp(2, {
    outboxHighWaterBytes: HIGH_WATER,
    eventTtlMs: 300,
  });
  assert(reader !== undefined);
  port.buffered.set(reader.id, HIGH_WATER);
  for (const n of [1, 2]) say(event(n));
  endTurn();
  router.advance(200);
  for (const n of [3, 4]) say(event(n));
  for (let n = 0; n < OUTBOX_SAMPLES_MAX + 2; n++) say(stream(n));
  say(set("/a", "param"));
  endTurn();
  assertEquals([read(reader).length, read(keen).length], [0, OUTBOX_SAMPLES_MAX + 7]);
  router.advance(150);
  port.buffered.delete(reader.id);
  router.advance(4);
  assertEquals(read(reader).slice(0, 4), [3, 4, 2, 3], "two have expired, two made room");
  assertEquals(router.core.unsent, { conflated: 0, dropped: 2, expired: 2 });
});

Deno.test("publications of a turn: a buffer that fills meanwhile has the rest wait in order", () => {
  const { router, port, messages, readers: [reader], say, endTurn } = setUp(1);
  assert(reader !== undefined);
  const send = port.send.bind(port);
  let isTaking = false;
  port.send = (connection, bytes) => {
    send(connection, bytes);
    const buffered = port.buffered.get(connection) ?? 0;
    if (!isTaking) port.buffered.set(connection, buffered + bytes.length);
  };
  const bytes = 10_000;
  const count = 3 * Math.ceil(BATCH_BYTES_MAX / bytes);
  const values = Array.from({ length: count }, (_, n) => `${100 + n}`.padEnd(bytes, "."));
  for (const value of values) {
    say(event(value));
    assertLessOrEqual(messages.byteLength, BATCH_BYTES_MAX + bytes + 100);
  }
  endTurn();
  const before = read(reader);
  assert(before.length < count && router.core.queuedBytes > 0, "some of them wait");
  isTaking = true;
  port.buffered.clear();
  router.advance(1_000);
  assertEquals([...before, ...read(reader)], told(values.map(event)));
});

Deno.test("publications of a turn reach a client of v0 as v0, in order", () => {
  const { router, readers: [reader], say, endTurn } = setUp(1);
  const old = router.connect();
  old.sendBytes(encodeV0Frame({ ...hello(), version: 2 }));
  old.sendBytes(
    encodeV0Frame({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS }),
  );
  old.readBytes();
  say(set("/a", 1));
  for (const n of [2, 3]) say(event(n));
  say(stream(4));
  endTurn();
  const frames = old.readBytes();
  assert(frames.every(isV0Frame));
  assertEquals(told(frames.map((bytes) => decodeClientFrame(bytes).message)), [1, 2, 3, 4]);
  assertEquals(read(reader), [1, 2, 3, 4]);
});

Deno.test("publications of a turn: what is gathered for one does not disturb the others", () => {
  const { router, messages, readers: [first], say, endTurn } = setUp(1);
  const gathering = router.client();
  const options = { window: 100 };
  gathering.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: ALL_SIGNALS, options }, FIRE);
  const last = router.client();
  last.subscribe("/**");
  for (const n of [1, 2, 3]) say(stream(n));
  const large = "y".repeat(60_000);
  while (messages.byteLength + large.length < BATCH_BYTES_MAX) say(event(large));
  // The turn is full with this: what was gathered ends it before this one is told to the last.
  say(stream(large));
  say(stream(4));
  endTurn();
  const larges = Array.from({ length: 5 }, () => `yyyx${large.length}`);
  assertEquals(read(first), [1, 2, 3, ...larges, 4]);
  assertEquals(read(last), [1, 2, 3, ...larges, 4]);
  assertEquals(read(gathering), [...larges.slice(1), [1, 2, 3], larges[0]]);
});

Deno.test("Turn: a publication is another message when the turn has ended meanwhile", () => {
  const port = new FakePort();
  const turn = new Turn(new TestTurnMessages(port), { nowMicros: () => 0, failed: () => {} });
  const limits = { bytesMax: 1_000, highWaterBytes: 1_000 };
  const [first, second] = [1, 2].map((id) => new Outbox(port, id, limits, turn));
  const [a, b, c] = [1, 2, 3].map((n) => publication(Uint8Array.of(n)));
  assert(a !== undefined && b !== undefined && c !== undefined);
  for (const each of [a, b]) first?.sendPublication(each);
  turn.end();
  assertEquals(second?.publishInTurn(b), false);
  second?.sendPublication(b);
  assertEquals(second?.publishInTurn(c), true);
  turn.end();
  assertEquals([1, 2].map((id) => port.sentOn(id).map(([n]) => n)), [[1, 2], [2, 3]]);
});

Deno.test("Outbox: no new value follows an event in the turn while older ones wait", () => {
  const port = new FakePort();
  const turn = new Turn(new TestTurnMessages(port), { nowMicros: () => 0, failed: () => {} });
  const outbox = new Outbox(port, 1, { bytesMax: 1_000, highWaterBytes: 1_000 }, turn);
  const waiting = ["/older"];
  outbox.lane = {
    isEmpty: false,
    add: (address) => waiting.push(address) < 0,
    next: () => undefined,
  };
  for (const n of [1, 2]) outbox.sendPublication(publication(Uint8Array.of(n)));
  const version = { value: encoded(1), revision: 1, timestampMicros: 1, origin: "a", ttl: 0 };
  const change = new ParamChange("/newer", version, { raised: false });
  if (!outbox.sendInTurn(change)) outbox.sendChange(change);
  turn.end();
  assertEquals(port.sentOn(1).map(([n]) => n), [1, 2]);
  assertEquals(waiting, ["/older", "/newer"]);
});
