import {
  BUNDLE_DEPTH_MAX,
  BUNDLE_MESSAGES_MAX,
  V0_FIELDS_MAX,
  V0_NESTING_MAX,
  VALUE_DEPTH_MAX,
} from "../../../src/limits.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { decodeClientFrame } from "../../../src/wire/client_frame.ts";
import {
  FEATURE,
  type Message,
  MESSAGE_CODE,
  type MessageType,
  QOS,
  SIGNAL,
  type SignalDefinition,
  VALUE_CODE,
} from "../../../src/wire/message.ts";
import { encodeV0Frame } from "../../../src/wire/v0_frame.ts";
import { readV0Message } from "../../../src/wire/v0_reader.ts";
import { writeV0Message } from "../../../src/wire/v0_writer.ts";
import { decodeValue, encodeValue } from "../../../src/wire/value_codec.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";
import { generateMessage } from "./generate_message.ts";
import { type Item, messagePack } from "./message_pack.ts";
import { PYTHON_FRAMES, RUST_PAYLOADS } from "./v0_payloads.ts";
import { fromHex } from "./vector_form.ts";

const TYPES = Object.keys(MESSAGE_CODE) as MessageType[];

for (const { name, hex, message, notWritten } of RUST_PAYLOADS) {
  Deno.test(`readV0Message() reads the Rust payload ${name}`, () => {
    assertEquals(meaning(read(fromHex(hex))), meaning(message));
  });
  if (notWritten !== undefined) continue;
  Deno.test(`writeV0Message() writes the Rust payload ${name}`, () => {
    assertEquals(written(message).toHex(), hex);
  });
}

Deno.test("all message types are among the Rust payloads", () => {
  assertEquals(new Set(RUST_PAYLOADS.map(({ message }) => message.type)), new Set(TYPES));
});

for (const { name, hex, message } of PYTHON_FRAMES) {
  Deno.test(`decodeClientFrame() reads the Python frame "${name}"`, () => {
    const frame = decodeClientFrame(fromHex(hex));
    assertEquals(meaning(frame.message), meaning(message));
    assertEquals(frame.qos, QOS.fire);
  });
}

for (const type of TYPES) {
  Deno.test(`readV0Message() gives back every generated ${type} that writeV0Message() wrote`, () => {
    for (let seed = 0; seed < 300; seed++) {
      const message = toV0(generateMessage(createPrng(seed), type));
      if (message === undefined) continue;
      const first = written(message);
      const again = read(first);
      assertEquals(meaning(again), meaning(message), `seed ${seed}`);
      // Whatever types integers came with, once read they are written alike.
      assertEquals(written(again), first, `seed ${seed}`);
    }
  });
}

Deno.test("readV0Message() finds the fields in any order, and passes over those nobody knows", () => {
  assertEquals(
    meaning(readItem({
      later: [{ deep: [[1, "x"]] }, Uint8Array.of(0xc7, 1, 5, 0)],
      value: 7n,
      address: "/a",
      type: "SET",
      extension: Uint8Array.of(0xd6, 0xff, 0, 0, 0, 1),
    })),
    meaning({ type: "SET", address: "/a", value: encodeValue(7n) }),
  );
});

Deno.test("readV0Message() ignores bytes behind the message", () => {
  const bytes = messagePack({ type: "GET", address: "/a" });
  assertEquals(read(Uint8Array.from([...bytes, 0xc1, 0xff])), { type: "GET", address: "/a" });
});

Deno.test("readV0Message() reads the names that the JS client gives to fields", () => {
  assertEquals(
    meaning(readItem({
      type: "SUBSCRIBE",
      id: 1n,
      pattern: "/a",
      types: null,
      options: { maxRate: 30n, epsilon: 1n, window: null },
    })),
    { type: "SUBSCRIBE", id: 1, pattern: "/a", types: 255, options: { maxRate: 30, epsilon: 1 } },
  );
  assertEquals(meaning(readItem({ type: "ACK", correlationId: 9n })), {
    type: "ACK",
    correlationId: 9,
  });
  const ttlOf = (fields: { readonly [name: string]: Item }) => {
    const message = readItem({ type: "SET", address: "/a", value: 1n, ...fields });
    return message.type === "SET" ? message.ttl : undefined;
  };
  assertEquals(ttlOf({ ttl: 60n }), 60);
  assertEquals(ttlOf({ ttl: 60n, absolute: true }), 0x8000_0000 + 60);
  assertEquals(ttlOf({ ttl: 0n }), 0);
  assertEquals(ttlOf({ ttl: null }), undefined);
});

