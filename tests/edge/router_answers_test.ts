import { ADDRESS_BYTES_MAX, FRAME_PAYLOAD_BYTES_MAX } from "../../src/limits.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import type { Message, MessageType, Qos } from "../../src/wire/message.ts";
import { PHASE, QOS, SIGNAL } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { RawClient } from "../support/raw_client.ts";

const VALUE = encodeValue(0.5);
const SET = { type: "SET", address: "/a/value", value: VALUE } as const;
const SUBSCRIBE = { type: "SUBSCRIBE", id: 1, pattern: "/a/**", types: 0 } as const;
const EVENT = {
  type: "PUBLISH",
  address: "/a/cue",
  signal: SIGNAL.event,
  phase: PHASE.start,
} as const;
const BUNDLE = { type: "BUNDLE", messages: [SET, EVENT] } as const;

Deno.test("a router answers Fire with no ACK, Confirm and Commit with one", async (t) => {
  const expected: readonly (readonly [Message, Omit<Message & { type: "ACK" }, "type">])[] = [
    [SET, { address: "/a/value", revision: 1 }],
    [EVENT, { address: "/a/cue" }],
    [SUBSCRIBE, { address: "/a/**" }],
    [BUNDLE, { revision: 1 }],
  ];
  for (const [message, ack] of expected) {
    for (const [name, qos] of Object.entries(QOS)) {
      await t.step(`${message.type}, ${name}`, async () => {
        await using router = new LocalRouter();
        await using client = await RawClient.connect(router.port);
        const answers = await answersTo(client, message, qos);
        if (qos === QOS.fire) return assertEquals(answers, []);
        assertEquals(answers.length, 1);
        const [answer] = answers;
        assert(answer?.type === "ACK");
        assertEquals([answer.address, answer.revision], [ack.address, ack.revision]);
      });
    }
  }
});

Deno.test("a router sends the ACK of SUBSCRIBE after its snapshot", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  for (let i = 0; i < 2_000; i++) {
    client.send({ ...SET, address: `/a/${i}`, value: encodeValue("x".repeat(100)) }, {
      qos: QOS.fire,
    });
  }
  await client.settle();
  client.frames.length = 0;
  await client.ask(SUBSCRIBE);
  const types = client.frames.map(({ message }) => message.type);
  assertEquals(types.at(-1), "ACK");
  assertEquals(new Set(types.slice(0, -1)), new Set<MessageType>(["SNAPSHOT"]));
  const addresses = client.all("SNAPSHOT").flatMap(({ params }) => params.map((p) => p.address));
  assertEquals([addresses.length, new Set(addresses).size], [2_000, 2_000]);
});

Deno.test("a router answers a GET of what was never set with 201", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  const answer = await client.ask({ type: "GET", address: "/a/nothing" }, { qos: QOS.fire });
  assert(answer.type === "ERROR");
  assertEquals([answer.code, answer.address], [201, "/a/nothing"]);
});

Deno.test("a router takes a SET only at the revision that it expects, else 400", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  const revisionsTold: readonly (readonly [number, number])[] = [
    [1, 400], // nothing is there yet
    [0, 1],
    [0, 400],
    [1, 2],
    [1, 400],
    [3, 400],
  ];
  for (const [revision, expected] of revisionsTold) {
    const answer = await client.set("/a/value", encodeValue(revision), { revision });
    assertEquals(answer.type === "ACK" ? answer.revision : answer.code, expected);
    assertEquals(answer.address, "/a/value");
  }
  client.frames.length = 0;
  client.send({ type: "GET", address: "/a/value" });
  await client.settle();
  const [param] = client.all("SNAPSHOT").flatMap(({ params }) => params);
  assertEquals([param?.revision, param?.value], [2, encodeValue(1)], "a refused SET changed it");
});

Deno.test("a router refuses writes to /clasp/federation with 403", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  for (const address of ["/clasp/federation", "/clasp/federation/link/state"]) {
    const attempts: readonly Message[] = [
      { ...SET, address },
      { ...EVENT, address },
      { type: "BUNDLE", messages: [SET, { ...SET, address }] },
    ];
    for (const message of attempts) {
      const answer = await client.ask(message);
      assert(answer.type === "ERROR", message.type);
      assertEquals([answer.code, answer.address], [403, address]);
    }
  }
  assertEquals(router.router.paramCount, 0, "a refused bundle left a part behind");
});

