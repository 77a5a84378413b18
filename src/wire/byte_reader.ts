import { allocateBytes } from "./allocate_bytes.ts";
import { TextCache } from "./text_cache.ts";
import { decodeUtf8, isUtf8 } from "./utf8.ts";
import { WireError } from "./wire_error.ts";

const SCRATCH = new DataView(new ArrayBuffer(8));
/** 32,768 strings: 2 MiB for their bytes. */
const RECURRING = new TextCache(32_768);
/** 2^21: what is left of 2^53 above the low 32 bits. */
const U64_HIGH_LIMIT = 0x20_0000;
/** Below this a loop copies faster than making a subarray for `set`. */
const SHORT_COPY_BYTES_MAX = 32;

/**
 * Reads big-endian fields from a range of bytes and never beyond it.
 *
 * A field that is not there, or not what it must be, is a `WireError` of kind `message` with the
 * offset of the field in the whole array. `what` names the field in that error.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;

  /**
   * @param bytes Not copied: it must not change while it is read.
   * @param start Index of the first byte.
   * @param end Index after the last byte.
   */
  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`Cannot read bytes ${start} to ${end} of ${bytes.length}`);
    }
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** Index in the whole array of the next byte. */
  get position(): number {
    return this.#position;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /** Reads one byte. */
  u8(what: string = "u8"): number {
    return this.#byte(this.#take(1, what));
  }

  /** Reads two bytes. */
  u16(what: string = "u16"): number {
    const at = this.#take(2, what);
    return (this.#byte(at) << 8) | this.#byte(at + 1);
  }

  /** Reads four bytes. */
  u32(what: string = "u32"): number {
    return this.#u32At(this.#take(4, what));
  }

  /** Reads eight bytes; a number above 2^53 - 1 is a `WireError`. */
  u64(what: string = "u64"): number {
    const at = this.#take(8, what);
    const high = this.#u32At(at);
    if (high >= U64_HIGH_LIMIT) {
      const value = (BigInt(high) << 32n) | BigInt(this.#u32At(at + 4));
      throw new WireError("message", at, `Cannot read ${what} ${value}: it is above 2^53 - 1`);
    }
    return high * 0x1_0000_0000 + this.#u32At(at + 4);
  }

  /** Reads an IEEE 754 double. */
  f64(what: string = "f64"): number {
    const at = this.#take(8, what);
    SCRATCH.setUint32(0, this.#u32At(at));
    SCRATCH.setUint32(4, this.#u32At(at + 4));
    return SCRATCH.getFloat64(0);
  }

  /** Reads a u16 length and that many bytes of UTF-8. */
  string(what: string = "string"): string {
    const length = this.u16(what);
    const at = this.#take(length, what);
    const text = decodeUtf8(this.#bytes, at, at + length);
    if (text === undefined) throw notUtf8(what, at, length);
    return text;
  }

  /** The same for a string that is likely to come again, such as an address. */
  recurringString(what: string = "string"): string {
    const length = this.u16(what);
    const at = this.#take(length, what);
    const text = RECURRING.get(this.#bytes, at, at + length, decodeUtf8);
    if (text === undefined) throw notUtf8(what, at, length);
    return text;
  }

  /** Passes over a string; it is validated like one that is read. */
  skipString(what: string = "string"): void {
    const length = this.u16(what);
    const at = this.#take(length, what);
    if (!isUtf8(this.#bytes, at, at + length)) throw notUtf8(what, at, length);
  }

  /** Reads bytes, as a copy. */
  bytes(length: number, what: string = "bytes"): Uint8Array {
    const at = this.#take(length, what);
    return this.#bytes.slice(at, at + length);
  }

  /** Passes over bytes. */
  skip(length: number, what: string = "bytes"): void {
    this.#take(length, what);
  }

  /** Reads the next `length` bytes as a range of their own, not copied. */
  section(length: number, what: string = "bytes"): ByteReader {
    const at = this.#take(length, what);
    return new ByteReader(this.#bytes, at, at + length);
  }

  /** Copies what was read since `start`, a former `position`, behind one byte of the caller's. */
  copySince(start: number, firstByte: number): Uint8Array {
    const length = this.#position - start;
    const copy = allocateBytes(length + 1);
    copy[0] = firstByte;
    if (length > SHORT_COPY_BYTES_MAX) {
      copy.set(this.#bytes.subarray(start, this.#position), 1);
    } else {
      for (let i = 0; i < length; i++) copy[i + 1] = this.#byte(start + i);
    }
    return copy;
  }

  /** Moves on by `length` bytes after checking that they are there; returns where they start. */
  #take(length: number, what: string): number {
    const at = this.#position;
    if (length > this.#end - at) {
      throw new WireError(
        "message",
        at,
        `Cannot read ${what} at offset ${at}: it takes ${length} bytes, ${this.#end - at} are left`,
      );
    }
    this.#position = at + length;
    return at;
  }

  // Every index was checked by `#take`, which TypeScript cannot know.
  #byte(at: number): number {
    return this.#bytes[at] as number;
  }

  #u32At(at: number): number {
    return ((this.#byte(at) << 24) | (this.#byte(at + 1) << 16) | (this.#byte(at + 2) << 8) |
      this.#byte(at + 3)) >>> 0;
  }
}

function notUtf8(what: string, at: number, length: number): WireError {
  return new WireError(
    "message",
    at,
    `Cannot read ${what} at offset ${at}: its ${length} bytes are not valid UTF-8`,
  );
}
