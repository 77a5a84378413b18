import { FRAME_BUFFERS, type FrameBuffers } from "./frame_buffers.ts";
import { MaskingBuffer } from "./masking_buffer.ts";
import { OPCODE, type Opcode } from "./websocket_opcode.ts";

/** Below this a loop copies faster than `set`. */
const SET_BYTES_MIN = 32;

const FINAL_BIT = 0x80;
const MASKED_BIT = 0x80;
const LENGTH_IS_U16 = 126;
const LENGTH_IS_U64 = 127;
const HEADER_BYTES_MAX = 14;

/** Of a queue with nothing in it. */
const NO_BUFFER = new MaskingBuffer(new ArrayBuffer(0));

/**
 * WebSocket frames, gathered as they will travel until the connection can take them. Every payload is
 * one unfragmented message. It holds memory only for what it holds, and for what was taken last.
 */
export class FrameQueue {
  readonly #nextMask: (() => number) | undefined;
  readonly #buffers: FrameBuffers;
  #buffer = NO_BUFFER;
  /** Of what was taken last. */
  #taken = NO_BUFFER;
  #length = 0;

  /**
   * @param nextMask An unpredictable u32 for each frame, in the role of a client; a server masks
   * nothing (RFC 6455, section 5.3).
   */
  constructor(nextMask?: () => number, buffers: FrameBuffers = FRAME_BUFFERS) {
    this.#nextMask = nextMask;
    this.#buffers = buffers;
  }

  /** Bytes to be taken, headers included. */
  get byteLength(): number {
    return this.#length;
  }

  /** Adds one frame; the payload is copied. */
  append(opcode: Opcode, payload: Uint8Array): void {
    const { length } = payload;
    if (this.#length + HEADER_BYTES_MAX + length > this.#buffer.bytes.length) {
      this.#grow(HEADER_BYTES_MAX + length);
    }
    const { bytes } = this.#buffer;
    const maskBit = this.#nextMask === undefined ? 0 : MASKED_BIT;
    let at = writeFrameHead(bytes, this.#length, FINAL_BIT | opcode, { length, maskBit });
    if (this.#nextMask === undefined) {
      copy(payload, bytes, at);
    } else {
      const mask = this.#nextMask();
      writeU32(bytes, at, mask);
      at += 4;
      copy(payload, bytes, at);
      this.#buffer.mask(at, at + length, mask);
    }
    this.#length = at + length;
  }

  /** Adds frames that are whole and not masked. */
  appendFrames(frames: Uint8Array): void {
    const { length } = frames;
    if (this.#length + length > this.#buffer.bytes.length) this.#grow(length);
    this.#buffer.bytes.set(frames, this.#length);
    this.#length += length;
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

  /** Empties the queue. The bytes stay as they are until the next call, or until `written`. */
  take(): Uint8Array<ArrayBuffer> {
    this.written();
    const taken = this.#buffer.bytes.subarray(0, this.#length);
    this.#taken = this.#buffer;
    this.#buffer = NO_BUFFER;
    this.#length = 0;
    return taken;
  }

  /** Nobody needs the bytes any more that were taken. */
  written(): void {
    this.#release(this.#taken);
    this.#taken = NO_BUFFER;
  }

  #grow(bytes: number): void {
    const grown = this.#buffers.take(this.#length + bytes);
    grown.bytes.set(this.#buffer.bytes.subarray(0, this.#length));
    this.#release(this.#buffer);
    this.#buffer = grown;
  }

  #release(buffer: MaskingBuffer): void {
    if (buffer !== NO_BUFFER) this.#buffers.giveBack(buffer);
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

/** Writes the head of a frame. Returns where it ends; a mask goes there. */
export function writeFrameHead(
  bytes: Uint8Array,
  at: number,
  first: number,
  { length, maskBit }: { readonly length: number; readonly maskBit: number },
): number {
  bytes[at] = first;
  if (length < LENGTH_IS_U16) {
    bytes[at + 1] = maskBit | length;
    return at + 2;
  }
  if (length <= 0xffff) {
    bytes[at + 1] = maskBit | LENGTH_IS_U16;
    bytes[at + 2] = length >> 8;
    bytes[at + 3] = length;
    return at + 4;
  }
  bytes[at + 1] = maskBit | LENGTH_IS_U64;
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

function copy(from: Uint8Array, to: Uint8Array, at: number): void {
  if (from.length >= SET_BYTES_MIN) return to.set(from, at);
  for (let i = 0; i < from.length; i++) to[at + i] = from[i] ?? 0;
}