Deno.test("readV0Message() takes what a PUBLISH says from the first field that says something", () => {
  const valueOf = (fields: { readonly [name: string]: Item }) => {
    const message = readItem({ type: "PUBLISH", address: "/e", ...fields });
    assert(message.type === "PUBLISH");
    if (message.samples !== undefined) return message.samples;
    return message.value && decodeValue(message.value);
  };
  assertEquals(valueOf({ value: 1n, payload: 2n, timeline: {}, samples: [] }), 1);
  assertEquals(valueOf({ value: null, payload: 2n, samples: [] }), 2);
  assertEquals(valueOf({ payload: null, timeline: { loop: true } }), { loop: true });
  assertEquals(valueOf({ payload: null, samples: [1n, 0.5] }), [1, 0.5]);
  assertEquals(valueOf({ payload: null }), null);
  assertEquals(valueOf({}), undefined);
});

Deno.test("readV0Message() keeps features that only clasp-fed routers have from a v0 HELLO", () => {
  const hello = readItem({
    type: "HELLO",
    version: 2n,
    name: "x",
    features: ["param", "envelope", "new"],
  });
  assertEquals(hello.type === "HELLO" && hello.features, FEATURE.param);
});

Deno.test("readV0Message() refuses what is no message, and says why", () => {
  const refused: readonly (readonly [Item | Uint8Array, string])[] = [
    [[1n], "not a map"],
    [{ address: "/a" }, 'no "type"'],
    [{ type: 7n }, "not a string"],
    [{ type: "NOPE" }, '"NOPE" is not known'],
    [{ type: "constructor" }, '"constructor" is not known'],
    [{ type: "GET" }, 'Cannot read GET at offset 0: it has no "address"'],
    [{ type: "GET", address: 1n }, "GET address"],
    [{ type: "GET", address: Uint8Array.of(0xa1, 0xff) }, "not valid UTF-8"],
    [{ type: "SET", address: "/a" }, 'no "value"'],
    [{ type: "SET", address: "/a", value: 1n, lock: 1n }, "not a bool"],
    [{ type: "SET", address: "/a", value: 1n, revision: -1n }, "SET revision"],
    [{ type: "SET", address: "/a", value: 1n, revision: 2n ** 53n }, "SET revision"],
    [{ type: "SET", address: "/a", value: 1n, revision: 1.5 }, "1.5 is not a whole number"],
    [{ type: "SET", address: "/a", value: 1n, ttl: "Later" }, '"Later" is not known'],
    [{ type: "SET", address: "/a", value: 1n, ttl: { Sliding: 2n ** 31n } }, "SET ttl Sliding"],
    [{ type: "SET", address: "/a", value: 1n, ttl: {} }, "without Sliding or Absolute"],
    [{ type: "SUBSCRIBE", id: 2n ** 32n, pattern: "/a" }, "SUBSCRIBE id"],
    [{ type: "SUBSCRIBE", id: 1n, pattern: "/a", types: ["light"] }, '"light" is not known'],
    [{ type: "PUBLISH", address: "/a", signal: "light" }, '"light" is not known'],
    [{ type: "PUBLISH", address: "/a", signal: "gesture", phase: "x" }, '"x" is not known'],
    [{ type: "SNAPSHOT", params: {} }, "not an array"],
    [{ type: "SNAPSHOT", params: [{ address: "/a" }] }, "SNAPSHOT params at offset"],
    [{ type: "FEDERATION_SYNC", op: "Forward" }, '"Forward" is not known'],
    [{ type: "HELLO", version: 256n, name: "x" }, "HELLO version"],
    [{ type: "ERROR", code: 65_536n, message: "x" }, "ERROR code"],
    [Uint8Array.of(0x82, 0xa4, ...ascii("type"), 0xa3, ...ascii("GET"), 1, 1), "not a string"],
  ];
  for (const [item, why] of refused) {
    const error = assertThrows(() => readItem(item), WireError);
    assertEquals(error.kind, "message");
    assertStringIncludes(error.message, why);
  }
});

