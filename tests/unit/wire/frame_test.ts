import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import {
  beginFrame,
  decodeFrame,
  defaultQos,
  encodeFrame,
  endFrame,
  readFrameHeader,
  writeFrame,
} from "../../../src/wire/frame.ts";
import { FrameTooLargeError } from "../../../src/wire/frame_too_large_error.ts";
import type { Message } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

const PING: Message = { type: "PING" };

Deno.test("readFrameHeader() reads frames that follow each other", () => {
  const bytes = fromHex("5301000141 53a1000200060a24181e40004142 5301000142");
  const first = readFrameHeader(bytes, 0);
  const second = readFrameHeader(bytes, first.payloadEnd);
  const third = readFrameHeader(bytes, second.payloadEnd);
  assertEquals(second, {
    qos: 2,
    timestampMicros: 1700000000000000,
    encoding: 1,
    payloadStart: 17,
    payloadEnd: 19,
  });
  assertEquals(first.timestampMicros, undefined);
  assertEquals(third.payloadEnd, bytes.length);
});

Deno.test("readFrameHeader() reads the QoS that is not assigned as commit", () => {
  assertEquals(
    ["53010001 41", "53410001 41", "53810001 41", "53c10001 41"].map((hex) =>
      readFrameHeader(fromHex(hex), 0).qos
    ),
    [0, 1, 2, 2],
  );
});

Deno.test("readFrameHeader() says why it refuses a frame", () => {
  const cases: readonly [string, string][] = [
    ["", "its header takes 4 bytes, 0 are left"],
    ["530100", "its header takes 4 bytes, 3 are left"],
    ["5401000141", "it starts with 0x54, not 0x53"],
    ["5302000141", "its encoding 2 is not known"],
    ["5307000141", "its encoding 7 is not known"],
    ["5311000141", "it is encrypted"],
    ["5309000141", "it is compressed"],
    ["53010000", "its payload is empty"],
    ["5301000541", "it takes 9 bytes, 5 are left"],
    ["53210001 0000000000000000", "it takes 13 bytes, 12 are left"],
    ["53210001 0020000000000000 41", "its timestamp is above 2^53 - 1"],
    ["53210001 ffffffffffffffff 41", "its timestamp is above 2^53 - 1"],
  ];
  for (const [hex, why] of cases) {
    const error = assertThrows(() => readFrameHeader(fromHex(hex), 0), WireError, undefined, hex);
    assertEquals(error.kind, "frame");
    assertStringIncludes(error.message, why);
  }
});

Deno.test("decodeFrame() tells a bad frame from a bad message in a good frame", () => {
  assertEquals(assertThrows(() => decodeFrame(fromHex("5401000141")), WireError).kind, "frame");
  const error = assertThrows(() => decodeFrame(fromHex("5301000141530100017f"), 5), WireError);
  assertEquals([error.kind, error.offset], ["message", 9]);
});

Deno.test("decodeFrame() reads the frame at the offset it is given", () => {
  assertEquals(decodeFrame(fromHex("53010001415301000142"), 5).message, { type: "PONG" });
});

Deno.test("writeFrame() appends frames that a reader finds one after the other", () => {
  const writer = new ByteWriter(8);
  writeFrame(writer, PING);
  writeFrame(writer, { type: "UNSUBSCRIBE", id: 7 }, { qos: 2, timestampMicros: 9 });
  const bytes = writer.copy();
  const { header, message } = decodeFrame(bytes, decodeFrame(bytes).header.payloadEnd);
  assertEquals(message, { type: "UNSUBSCRIBE", id: 7 });
  assertEquals([header.qos, header.timestampMicros], [2, 9]);
});

Deno.test("writeFrame() leaves the writer as it was when a message cannot be written", () => {
  const writer = new ByteWriter();
  writeFrame(writer, PING);
  const before = writer.copy();
  const samples = Array.from({ length: 9_000 }, () => 0.5);
  const unwritable: readonly Message[] = [
    { type: "PUBLISH", address: "/a", signal: 2, phase: 0, samples },
    { type: "GET", address: "a".repeat(65_536) },
    { type: "SYNC", t1: -1 },
    { type: "BUNDLE", messages: [{ type: "GET", address: "a".repeat(65_534) }] },
  ];
  for (const message of unwritable) {
    assertThrows(() => writeFrame(writer, message), RangeError);
    assertEquals(writer.copy(), before);
  }
});

Deno.test("endFrame() takes 65,535 bytes and refuses one more with their number", () => {
  const writer = new ByteWriter();
  for (const timestampMicros of [undefined, 5]) {
    writer.reset();
    const start = beginFrame(writer, { qos: 1, timestampMicros });
    writer.append(new Uint8Array(65_535));
    endFrame(writer, start);
    const { payloadStart, payloadEnd } = readFrameHeader(writer.bytes(), start);
    assertEquals(payloadEnd - payloadStart, 65_535);

    const next = beginFrame(writer, { qos: 1, timestampMicros });
    writer.append(new Uint8Array(65_536));
    const error = assertThrows(() => endFrame(writer, next), FrameTooLargeError);
    assertEquals([error.payloadBytes, writer.length], [65_536, next]);
  }
});

Deno.test("endFrame() refuses an empty frame, which no reader would accept", () => {
  const writer = new ByteWriter();
  const start = beginFrame(writer, { qos: 0 });
  assertThrows(() => endFrame(writer, start), RangeError);
});

Deno.test("encodeFrame() gives arrays that stay as they are", () => {
  const ping = encodeFrame(PING);
  encodeFrame({ type: "PONG" });
  assertEquals(ping.toHex(), "5301000141");
});

Deno.test("defaultQos() of a PUBLISH depends on the kind of signal", () => {
  const qos = ([0, 1, 2, 3, 4] as const).map((signal) =>
    defaultQos({ type: "PUBLISH", address: "/a", signal, phase: 0 })
  );
  assertEquals(qos, [1, 1, 0, 0, 1]);
});

Deno.test("defaultQos() is Confirm for SET and Commit for BUNDLE", () => {
  assertEquals(defaultQos({ type: "SET", address: "/a", value: encodeValue(1) }), 1);
  assertEquals(defaultQos({ type: "BUNDLE", messages: [] }), 2);
  assertEquals(defaultQos(PING), 0);
});
