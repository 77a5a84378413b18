import { FRAME_PAYLOAD_BYTES_MAX, NAME_BYTES_MAX } from "../../../src/limits.ts";
import { decodeClientFrame } from "../../../src/wire/client_frame.ts";
import { decodeFrame, encodeFrame, type FrameOptions } from "../../../src/wire/frame.ts";
import {
  ALL_SIGNALS,
  FEATURE,
  type HelloMessage,
  type Message,
  PHASE,
  type PublishMessage,
  QOS,
  SIGNAL,
} from "../../../src/wire/message.ts";
import { encodeV0Frame, isV0Frame } from "../../../src/wire/v0_frame.ts";
import { decodeValue, encodeValue } from "../../../src/wire/value_codec.ts";
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertStringIncludes,
} from "../../support/assert.ts";
import { FederationNode } from "../federation/federation_node.ts";
import { messagePack } from "../wire/message_pack.ts";
import { codeOf, set, type TestConnection, TestRouter } from "./test_router.ts";

const HELLO: HelloMessage = {
  type: "HELLO",
  version: 2,
  features: FEATURE.param | FEATURE.event,
  name: "old",
};
const EVENT: PublishMessage = { type: "PUBLISH", address: "/e", signal: SIGNAL.event, phase: 0 };

Deno.test("a client that says HELLO in v0 gets WELCOME in v0, with its version, and a SNAPSHOT", () => {
  const router = new TestRouter({ name: "desk", features: ["param", "event"] });
  for (const version of [1, 2]) {
    const client = router.connect();
    sendV0(client, { ...HELLO, version });
    const [welcome, snapshot, ...rest] = readV0(client);
    assertEquals(rest, []);
    assert(welcome?.type === "WELCOME");
    assertEquals([welcome.version, welcome.name, welcome.features, welcome.timeMicros], [
      version,
      "desk",
      FEATURE.param | FEATURE.event,
      router.wallMicros,
    ]);
    assertEquals(snapshot, { type: "SNAPSHOT", params: [] });
  }
  assertEquals(router.core.clientSessions, 2);
});

Deno.test("a HELLO in v0 of an unknown version is refused with 102, in v0", () => {
  for (const version of [0, 3]) {
    const client = new TestRouter().connect();
    sendV0(client, { ...HELLO, version });
    assertEquals(readV0(client).map(codeOf), [102]);
    assertEquals(client.closed?.code, 1008);
  }
});

Deno.test("a first message of v0 that is no HELLO, or cannot be read, is refused in v0", () => {
  const frame = encodeV0Frame(HELLO);
  const attempts: readonly (readonly [number, Uint8Array])[] = [
    [101, encodeV0Frame({ type: "PING" })],
    [101, v0Frame(messagePack({ type: "HELLO" }))],
    [101, Uint8Array.of(0x53, 0, 0, 1, 0x81)],
    [100, frame.subarray(0, frame.length - 1)],
    [100, Uint8Array.of(0x53, 0x10, 0, 1, 0x80)],
  ];
  for (const [code, bytes] of attempts) {
    const client = new TestRouter().connect();
    client.sendBytes(bytes);
    assertEquals(readV0(client).map(codeOf), [code]);
    assertEquals(client.closed?.code, 1008);
  }
});

Deno.test("a router that says HELLO in v0 is refused with 403, by one that federates", () => {
  const node = new FederationNode({ routerId: "hub" });
  const peer = node.connect();
  sendV0(peer, { ...HELLO, features: HELLO.features | FEATURE.federation });
  const [error, ...rest] = readV0(peer);
  assertEquals(rest, []);
  assert(error?.type === "ERROR");
  assertEquals(error.code, 403);
  assertStringIncludes(error.message, "say HELLO in binary frames (v1)");
  assertEquals(peer.closed?.code, 1008);

  const client = new TestRouter().connect();
  sendV0(client, { ...HELLO, features: HELLO.features | FEATURE.federation });
  assertEquals(readV0(client)[0]?.type, "WELCOME");
});

