import { FRAME_PAYLOAD_BYTES_MAX } from "../../src/limits.ts";
import { encodeV0Messages } from "../../src/router/v0_messages.ts";
import { decodeClientFrame } from "../../src/wire/client_frame.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { FrameTooLargeError } from "../../src/wire/frame_too_large_error.ts";
import { type Message, MESSAGE_CODE, type MessageType } from "../../src/wire/message.ts";
import { encodeV0Frame } from "../../src/wire/v0_frame.ts";
import { readV0Message } from "../../src/wire/v0_reader.ts";
import { WireError } from "../../src/wire/wire_error.ts";
import { assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import { createPrng, type Prng } from "../support/prng.ts";
import { generateMessage } from "../unit/wire/generate_message.ts";
import { RUST_PAYLOADS } from "../unit/wire/v0_payloads.ts";
import { fromHex } from "../unit/wire/vector_form.ts";

const SAMPLES_PER_BYTE = 24;
/** Lengths, extensions and what never occurs: bytes after which much may go wrong. */
const LEADS = [0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xca, 0xcb];
const MORE_LEADS = [0xcc, 0xcf, 0xd3, 0xd4, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xff];
const SEEDS = RUST_PAYLOADS.map(({ hex }) => fromHex(hex));

Deno.test("every truncation of every v0 payload decodes or is a WireError", () => {
  const counts = { decoded: 0, refused: 0 };
  for (const payload of SEEDS) {
    for (let length = 0; length <= payload.length; length++) {
      tryPayload(payload.slice(0, length), counts);
    }
  }
  assertEquals(counts.decoded, SEEDS.length);
});

Deno.test("single-byte mutations of every v0 payload decode or are a WireError", () => {
  const prng = createPrng(1);
  const counts = { decoded: 0, refused: 0 };
  for (const payload of SEEDS) {
    const mutated = payload.slice();
    for (let at = 0; at < payload.length; at++) {
      for (let i = 0; i < SAMPLES_PER_BYTE; i++) {
        mutated[at] = i % 2 === 0 ? prng.nextInt(256) : prng.pick([...LEADS, ...MORE_LEADS]);
        tryPayload(mutated, counts);
      }
      mutated[at] = payload[at] ?? 0;
    }
  }
  assertGreater(counts.decoded, 5_000);
  assertGreater(counts.refused, 20_000);
});

Deno.test("mutations of generated v0 messages decode or are a WireError", () => {
  const counts = { decoded: 0, refused: 0 };
  for (let seed = 0; seed < 4_000; seed++) {
    const prng = createPrng(seed);
    const frame = generateV0(prng);
    if (frame === undefined) continue;
    const payload = frame.slice(4);
    for (let i = 0; i < 6; i++) {
      payload[prng.nextInt(payload.length)] = prng.nextInt(256);
      tryPayload(payload, counts);
    }
  }
  assertGreater(counts.decoded, 1_000);
  assertGreater(counts.refused, 5_000);
});

Deno.test("random bytes as a v0 payload decode or are a WireError", () => {
  const prng = createPrng(2);
  const counts = { decoded: 0, refused: 0 };
  for (let i = 0; i < 60_000; i++) {
    const bytes = Uint8Array.from({ length: 1 + prng.nextInt(80) }, () => prng.nextInt(256));
    tryPayload(bytes, counts);
    bytes[0] = 0x80 | prng.nextInt(16);
    tryPayload(bytes, counts);
  }
  assertEquals(counts.decoded + counts.refused, 120_000);
});

Deno.test("payloads of one byte over and over cost little, whatever the byte", () => {
  const startedAt = performance.now();
  const counts = { decoded: 0, refused: 0 };
  for (let byte = 0; byte < 256; byte++) {
    tryPayload(new Uint8Array(FRAME_PAYLOAD_BYTES_MAX).fill(byte), counts);
    for (
      const start of [
        "82a474797065a3534554a576616c7565",
        "82a474797065a642554e444c45a86d65737361676573",
      ]
    ) {
      const payload = new Uint8Array(FRAME_PAYLOAD_BYTES_MAX).fill(byte);
      payload.set(fromHex(start));
      tryPayload(payload, counts);
    }
  }
  // What follows a message that ends early is ignored.
  assertLess(counts.decoded, 10);
  assertLess(performance.now() - startedAt, 30_000);
});

interface Counts {
  decoded: number;
  refused: number;
}

function generateV0(prng: Prng): Uint8Array<ArrayBuffer> | undefined {
  const type = prng.pick(Object.keys(MESSAGE_CODE) as MessageType[]);
  const message = generateMessage(prng, type);
  const isExtension = message.type === "FEDERATION_SYNC" &&
    (!("patterns" in message) || message.declare !== undefined);
  return isExtension ? undefined : encodeV0Frame(message);
}

/** Whatever can be read can be written again in v1, and in v0 to a client. */
function tryPayload(payload: Uint8Array<ArrayBuffer>, counts: Counts): void {
  const message = unlessWireError(payload);
  if (message === undefined) {
    counts.refused++;
    return;
  }
  counts.decoded++;
  try {
    encodeFrame(message);
  } catch (error) {
    // A list of small integers is larger in v1. What is passed on is checked while it is read.
    if (!(error instanceof FrameTooLargeError) || message.type === "PUBLISH") throw error;
  }
  for (const frame of encodeV0Messages(message, {})) decodeClientFrame(frame);
}

/** Any other error is one that a client could end the router with. */
function unlessWireError(payload: Uint8Array): Message | undefined {
  try {
    return readV0Message(payload, 0, payload.length);
  } catch (error) {
    if (!(error instanceof WireError)) {
      throw new Error(`${payload.toHex().slice(0, 1_000)}: not a WireError`, { cause: error });
    }
    const { offset } = error;
    assertEquals(Number.isInteger(offset) && offset >= 0 && offset <= payload.length, true);
    return undefined;
  }
}
