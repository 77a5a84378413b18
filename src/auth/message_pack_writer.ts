import { ByteWriter } from "../wire/byte_writer.ts";

const ENCODER = new TextEncoder();

/** Writes the part of MessagePack that capability tokens use, each item in its shortest form. */
export class MessagePackWriter {
  readonly #writer = new ByteWriter();

  /** Writes the header of a map. @throws {RangeError} for more than 15 fields */
  map(size: number): void {
    if (size > 15) throw new RangeError(`Cannot write a map of ${size} fields: 15 fit`);
    this.#writer.u8(0x80 | size);
  }

  /** Writes the header of an array of up to 65,535 items. */
  array(size: number): void {
    if (size <= 15) return this.#writer.u8(0x90 | size);
    this.#writer.u8(0xdc);
    this.#writer.u16(size);
  }

  /** Writes a string of up to 65,535 bytes. */
  text(text: string): void {
    const bytes = ENCODER.encode(text);
    if (bytes.length <= 31) {
      this.#writer.u8(0xa0 | bytes.length);
    } else if (bytes.length <= 0xff) {
      this.#writer.u8(0xd9);
      this.#writer.u8(bytes.length);
    } else {
      this.#writer.u8(0xda);
      this.#writer.u16(bytes.length);
    }
    this.#writer.append(bytes);
  }

  /** Writes a whole number from 0 to 2^53 - 1. */
  integer(value: number): void {
    if (value <= 0x7f) return this.#writer.u8(value);
    if (value <= 0xff) {
      this.#writer.u8(0xcc);
      this.#writer.u8(value);
    } else if (value <= 0xffff) {
      this.#writer.u8(0xcd);
      this.#writer.u16(value);
    } else if (value <= 0xffff_ffff) {
      this.#writer.u8(0xce);
      this.#writer.u32(value);
    } else {
      this.#writer.u8(0xcf);
      this.#writer.u64(value);
    }
  }

  /** Writes up to 255 bytes. */
  bytes(bytes: Uint8Array): void {
    this.#writer.u8(0xc4);
    this.#writer.u8(bytes.length);
    this.#writer.append(bytes);
  }

  /** Writes nil. */
  nil(): void {
    this.#writer.u8(0xc0);
  }

  /** What was written, as an array that the caller owns. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#writer.copy();
  }
}