Deno.test("every answer to a client of v0 is v0", () => {
  const router = new TestRouter();
  const client = v0Client(router);
  const asks: readonly (readonly [Message, Message["type"], number?])[] = [
    [set("/a", 1), "ACK"],
    [{ type: "GET", address: "/a" }, "SNAPSHOT"],
    [{ type: "GET", address: "/none" }, "ERROR", 201],
    [{ type: "SUBSCRIBE", id: 1, pattern: "/none/*", types: ALL_SIGNALS }, "ACK"],
    [{ type: "SUBSCRIBE", id: 1, pattern: "none", types: ALL_SIGNALS }, "ERROR", 202],
    [{ type: "UNSUBSCRIBE", id: 1 }, "ACK"],
    [{ ...EVENT, value: encodeValue(1n) }, "ACK"],
    [{ type: "BUNDLE", messages: [set("/a", 2), EVENT] }, "ACK"],
    [{ type: "SYNC", t1: 7 }, "SYNC"],
    [{ type: "PING" }, "PONG"],
    [set("a", 1), "ERROR", 200],
    [set("/clasp/federation/x", 1), "ERROR", 403],
    [{ type: "FEDERATION_SYNC", op: "RequestSync", patterns: [], revisions: [] }, "ERROR", 403],
    [HELLO, "ERROR", 101],
  ];
  for (const [message, type, code] of asks) {
    sendV0(client, message);
    const [answer, ...rest] = readV0(client);
    assertEquals([answer?.type, rest], [type, []], message.type);
    if (code !== undefined) assertEquals(answer && codeOf(answer), code);
  }
});

Deno.test("a param that a client of v0 set with a TTL is gone for it in time, whatever the mode", () => {
  for (const ttl of [{ Absolute: 2n }, { Sliding: 2n }]) {
    const router = new TestRouter();
    const client = v0Client(router);
    client.sendBytes(v0Frame(messagePack({ type: "SET", address: "/a", value: 1n, ttl })));
    for (const [ms, expected] of [[1_900, "SNAPSHOT"], [2_200, 201]] as const) {
      router.advance(ms);
      readV0(client);
      sendV0(client, { type: "GET", address: "/a" });
      const [answer] = readV0(client);
      assertEquals(answer?.type === "ERROR" ? answer.code : answer?.type, expected);
    }
  }
});

Deno.test("what is said in v0 is acknowledged as its QoS asks for", () => {
  const client = v0Client(new TestRouter());
  for (const [qos, answers] of [[QOS.fire, 0], [QOS.confirm, 1], [QOS.commit, 1]] as const) {
    sendV0(client, set("/a", 1), { qos });
    assertEquals(readV0(client).length, answers);
  }
});

Deno.test("params pass between v0 and v1 both ways, integers and floats kept apart", () => {
  const router = new TestRouter();
  const [v0, v1] = [v0Client(router), router.client()];
  subscribeV0(v0, "/**");
  v1.subscribe("/**");
  const values = [1n, 1, -1n, 2n ** 53n + 1n, -(2n ** 63n), 0.1, "é", null, true] as const;
  for (const value of values) {
    const encoded = encodeValue(value);
    sendV0(v0, { type: "SET", address: "/a", value: encoded }, { qos: QOS.fire });
    const toV1 = v1.readOne();
    assert(toV1.type === "SET");
    assertEquals(toV1.value, encoded);
    readV0(v0);
    v1.send({ type: "SET", address: "/a", value: encoded }, { qos: QOS.fire });
    const [bytes] = v0.readBytes();
    assert(bytes !== undefined);
    const { message } = decodeClientFrame(bytes);
    assert(message.type === "SET");
    assertEquals(message.value, encoded);
    // The item itself, not what our own reader makes of it.
    assertStringIncludes(
      bytes.toHex(),
      messagePack({ value }).toHex().slice(2),
    );
    v1.read();
  }
});

Deno.test("events pass between v0 and v1 both ways, with all their fields", () => {
  const router = new TestRouter();
  const [v0, other, v1] = [v0Client(router), v0Client(router), router.client()];
  for (const client of [v0, other]) subscribeV0(client, "/**");
  v1.subscribe("/**");
  const gesture: PublishMessage = {
    type: "PUBLISH",
    address: "/g",
    signal: SIGNAL.gesture,
    phase: PHASE.end,
    value: encodeValue({ x: 0.5 }),
    samples: undefined,
    timestampMicros: 5,
    id: 7,
    rate: 60,
  };
  const options = { qos: QOS.fire, timestampMicros: 9 };
  sendV0(v0, gesture, options);
  assertEquals(v1.readBytes(), [encodeFrame(gesture, options)]);
  assertEquals(other.readBytes(), [encodeV0Frame(gesture, options)]);
  assertEquals(readV0(v0), []);
  v1.send(gesture, options);
  assertEquals(v0.readBytes(), [encodeV0Frame(gesture, options)]);
});

