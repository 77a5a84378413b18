import { ByteReader } from "../../src/wire/byte_reader.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame.ts";
import { MESSAGE_CODE, VALUE_CODE } from "../../src/wire/message.ts";
import { decodeValue, encodeValue, skipValue } from "../../src/wire/value_codec.ts";
import { WireError } from "../../src/wire/wire_error.ts";
import { assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import { createPrng, type Prng } from "../support/prng.ts";
import { EXTENSION_FRAMES } from "../unit/wire/extension_frames.ts";
import { generateMessage, generateValue } from "../unit/wire/generate_message.ts";
import { fromHex, loadVectors } from "../unit/wire/vector_form.ts";

/** Frames up to this size get every value of every byte, longer ones a sample. */
const EXHAUSTIVE_BYTES_MAX = 64;
const SAMPLES_PER_BYTE = 24;
const HEADER_BYTES = 4;
const CODES = Object.values(MESSAGE_CODE);

const SEEDS: readonly Uint8Array<ArrayBuffer>[] = [
  ...loadVectors().map((vector) => fromHex(vector.hex)),
  ...EXTENSION_FRAMES.map((frame) => fromHex(frame.hex)),
];

Deno.test("every truncation of every known frame decodes or is a WireError", () => {
  const counts = { decoded: 0, refused: 0 };
  for (const frame of SEEDS) {
    for (let length = 0; length <= frame.length; length++) {
      const cut = frame.slice(0, length);
      tryFrame(cut, counts);
      // With a length that fits what is left, the message is what is cut.
      if (length > HEADER_BYTES) tryFrame(withLength(cut), counts);
    }
  }
  assertGreater(counts.refused, 4_000);
  assertGreater(counts.decoded, 200);
});

Deno.test("every single-byte mutation of every known frame decodes or is a WireError", () => {
  const startedAt = performance.now();
  const prng = createPrng(1);
  const counts = { decoded: 0, refused: 0 };
  for (const frame of SEEDS) {
    for (let at = 0; at < frame.length; at++) {
      const exhaustive = frame.length <= EXHAUSTIVE_BYTES_MAX;
      const tries = exhaustive ? 256 : SAMPLES_PER_BYTE;
      const mutated = frame.slice();
      for (let i = 0; i < tries; i++) {
        mutated[at] = exhaustive ? i : prng.nextInt(256);
        tryFrame(mutated, counts);
      }
    }
  }
  assertGreater(counts.decoded, 100_000);
  assertGreater(counts.refused, 100_000);
  assertLess(performance.now() - startedAt, 120_000);
});

Deno.test("mutations of generated messages decode or are a WireError", () => {
  const counts = { decoded: 0, refused: 0 };
  for (let seed = 0; seed < 4_000; seed++) {
    const prng = createPrng(seed);
    const type = prng.pick(Object.keys(MESSAGE_CODE) as (keyof typeof MESSAGE_CODE)[]);
    const frame = encodeFrame(generateMessage(prng, type));
    for (let i = 0; i < 8; i++) {
      frame[prng.nextInt(frame.length)] = prng.nextInt(256);
      tryFrame(frame, counts);
    }
  }
  assertGreater(counts.decoded, 2_000);
  assertGreater(counts.refused, 2_000);
});

Deno.test("random bytes decode or are a WireError", () => {
  const prng = createPrng(2);
  const counts = { decoded: 0, refused: 0 };
  for (let i = 0; i < 60_000; i++) {
    const bytes = randomBytes(prng, 1 + prng.nextInt(80));
    tryFrame(bytes, counts);
    // The same bytes as the payload of a frame that starts with a known message.
    const frame = withLength(new Uint8Array([0x53, 0x01, 0, 0, ...bytes]));
    frame[HEADER_BYTES] = prng.pick(CODES);
    tryFrame(frame, counts);
  }
  assertEquals(counts.decoded + counts.refused, 120_000);
  assertGreater(counts.decoded, 5_000);
  assertGreater(counts.refused, 50_000);
});

Deno.test("skipValue() accepts exactly the values that decodeValue() decodes", () => {
  const counts = { decoded: 0, refused: 0 };
  for (let seed = 0; seed < 30_000; seed++) {
    const prng = createPrng(seed);
    const encoded = prng.nextInt(2) === 0
      ? randomBytes(prng, 1 + prng.nextInt(24))
      : generateValue(prng).slice();
    encoded[0] = (encoded[0] ?? 0) % (VALUE_CODE.map + 2);
    if (encoded.length > 1) encoded[prng.nextInt(encoded.length)] = prng.nextInt(256);
    tryValue(encoded, counts);
  }
  assertGreater(counts.decoded, 3_000);
  assertGreater(counts.refused, 3_000);
});

interface Counts {
  decoded: number;
  refused: number;
}

function tryFrame(bytes: Uint8Array, counts: Counts): void {
  const message = unlessWireError(bytes, () => decodeFrame(bytes).message);
  if (message === undefined) {
    counts.refused++;
    return;
  }
  counts.decoded++;
  const encoded = encodeFrame(message);
  const again = encodeFrame(decodeFrame(encoded).message);
  if (!sameBytes(again, encoded)) throw new Error(`${bytes.toHex()}: not stable`);
}

function tryValue(encoded: Uint8Array, counts: Counts): void {
  const skipped = unlessWireError(encoded, () => {
    const reader = new ByteReader(encoded);
    skipValue(reader, reader.u8());
    return reader.remaining === 0;
  });
  const decoded = unlessWireError(encoded, () => ({ value: decodeValue(encoded) }));
  assertEquals(decoded !== undefined, skipped === true, encoded.toHex());
  if (decoded === undefined) {
    counts.refused++;
    return;
  }
  counts.decoded++;
  encodeValue(decoded.value);
}

/** Any other error is one that a peer could end the router with. */
function unlessWireError<Result>(bytes: Uint8Array, decode: () => Result): Result | undefined {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof WireError)) {
      throw new Error(`${bytes.toHex()}: not a WireError`, { cause: error });
    }
    const { offset } = error;
    if (!(Number.isInteger(offset) && offset >= 0 && offset <= bytes.length)) {
      throw new Error(`${bytes.toHex()}: offset ${offset}`, { cause: error });
    }
    return undefined;
  }
}

function withLength(frame: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const patched = frame.slice();
  const before = ((patched[1] ?? 0) & 0x20) !== 0 ? 12 : HEADER_BYTES;
  const payloadBytes = Math.max(0, patched.length - before);
  patched[2] = payloadBytes >> 8;
  patched[3] = payloadBytes;
  return patched;
}

function randomBytes(prng: Prng, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => prng.nextInt(256));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
