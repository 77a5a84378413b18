import { FRAME_PAYLOAD_BYTES_MAX } from "../../../src/limits.ts";
import { encodeV0Messages } from "../../../src/router/v0_messages.ts";
import { decodeClientFrame } from "../../../src/wire/client_frame.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { type Message, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "../../support/assert.ts";

const NULL = encodeValue(null);
const FIRE = { qos: QOS.fire, timestampMicros: 5 };

Deno.test("a SNAPSHOT that fits a frame of v1 is sent in as many of v0 as it needs, in order", () => {
  const params = Array.from({ length: 3_000 }, (_, i) => ({
    address: `/${i}`,
    value: NULL,
    revision: i,
  }));
  const message: Message = { type: "SNAPSHOT", params };
  assertLessOrEqual(encodeFrame(message).length, 4 + FRAME_PAYLOAD_BYTES_MAX);
  const parts = decoded(message);
  assertGreater(parts.length, 1);
  const told = parts.flatMap((part) => part.type === "SNAPSHOT" ? part.params : []);
  assertEquals(told.map(({ address }) => address), params.map(({ address }) => address));
});

Deno.test("a RESULT that fits a frame of v1 is sent in as many of v0 as it needs, in order", () => {
  const signals = Array.from({ length: 3_000 }, (_, i) => ({
    address: `/${i}`,
    signal: SIGNAL.param,
    access: "rw",
  }));
  const message: Message = { type: "RESULT", signals };
  assertLessOrEqual(encodeFrame(message).length, 4 + FRAME_PAYLOAD_BYTES_MAX);
  const parts = decoded(message);
  assertGreater(parts.length, 1);
  const told = parts.flatMap((part) => part.type === "RESULT" ? part.signals : []);
  assertEquals(told.map(({ address }) => address), signals.map(({ address }) => address));
});

Deno.test("what fits no frame of v0, and cannot be parted, becomes an ERROR with its address", () => {
  const value = encodeValue("x".repeat(65_500));
  const address = "/a";
  const largest: readonly Message[] = [
    { type: "SET", address, value, revision: 1 },
    { type: "PUBLISH", address, signal: SIGNAL.stream, phase: 0, value },
    { type: "SNAPSHOT", params: [{ address, value, revision: 1 }] },
  ];
  for (const message of largest) {
    assertLessOrEqual(encodeFrame(message).length, 4 + FRAME_PAYLOAD_BYTES_MAX);
    const [error, ...rest] = decoded(message);
    assert(error?.type === "ERROR");
    assertEquals([error.code, error.address, rest], [402, address, []], message.type);
  }
  const bundle: Message = {
    type: "BUNDLE",
    messages: [1, 2].map((i) => ({
      type: "SET",
      address: `/${i}`,
      value: encodeValue("x".repeat(32_730)),
    })),
  };
  const [error] = decoded(bundle);
  assertEquals(error?.type === "ERROR" && [error.code, error.address], [402, undefined]);
});

Deno.test("one param too large beside others costs the others nothing", () => {
  const small = { address: "/small", value: NULL, revision: 1, writer: "w" };
  const large = { address: "/large", value: encodeValue("x".repeat(65_480)), revision: 1 };
  const parts = decoded({ type: "SNAPSHOT", params: [small, large, small] });
  assertEquals(parts.map(({ type }) => type), ["SNAPSHOT", "ERROR", "SNAPSHOT"]);
});

Deno.test("frames of v0 keep QoS and time of those of v1", () => {
  const [frame] = encodeV0Messages({ type: "PONG" }, { qos: QOS.confirm, timestampMicros: 5 });
  assertEquals([frame?.[1], frame?.[11]], [0b0110_0000, 5]);
});

/** Decoded again; each must be a frame. */
function decoded(message: Message): Message[] {
  return encodeV0Messages(message, FIRE).map((frame) => decodeClientFrame(frame).message);
}
