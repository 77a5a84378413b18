import {
  BUNDLE_DEPTH_MAX,
  BUNDLE_MESSAGES_MAX,
  FRAME_PAYLOAD_BYTES_MAX,
} from "../../../src/limits.ts";
import { decodeClientFrame } from "../../../src/wire/client_frame.ts";
import { decodeFrame, encodeFrame, readFrameHeader } from "../../../src/wire/frame.ts";
import { type Message, MESSAGE_CODE } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertLess, assertMatch, assertThrows } from "../../support/assert.ts";
import { generateMessage } from "./generate_message.ts";
import { createPrng } from "../../support/prng.ts";

const HEADER_BYTES = 4;
/** A payload of 64 KiB is refused, or read, in far less. */
const DECODE_MS_MAX = 500;

/** A frame around any payload. */
function frame(payload: ArrayLike<number>, flags = 0x01): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  bytes.set([0x53, flags, payload.length >> 8, payload.length & 0xff]);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

function errorOf(bytes: Uint8Array): WireError {
  const startedMs = performance.now();
  const error = assertThrows(() => decodeClientFrame(bytes), WireError);
  assertLess(performance.now() - startedMs, DECODE_MS_MAX);
  return error;
}

/** Messages that count something, each with one of it. */
const COUNTING: readonly Message[] = [
  { type: "SET", address: "/a", value: encodeValue([null]) },
  { type: "SET", address: "/a", value: encodeValue({ a: null }) },
  { type: "SET", address: "/a", value: encodeValue("x") },
  { type: "SET", address: "/a", value: encodeValue(Uint8Array.of(1)) },
  { type: "SNAPSHOT", params: [{ address: "/a", value: encodeValue(null), revision: 7 }] },
  { type: "BUNDLE", messages: [{ type: "PING" }] },
  ...(["DeclareNamespaces", "RequestSync", "SyncComplete"] as const).map((op): Message => ({
    type: "FEDERATION_SYNC",
    op,
    patterns: ["/a"],
    revisions: [],
  })),
];

Deno.test("a count or length that lies is refused before anything is made for it", () => {
  for (const message of COUNTING) {
    const bytes = encodeFrame(message);
    let refused = 0;
    for (let at = HEADER_BYTES; at + 1 < bytes.length; at++) {
      if (bytes[at] !== 0 || bytes[at + 1] !== 1) continue;
      for (const lie of [0x0002, 0x7fff, 0xffff]) {
        const lying = bytes.slice();
        lying.set([lie >> 8, lie & 0xff], at);
        assertMatch(errorOf(lying).message, /takes \d+ bytes, \d+ are left|at most|is not/);
        refused++;
      }
    }
    assertEquals(refused > 0, true, `${message.type} has no count`);
  }
});

Deno.test("a count that lies is refused in MessagePack too, those of 32 bits included", () => {
  const type = (name: string) => [0xa4, 0x74, 0x79, 0x70, 0x65, 0xa0 | name.length, ...ascii(name)];
  const head = [0x83, ...type("SET"), 0xa7, ...ascii("address"), 0xa2, 0x2f, 0x61];
  const value = [...head, 0xa5, ...ascii("value")];
  for (
    const lie of [
      ...[[0xdd, 0xff, 0xff, 0xff, 0xff], [0xdf, 0xff, 0xff, 0xff, 0xff]],
      ...[[0xdb, 0xff, 0xff, 0xff, 0xff], [0xc6, 0xff, 0xff, 0xff, 0xff]],
      ...[[0xdc, 0xff, 0xff], [0xde, 0xff, 0xff], [0xda, 0xff, 0xff], [0xc5, 0xff, 0xff]],
    ]
  ) errorOf(frame([...value, ...lie], 0));
  errorOf(frame([0xdf, 0xff, 0xff, 0xff, 0xff], 0));
  errorOf(frame([0xde, 0xff, 0xff, ...type("SET")], 0));
});

Deno.test("the length of a frame that lies is refused, and one that is short cuts nothing open", () => {
  const bytes = encodeFrame({ type: "SET", address: "/a", value: encodeValue("text") });
  for (let length = 0; length <= 0xffff; length += length < 64 ? 1 : 997) {
    const lying = bytes.slice();
    lying.set([length >> 8, length & 0xff], 2);
    if (length === bytes.length - HEADER_BYTES) continue;
    const error = errorOf(lying);
    assertEquals(
      error.kind,
      length === 0 || length > bytes.length - HEADER_BYTES ? "frame" : "message",
    );
  }
});

Deno.test("a frame says that it is encrypted or compressed: it is refused as such, whatever is in it", () => {
  const prng = createPrng(1);
  for (let round = 0; round < 200; round++) {
    const types = Object.keys(MESSAGE_CODE) as (keyof typeof MESSAGE_CODE)[];
    const bytes = encodeFrame(generateMessage(prng, prng.pick(types)));
    const flags = bytes[1] ?? 0;
    for (const [bit, why] of [[0x10, "it is encrypted"], [0x08, "it is compressed"]] as const) {
      bytes[1] = flags | bit;
      for (
        const read of [decodeClientFrame, decodeFrame, (b: Uint8Array) => readFrameHeader(b, 0)]
      ) {
        const error = assertThrows(() => read(bytes), WireError);
        assertEquals([error.kind, error.message.includes(why)], ["frame", true]);
      }
    }
  }
});

Deno.test("bundles in bundles, and bundles of very many messages, are refused", () => {
  // Each level: its code, one message, its length.
  let payload: number[] = [MESSAGE_CODE.PING];
  for (let depth = 0; depth < 5_000; depth++) {
    payload = [MESSAGE_CODE.BUNDLE, 0, 0, 1, ...u16(payload.length), ...payload];
    if (payload.length > 40_000) break;
  }
  assertMatch(
    errorOf(frame(payload)).message,
    new RegExp(`deeper than ${BUNDLE_DEPTH_MAX}`),
  );

  const ping = encodeFrame({ type: "BUNDLE", messages: [{ type: "PING" }] });
  // What one message takes in a bundle: a length, and its code.
  const two = encodeFrame({ type: "BUNDLE", messages: [{ type: "PING" }, { type: "PING" }] });
  const head = [...ping.subarray(HEADER_BYTES, ping.length - (two.length - ping.length))];
  const entry = [...two.subarray(ping.length)];
  const count = Math.floor((FRAME_PAYLOAD_BYTES_MAX - head.length) / entry.length);
  assertEquals(count > BUNDLE_MESSAGES_MAX, true);
  const many = [...head, ...Array.from({ length: count }, () => entry).flat()];
  const countAt = many.length - count * entry.length - 2;
  many.splice(countAt, 2, ...u16(count));
  assertMatch(errorOf(frame(many)).message, new RegExp(`at most ${BUNDLE_MESSAGES_MAX}`));
});

function ascii(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

function u16(value: number): number[] {
  return [value >> 8, value & 0xff];
}