Deno.test("an event of v1 passes between clients of v1 byte for byte, whoever else is there", () => {
  const router = new TestRouter();
  const [v0, sender, receiver] = [v0Client(router), router.client(), router.client()];
  subscribeV0(v0, "/**");
  receiver.subscribe("/**");
  const frame = encodeFrame({ ...EVENT, value: encodeValue({ k: [1n] }) });
  sender.sendBytes(frame);
  assertEquals(receiver.readBytes(), [frame]);
});

Deno.test("a bundle of v0 is done as one of v1 is: all or nothing", () => {
  const router = new TestRouter();
  const v0 = v0Client(router);
  const v1 = router.client();
  v1.subscribe("/**");
  sendV0(v0, {
    type: "BUNDLE",
    messages: [set("/a", 1), { ...EVENT, value: encodeValue("go") }, set("/b", 2)],
  });
  assertEquals(v1.read().map((message) => "address" in message && message.address), [
    "/a",
    "/e",
    "/b",
  ]);
  readV0(v0);
  sendV0(v0, { type: "BUNDLE", messages: [set("/c", 1), set("no address", 2)] });
  assertEquals(readV0(v0).map(codeOf), [200]);
  assertEquals(router.core.params.get("/c"), undefined);
});

Deno.test("a v0 bundle whose event outgrows a frame of v1 is refused whole", () => {
  const router = new TestRouter();
  const client = v0Client(router);
  client.sendBytes(v0Frame(messagePack({
    type: "BUNDLE",
    messages: [
      { type: "SET", address: "/a", value: 1n },
      { type: "PUBLISH", address: "/e", samples: Array.from({ length: 9_000 }, () => 0n) },
    ],
  })));
  assertEquals(readV0(client).map(codeOf), [101]);
  assertEquals(router.core.params.size, 0);
  sendV0(client, { type: "PING" });
  assertEquals(readV0(client).map(({ type }) => type), ["PONG"]);
});

Deno.test("each client is answered in the encoding of its HELLO, whatever it sends later", () => {
  const router = new TestRouter();
  const [v0, v1] = [v0Client(router), router.client()];
  v0.send({ type: "SET", address: "/a", value: encodeValue(1n) });
  assertEquals(readV0(v0).map(({ type }) => type), ["ACK"]);
  sendV0(v1, { type: "GET", address: "/a" });
  assertEquals(v1.readOne().type, "SNAPSHOT");
  v1.sendBytes(v0Frame(messagePack({ type: "GET" })));
  assertEquals(codeOf(v1.readOne()), 101);
});

Deno.test("what cannot be read is refused in v0, and the session goes on", () => {
  const client = v0Client(new TestRouter());
  const attempts: readonly (readonly [number, Uint8Array])[] = [
    [101, v0Frame(messagePack({ type: "SET", address: "/a", value: Uint8Array.of(0xd4, 5, 0) }))],
    [101, v0Frame(Uint8Array.of(0x81, 0xa4))],
    [101, v0Frame(Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff))],
    [101, Uint8Array.of(0x53, 0, 0, 1, 0xc0)],
    [100, Uint8Array.of(0x53, 0, 0, 9, 0x80)],
    [100, Uint8Array.of(1, 2, 3)],
  ];
  for (const [code, bytes] of attempts) {
    client.sendBytes(bytes);
    assertEquals(readV0(client).map(codeOf), [code]);
  }
  sendV0(client, { type: "PING" });
  assertEquals(readV0(client), [{ type: "PONG" }]);
});

Deno.test("a large snapshot reaches a client of v0, every param once, in frames", () => {
  const router = new TestRouter();
  const writer = router.client();
  for (let i = 0; i < 3_000; i++) writer.send(set(`/${i}`, null), { qos: QOS.fire });
  const client = router.connect();
  sendV0(client, HELLO);
  const frames = client.readBytes();
  for (const frame of frames) assertLessOrEqual(frame.length, 4 + FRAME_PAYLOAD_BYTES_MAX);
  const addresses = frames.map((frame) => decodeClientFrame(frame).message).flatMap((message) =>
    message.type === "SNAPSHOT" ? message.params.map(({ address }) => address) : []
  );
  assertEquals([addresses.length, new Set(addresses).size], [3_000, 3_000]);
});