Deno.test("readV0Message() refuses a field that is there twice, under whatever names", () => {
  const twice = (first: string, second: string) =>
    Uint8Array.from([
      0x84,
      ...messagePack("type"),
      ...messagePack("ACK"),
      ...messagePack(first),
      1,
      ...messagePack(second),
      2,
      ...messagePack("x"),
      1,
    ]);
  for (
    const [first, second] of [["revision", "revision"], [
      "correlation_id",
      "correlationId",
    ]] as const
  ) {
    const error = assertThrows(() => read(twice(first, second)), WireError);
    assertStringIncludes(error.message, "twice");
  }
  assertEquals(read(twice("revision", "correlationId")).type, "ACK");
});

Deno.test("readV0Message() reads maps of as many fields as are allowed, and none of more", () => {
  const fields = (count: number) => ({
    type: "PING",
    ...Object.fromEntries(Array.from({ length: count - 1 }, (_, i) => [`f${i}`, 1n])),
  });
  assertEquals(readItem(fields(V0_FIELDS_MAX)), { type: "PING" });
  const error = assertThrows(() => readItem(fields(V0_FIELDS_MAX + 1)), WireError);
  assertStringIncludes(error.message, `at most ${V0_FIELDS_MAX}`);
});

Deno.test("readV0Message() passes over fields nested as deep as any it reads, and no deeper", () => {
  const nested = (depth: number) => Uint8Array.from([...new Array(depth).fill(0x91), 0xc0]);
  assertEquals(readItem({ type: "PING", x: nested(V0_NESTING_MAX) }), { type: "PING" });
  for (const depth of [V0_NESTING_MAX + 1, 60_000]) {
    const error = assertThrows(() => readItem({ type: "PING", x: nested(depth) }), WireError);
    assertStringIncludes(error.message, `nested deeper than ${V0_NESTING_MAX}`);
  }
  let deepest: Item = { type: "SET", address: "/a", value: nested(VALUE_DEPTH_MAX) };
  for (let i = 0; i < BUNDLE_DEPTH_MAX; i++) deepest = { type: "BUNDLE", messages: [deepest] };
  assertEquals(readItem(deepest).type, "BUNDLE");
});

Deno.test("readV0Message() bounds bundles in depth and in messages of all of them together", () => {
  const nested = (depth: number): Item =>
    depth === 0 ? { type: "PING" } : { type: "BUNDLE", messages: [nested(depth - 1)] };
  assertEquals(readItem(nested(BUNDLE_DEPTH_MAX)).type, "BUNDLE");
  const tooDeep = assertThrows(() => readItem(nested(BUNDLE_DEPTH_MAX + 1)), WireError);
  assertStringIncludes(tooDeep.message, `nested deeper than ${BUNDLE_DEPTH_MAX}`);

  const ping = { type: "PING" };
  const half = BUNDLE_MESSAGES_MAX / 2 - 1;
  const halves = (extra: number): Item => ({
    type: "BUNDLE",
    messages: [half, half + extra].map((count) => ({
      type: "BUNDLE",
      messages: Array.from({ length: count }, () => ping),
    })),
  });
  assertEquals(readItem(halves(0)).type, "BUNDLE");
  const tooMany = assertThrows(() => readItem(halves(1)), WireError);
  assertStringIncludes(tooMany.message, `at most ${BUNDLE_MESSAGES_MAX}`);
});

