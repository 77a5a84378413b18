import type { ByteWriter } from "./byte_writer.ts";

const ENCODER = new TextEncoder();
const FIXSTR_BYTES_MAX = 31;
const ALL_ONES = 0xffff_ffff;
const SIGN_BIT = 0x8000_0000;

/** Writes MessagePack items, each in its shortest form. */
export class MessagePackWriter {
  /** Where it writes to. */
  readonly out: ByteWriter;

  constructor(out: ByteWriter) {
    this.out = out;
  }

  /** Writes nil. */
  nil(): void {
    this.out.u8(0xc0);
  }

  /** Writes a bool. */
  bool(value: boolean): void {
    this.out.u8(value ? 0xc3 : 0xc2);
  }

  /**
   * Writes a whole number from 0 to 2^53 - 1.
   *
   * @throws {RangeError} When it is none.
   */
  unsigned(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`Cannot write ${value} as an integer: it does not fit`);
    }
    this.integer(Math.floor(value / 0x1_0000_0000), value >>> 0);
  }

  /** Writes an integer that is given as its 64 bits, with sign: upper and lower half, each a u32. */
  integer(high: number, low: number): void {
    if (high === 0) return this.#small(low);
    if (high === ALL_ONES && low >= SIGN_BIT) return this.#smallNegative(low | 0);
    this.out.u8(high >= SIGN_BIT ? 0xd3 : 0xcf);
    this.out.u32(high);
    this.out.u32(low);
  }

  /** Writes a 64-bit float. */
  f64(value: number): void {
    this.out.u8(0xcb);
    this.out.f64(value);
  }

  /** Writes a string; a lone surrogate becomes U+FFFD. */
  string(value: string): void {
    if (!this.#shortAscii(value)) this.utf8(ENCODER.encode(value));
  }

  /** Writes a string that is UTF-8 already. */
  utf8(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length <= FIXSTR_BYTES_MAX) this.out.u8(0xa0 | length);
    else if (length <= 0xff) this.#sized(0xd9, length);
    else this.#sized16(0xda, length);
    this.out.append(bytes);
  }

  /** Writes bytes. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length <= 0xff) this.#sized(0xc4, bytes.length);
    else this.#sized16(0xc5, bytes.length);
    this.out.append(bytes);
  }

  /** Begins an array; as many items must follow. */
  array(count: number): void {
    if (count <= 15) this.out.u8(0x90 | count);
    else this.#sized16(0xdc, count);
  }

  /** Begins a map; as many keys, each with its item, must follow. */
  map(count: number): void {
    if (count <= 15) this.out.u8(0x80 | count);
    else this.#sized16(0xde, count);
  }

  /** Names of fields and most addresses; an encoder takes several times as long for each. */
  #shortAscii(value: string): boolean {
    if (value.length > FIXSTR_BYTES_MAX) return false;
    const start = this.out.length;
    this.out.u8(0xa0 | value.length);
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) {
        this.out.truncate(start);
        return false;
      }
      this.out.u8(unit);
    }
    return true;
  }

  #small(value: number): void {
    if (value <= 0x7f) {
      this.out.u8(value);
    } else if (value <= 0xff) {
      this.#sized(0xcc, value);
    } else if (value <= 0xffff) {
      this.#sized16(0xcd, value);
    } else {
      this.out.u8(0xce);
      this.out.u32(value);
    }
  }

  #smallNegative(value: number): void {
    if (value >= -32) {
      this.out.u8(value & 0xff);
    } else if (value >= -0x80) {
      this.#sized(0xd0, value & 0xff);
    } else if (value >= -0x8000) {
      this.#sized16(0xd1, value & 0xffff);
    } else {
      this.out.u8(0xd2);
      this.out.u32(value >>> 0);
    }
  }

  #sized(lead: number, value: number): void {
    this.out.u8(lead);
    this.out.u8(value);
  }

  #sized16(lead: number, value: number): void {
    this.out.u8(lead);
    this.out.u16(value);
  }
}