Deno.test("the largest value that a router takes reaches clients of v0, in SET and SNAPSHOT", () => {
  const routerId = "r".repeat(NAME_BYTES_MAX);
  const router = new TestRouter({ routerId });
  const writer = router.client();
  const v0 = v0Client(router);
  subscribeV0(v0, "/**");
  const refused = writer.ask(set("/a", "x".repeat(FRAME_PAYLOAD_BYTES_MAX - 20)));
  const most = Number(/at most (\d+)/.exec(refused.type === "ERROR" ? refused.message : "")?.[1]);
  const text = "x".repeat(most - 3);
  const ttl = 0x8000_0000 + 60;
  writer.send(set("/a", text, { ttl }));
  const [update, ...rest] = readV0(v0);
  assert(update?.type === "SET");
  assertEquals([rest, update.ttl], [[], ttl]);
  assertEquals(decodeValue(update.value), text);
  sendV0(v0, { type: "GET", address: "/a" });
  const [snapshot] = readV0(v0);
  const [param] = snapshot?.type === "SNAPSHOT" ? snapshot.params : [];
  assertEquals(param && decodeValue(param.value), text);
  // Its writer and time do not fit any more.
  assertEquals([param?.revision, param?.writer], [1, undefined]);
  writer.send(set("/a", "short"), { qos: QOS.fire });
  readV0(v0);
  sendV0(v0, { type: "GET", address: "/a" });
  const [short] = readV0(v0);
  assertEquals(short?.type === "SNAPSHOT" && short.params[0]?.writer, routerId);
});

Deno.test("an event that fits no frame of v0 becomes an ERROR to those of v0 only", () => {
  const router = new TestRouter();
  const [v0, sender, v1] = [v0Client(router), router.client(), router.client()];
  subscribeV0(v0, "/**");
  v1.subscribe("/**");
  const frame = encodeFrame({ ...EVENT, value: encodeValue("x".repeat(65_500)) });
  sender.sendBytes(frame);
  assertEquals(v1.readBytes(), [frame]);
  const [error, ...rest] = readV0(v0);
  assertEquals(rest, []);
  assert(error?.type === "ERROR");
  assertEquals([error.code, error.address], [402, "/e"]);
  assertStringIncludes(error.message, "in MessagePack, at most 65535 fit");
});

Deno.test("a slow client of v0 gets all that waited in v0", () => {
  const router = new TestRouter();
  const v0 = v0Client(router);
  subscribeV0(v0, "/**");
  const writer = router.client();
  router.port.buffered.set(v0.id, 1_000_000);
  for (let i = 0; i < 5; i++) writer.send({ ...EVENT, value: encodeValue(i) }, { qos: QOS.fire });
  assertEquals(readV0(v0), []);
  router.port.buffered.delete(v0.id);
  router.advance(100);
  const values = readV0(v0).map((message) =>
    message.type === "PUBLISH" && message.value && decodeValue(message.value)
  );
  assertEquals(values, [0, 1, 2, 3, 4]);
});

Deno.test("a closed connection of v0 leaves nothing behind, and its goodbye is v0", () => {
  const router = new TestRouter();
  const v0 = v0Client(router);
  router.core.stop("bye", router.nowMicros);
  assertEquals(v0.closed?.code, 1001);
  assertEquals(router.core.clientSessions, 0);
  // Ids are used once; should one come back, it is nobody's.
  router.core.port.send(v0.id, encodeFrame({ type: "PING" }));
  const [bytes] = v0.readBytes();
  assertEquals(bytes && decodeFrame(bytes).message.type, "PING");
});

function v0Client(router: TestRouter): TestConnection {
  const client = router.connect();
  sendV0(client, HELLO);
  assertEquals(readV0(client)[0]?.type, "WELCOME");
  return client;
}

function sendV0(client: TestConnection, message: Message, options: FrameOptions = {}): void {
  client.sendBytes(encodeV0Frame(message, options));
}

function subscribeV0(client: TestConnection, pattern: string): void {
  sendV0(client, { type: "SUBSCRIBE", id: 1, pattern, types: ALL_SIGNALS });
  readV0(client);
}

/** What came since the last call, all of which must be v0. */
function readV0(client: TestConnection): Message[] {
  return client.readBytes().map((bytes) => {
    assert(isV0Frame(bytes), bytes.toHex());
    assertEquals((bytes[1] ?? 0) & 0x07, 0);
    return decodeClientFrame(bytes).message;
  });
}

function v0Frame(payload: Uint8Array): Uint8Array {
  return Uint8Array.from([0x53, 0, payload.length >> 8, payload.length & 0xff, ...payload]);
}