Deno.test("readV0Message() refuses a PUBLISH that outgrows a frame of v1, in a bundle too", () => {
  const publish = (count: number): Item => ({
    type: "PUBLISH",
    address: "/e",
    samples: Array.from({ length: count }, () => 0n),
  });
  const most = Math.floor((65_535 - 2 - 4 - 3) / 8);
  assertEquals(readItem(publish(most)).type, "PUBLISH");
  for (
    const item of [publish(most + 1), { type: "BUNDLE", messages: [publish(most + 1)] }, {
      type: "PUBLISH",
      address: `/${"e".repeat(60_000)}`,
      value: "x".repeat(5_530),
    }]
  ) {
    const error = assertThrows(() => readItem(item), WireError);
    assertStringIncludes(error.message, "binary frame");
  }
});

Deno.test("decodeClientFrame() goes by the payload's first byte, whatever the flags say", () => {
  const v0 = encodeV0Frame({ type: "GET", address: "/a" });
  v0[1] = 0x01;
  assertEquals(decodeClientFrame(v0).message, { type: "GET", address: "/a" });
  const ping = Uint8Array.of(0x53, 0x40, 0, 1, MESSAGE_CODE.PING);
  assertEquals(decodeClientFrame(ping).message, { type: "PING" });
});

Deno.test("decodeClientFrame() writes a PUBLISH of v0 anew, with its QoS and time", () => {
  const message: Message = {
    type: "PUBLISH",
    address: "/e",
    signal: SIGNAL.gesture,
    phase: 1,
    value: encodeValue(1n),
    id: 7,
  };
  const options = { qos: QOS.commit, timestampMicros: 5 };
  const frame = decodeClientFrame(encodeV0Frame(message, options));
  const again = decodeClientFrame(frame.bytes);
  assertEquals(frame.bytes[1], 0b1010_0001);
  assertEquals(frame.bytes[11], 5);
  assertEquals(meaning(again.message), meaning(message));
  assertEquals(again.bytes, frame.bytes);
});

Deno.test("writeV0Message() refuses what only clasp-fed routers say", () => {
  assertThrows(
    () => written({ type: "FEDERATION_SYNC", op: "LinkAck", events: 1 }),
    TypeError,
    "routers speak v1",
  );
});

function read(payload: Uint8Array): Message {
  return readV0Message(payload, 0, payload.length);
}

function readItem(item: Item | Uint8Array): Message {
  return read(item instanceof Uint8Array ? item : messagePack(item));
}

function written(message: Message): Uint8Array {
  const writer = new ByteWriter();
  writeV0Message(writer, message);
  return writer.copy();
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** What v0 can say of a message, or undefined when it cannot say it at all. */
function toV0(message: Message): Message | undefined {
  switch (message.type) {
    case "HELLO":
    case "WELCOME": {
      const { router: _, features, ...rest } = message;
      return { ...rest, features: features & 0xfc };
    }
    case "FEDERATION_SYNC": {
      if (!("patterns" in message)) return undefined;
      // Keys of a map are there once.
      return { ...message, declare: undefined, revisions: [...new Map(message.revisions)] };
    }
    case "ANNOUNCE":
      return { ...message, signals: message.signals.map(withoutNullDefault) };
    case "BUNDLE":
      return { ...message, messages: message.messages.flatMap((inner) => toV0(inner) ?? []) };
    default:
      return message;
  }
}

/** In v0 a default of null is none. */
function withoutNullDefault(definition: SignalDefinition): SignalDefinition {
  const { meta } = definition;
  if (meta?.default?.[0] !== VALUE_CODE.null) return definition;
  return { ...definition, meta: { ...meta, default: undefined } };
}

/** Values decoded, since integers may change their width; what is undefined left out. */
function meaning(part: unknown, key?: string): unknown {
  if (part instanceof Uint8Array) {
    const decoded = decodeValue(part);
    const isFloat = part[0] === 6 || part[0] === 7;
    return key === "value" || key === "default" ? { isFloat, decoded } : part;
  }
  if (Array.isArray(part)) return part.map((item) => meaning(item));
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).filter(([name, item]) =>
    item !== undefined && !((name === "lock" || name === "unlock") && item === false)
  );
  return Object.fromEntries(entries.map(([name, item]) => [name, meaning(item, name)]));
}
