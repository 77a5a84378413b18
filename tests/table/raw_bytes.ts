/**
 * Fields and frames by hand, so that they can lie: nothing here knows the production encoder.
 *
 * @module
 */

/** Bytes that a socket takes. */
export type Bytes = Uint8Array<ArrayBuffer>;

const ENCODER = new TextEncoder();

/** Joins pieces; a number is one byte. */
export function join(...pieces: readonly (number | Uint8Array)[]): Bytes {
  const parts = pieces.map((piece) => typeof piece === "number" ? Uint8Array.of(piece) : piece);
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** An unsigned big-endian integer. */
export function uint(bytes: 1 | 2 | 4 | 8, value: number | bigint): Bytes {
  const result = new Uint8Array(bytes);
  let rest = BigInt(value);
  for (let at = bytes - 1; at >= 0; at--, rest >>= 8n) result[at] = Number(rest & 0xffn);
  return result;
}

/** An IEEE 754 double. */
export function f64(value: number): Bytes {
  const result = new Uint8Array(8);
  new DataView(result.buffer).setFloat64(0, value);
  return result;
}

/** A u16 length, as told or as it is, and the text. */
export function text(content: string | Uint8Array, toldLength?: number): Bytes {
  const data = typeof content === "string" ? ENCODER.encode(content) : content;
  return join(uint(2, toldLength ?? data.length), data);
}

/** What a frame says of itself. */
export interface FrameLies {
  readonly magic?: number;
  /** Bits 7-6 of the flags. */
  readonly qos?: number;
  /** The other bits of the flags; 1 is "binary". */
  readonly flags?: number;
  /** The frame's own timestamp, and the bit for it. */
  readonly timestamp?: number | bigint;
  readonly toldLength?: number;
}

/** A frame around a payload. */
export function frame(payload: Uint8Array, lies: FrameLies = {}): Bytes {
  const { magic = 0x53, qos = 1, flags = 1, timestamp, toldLength = payload.length } = lies;
  const timestampBit = timestamp === undefined ? 0 : 0x20;
  return join(
    magic,
    (qos << 6) | flags | timestampBit,
    uint(2, toldLength),
    timestamp === undefined ? new Uint8Array() : uint(8, timestamp),
    payload,
  );
}
