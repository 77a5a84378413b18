import { BUNDLE_DEPTH_MAX, BUNDLE_MESSAGES_MAX } from "../../../src/limits.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { FrameTooLargeError } from "../../../src/wire/frame_too_large_error.ts";
import type { Message } from "../../../src/wire/message.ts";
import { writeMessage } from "../../../src/wire/message_writer.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("writeMessage() refuses bundles that no reader would accept", () => {
  let deep: Message = { type: "PING" };
  for (let i = 0; i < BUNDLE_DEPTH_MAX; i++) deep = { type: "BUNDLE", messages: [deep] };
  const writer = new ByteWriter();
  writeMessage(writer, deep);
  assertThrows(() => writeMessage(writer, { type: "BUNDLE", messages: [deep] }), RangeError);

  const pings = (length: number): Message => ({
    type: "BUNDLE",
    messages: Array.from({ length }, () => ({ type: "PING" })),
  });
  writeMessage(writer, pings(BUNDLE_MESSAGES_MAX));
  const nested: Message = { type: "BUNDLE", messages: [pings(BUNDLE_MESSAGES_MAX)] };
  assertThrows(() => writeMessage(writer, nested), RangeError);
});

Deno.test("writeMessage() refuses a bundled message that does not fit its length", () => {
  const large: Message = { type: "GET", address: "a".repeat(65_535) };
  const bundle: Message = { type: "BUNDLE", messages: [large] };
  const error = assertThrows(() => writeMessage(new ByteWriter(), bundle), FrameTooLargeError);
  assertEquals(error.payloadBytes, 65_538);
});
