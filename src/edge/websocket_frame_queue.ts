import { BATCH_BYTES_MAX } from "../limits.ts";
import { OPCODE, type Opcode } from "./websocket_opcode.ts";

/** Bytes of the buffers a queue starts with. */
const BUFFER_BYTES_MIN = 4_096;
/** A buffer that had to grow beyond this is not kept, so that one backlog does not hold memory. */
const BUFFER_BYTES_KEPT_MAX = 2 * BATCH_BYTES_MAX;
/** From this payload on, masking four bytes at a time is quicker than copying and masking one. */
const WORDWISE_BYTES_MIN = 64;

const FINAL_BIT = 0x80;
const MASKED_BIT = 0x80;
const LENGTH_IS_U16 = 126;
const LENGTH_IS_U64 = 127;
const HEADER_BYTES_MAX = 14;

/**
 * WebSocket frames of the client role, gathered as they will travel until the connection can take
 * them. Every payload is one unfragmented message and is masked (RFC 6455, section 5.3).
 */
export class FrameQueue {
  readonly #nextMask: () => number;
  #buffer = new MaskingBuffer(BUFFER_BYTES_MIN);
  #spare = new MaskingBuffer(BUFFER_BYTES_MIN);
  #length = 0;

  /** @param nextMask An unpredictable u32 for each frame. */
  constructor(nextMask: () => number) {
    this.#nextMask = nextMask;
  }

  /** Bytes to be taken, headers included. */
  get byteLength(): number {
    return this.#length;
  }

  /** Adds one frame; the payload is copied. */
  append(opcode: Opcode, payload: Uint8Array): void {
    this.#reserve(HEADER_BYTES_MAX + payload.length);
    const mask = this.#nextMask();
    const start = writeHeader(this.#buffer.bytes, this.#length, opcode, payload.length);
    writeU32(this.#buffer.bytes, start, mask);
    this.#buffer.setMasked(start + 4, payload, mask);
    this.#length = start + 4 + payload.length;
  }

  /** Adds a close frame: the code and a reason of at most 123 bytes, or neither for 1005. */
  appendClose(code: number, reason: string): void {
    if (code === 1005) return this.append(OPCODE.close, new Uint8Array(0));
    const text = new TextEncoder().encode(reason);
    const payload = new Uint8Array(2 + text.length);
    payload[0] = code >> 8;
    payload[1] = code;
    payload.set(text, 2);
    this.append(OPCODE.close, payload);
  }

  /** Empties the queue. The bytes stay as they are until the next call. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#buffer.bytes.subarray(0, this.#length);
    const kept = this.#spare.bytes.length <= BUFFER_BYTES_KEPT_MAX;
    const next = kept ? this.#spare : new MaskingBuffer(BUFFER_BYTES_MIN);
    this.#spare = this.#buffer;
    this.#buffer = next;
    this.#length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    let size = this.#buffer.bytes.length;
    if (needed <= size) return;
    while (size < needed) size *= 2;
    const grown = new MaskingBuffer(size);
    grown.bytes.set(this.#buffer.bytes.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/**
 * Hands out unpredictable u32 numbers.
 *
 * @param fillRandom Overwrites all of an array, such as `crypto.getRandomValues`. Called rarely,
 * because a call costs more than the numbers.
 */
export function createMaskSource(
  fillRandom: (words: Uint32Array<ArrayBuffer>) => void,
): () => number {
  const words = new Uint32Array(1_024);
  let used = words.length;
  return () => {
    if (used === words.length) {
      fillRandom(words);
      used = 0;
    }
    return words[used++] ?? 0;
  };
}

/** Returns where the mask goes. */
function writeHeader(bytes: Uint8Array, at: number, opcode: Opcode, length: number): number {
  bytes[at] = FINAL_BIT | opcode;
  if (length < LENGTH_IS_U16) {
    bytes[at + 1] = MASKED_BIT | length;
    return at + 2;
  }
  if (length <= 0xffff) {
    bytes[at + 1] = MASKED_BIT | LENGTH_IS_U16;
    bytes[at + 2] = length >> 8;
    bytes[at + 3] = length;
    return at + 4;
  }
  bytes[at + 1] = MASKED_BIT | LENGTH_IS_U64;
  writeU32(bytes, at + 2, Math.floor(length / 2 ** 32));
  writeU32(bytes, at + 6, length);
  return at + 10;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** Bytes that can be masked by the word. */
class MaskingBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;

  /** @param size A multiple of 4. */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#words = new Uint32Array(this.bytes.buffer);
  }

  /** Writes `payload` at `start`, combined with the mask, whose high byte comes first. */
  setMasked(start: number, payload: Uint8Array, mask: number): void {
    if (payload.length < WORDWISE_BYTES_MIN) return this.#setBytewise(start, payload, mask);
    const aligned = (start + 3) & ~3;
    const head = aligned - start;
    const wordBytes = (payload.length - head) & ~3;
    this.bytes.set(payload, start);
    this.#maskBytes(start, aligned, mask);
    const rotated = rotateLeft(mask, head);
    const word = inByteOrderOfTheMachine(rotated);
    const words = this.#words;
    const end = (aligned + wordBytes) >> 2;
    for (let i = aligned >> 2; i < end; i++) words[i] = (words[i] ?? 0) ^ word;
    this.#maskBytes(aligned + wordBytes, start + payload.length, rotated);
  }

  #setBytewise(start: number, payload: Uint8Array, mask: number): void {
    const { bytes } = this;
    for (let i = 0; i < payload.length; i++) {
      bytes[start + i] = (payload[i] ?? 0) ^ (mask >>> (24 - 8 * (i & 3)));
    }
  }

  #maskBytes(start: number, end: number, mask: number): void {
    const { bytes } = this;
    for (let i = start; i < end; i++) {
      bytes[i] = (bytes[i] ?? 0) ^ (mask >>> (24 - 8 * ((i - start) & 3)));
    }
  }
}

/** A mask as it goes on after `count` bytes, 0 to 3. */
function rotateLeft(mask: number, count: number): number {
  return count === 0 ? mask : (mask << (8 * count)) | (mask >>> (32 - 8 * count));
}

const SCRATCH_WORD = new Uint32Array(1);
const SCRATCH_BYTES = new Uint8Array(SCRATCH_WORD.buffer);

function inByteOrderOfTheMachine(value: number): number {
  writeU32(SCRATCH_BYTES, 0, value);
  return SCRATCH_WORD[0] ?? 0;
}