Deno.test("a router refuses a value that would not fit a frame with 402 and its size", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  const tooLong = encodeValue("x".repeat(FRAME_PAYLOAD_BYTES_MAX - 100));
  const refused = await client.set("/a/value", tooLong);
  assert(refused.type === "ERROR");
  assertEquals([refused.code, refused.address], [402, "/a/value"]);
  assertStringIncludes(refused.message, `${tooLong.length} bytes`);
  const most = Number(/at most (\d+)/.exec(refused.message)?.[1]);
  // Type code and length of a string take 3 bytes.
  const fits = await client.set("/a/value", encodeValue("x".repeat(most - 3)));
  assertEquals(fits.type, "ACK");
  const doesNot = await client.set("/a/value", encodeValue("x".repeat(most - 2)));
  assertEquals(doesNot.type, "ERROR");
});

Deno.test("a router refuses addresses and patterns that are none with 200 and 202", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  for (const address of ["", "a", "/a//b", "/a/*", `/${"a".repeat(ADDRESS_BYTES_MAX)}`]) {
    const answer = await client.set(address, VALUE);
    assertEquals(answer.type === "ERROR" && answer.code, 200, address);
  }
  const answer = await client.ask({ ...SUBSCRIBE, pattern: "/a/**b" });
  assertEquals(answer.type === "ERROR" && answer.code, 202);
});

Deno.test("a lock keeps others out with 401 until its holder unlocks or is gone", async () => {
  await using router = new LocalRouter();
  await using other = await RawClient.connect(router.port);
  const codeForOther = async () => {
    const answer = await other.set("/a/value", VALUE);
    return answer.type === "ERROR" ? answer.code : undefined;
  };
  const holder = await RawClient.connect(router.port);
  const locked = await holder.set("/a/value", VALUE, { lock: true });
  assert(locked.type === "ACK");
  assertEquals(locked.locked, true);
  assertEquals(await codeForOther(), 401);
  assertEquals((await holder.set("/a/value", VALUE)).type, "ACK");

  await holder.set("/a/value", VALUE, { unlock: true });
  assertEquals(await codeForOther(), undefined);

  await holder.set("/a/value", VALUE, { lock: true });
  assertEquals(await codeForOther(), 401);
  await holder.close();
  assertEquals(await codeForOther(), undefined);
});

Deno.test("a router tells its own subscriber of its SET once, and stops at UNSUBSCRIBE", async () => {
  await using router = new LocalRouter();
  await using client = await RawClient.connect(router.port);
  await client.ask(SUBSCRIBE);
  await client.ask({ ...SUBSCRIBE, id: 2, pattern: "/**" });
  client.frames.length = 0;
  await client.ask(SET);
  assertEquals(client.frames.map(({ message }) => message.type), ["SET", "ACK"]);
  client.send({ type: "UNSUBSCRIBE", id: 1 }, { qos: QOS.fire });
  client.send({ type: "UNSUBSCRIBE", id: 2 }, { qos: QOS.fire });
  client.frames.length = 0;
  await client.ask(SET);
  assertEquals(client.frames.map(({ message }) => message.type), ["ACK"]);
});

Deno.test("a router hands an event on byte for byte, and not to its sender", async () => {
  await using router = new LocalRouter();
  await using sender = await RawClient.connect(router.port);
  await using receiver = await RawClient.connect(router.port);
  await sender.ask(SUBSCRIBE);
  await receiver.ask(SUBSCRIBE);
  for (const client of [sender, receiver]) client.frames.length = 0;
  const gesture = encodeFrame({
    ...EVENT,
    signal: SIGNAL.gesture,
    phase: PHASE.move,
    value: encodeValue({ x: 1n }),
    timestampMicros: 1_234_567,
    id: 7,
    rate: 60,
  }, { qos: QOS.fire, timestampMicros: 7_654_321 });
  sender.sendBytes(gesture);
  await receiver.until(() => receiver.frames.length > 0, "the gesture");
  await sender.settle();
  await receiver.settle();
  assertEquals(sender.frames.map(({ message }) => message.type), ["PONG"]);
  const [frame, ...rest] = receiver.frames;
  assertEquals(rest.map(({ message }) => message.type), ["PONG"]);
  assertEquals(frame?.bytes, gesture);
});

/** All ACKs and ERRORs that a message causes. */
async function answersTo(client: RawClient, message: Message, qos: Qos): Promise<Message[]> {
  client.frames.length = 0;
  client.send(message, { qos });
  await client.settle();
  return client.frames.map((frame) => frame.message)
    .filter(({ type }) => type === "ACK" || type === "ERROR");
}
