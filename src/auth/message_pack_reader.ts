import { NAME_BYTES_MAX } from "../limits.ts";
import { ByteReader } from "../wire/byte_reader.ts";
import { decodeUtf8 } from "../wire/utf8.ts";
import { WireError } from "../wire/wire_error.ts";

/**
 * Reads the part of MessagePack that capability tokens use, each item in its shortest form only, so
 * that what is read has one spelling: that of `wire/message_pack_writer.ts`. Whatever is not as asked
 * is a `WireError`; `what` names it.
 *
 * Not by `wire/message_pack_head.ts`, which reads every form of an item and forgets which it was: what
 * is signed must be told from what only means the same.
 */
export class MessagePackReader {
  readonly #bytes: Uint8Array;
  readonly #reader: ByteReader;

  /** @param bytes Not copied: it must not change while it is read. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#reader = new ByteReader(bytes);
  }

  /** Reads the header of a map: the number of its fields, at most 15. */
  mapSize(what: string): number {
    const [at, lead] = this.#lead(what);
    if ((lead & 0xf0) !== 0x80) throw unreadable(what, at, "it is no map of up to 15 fields");
    return lead & 0x0f;
  }

  /** Reads the header of an array: the number of its items. */
  arraySize(what: string, itemsMax: number): number {
    const [at, lead] = this.#lead(what);
    return this.#arraySize(what, { at, lead, itemsMax });
  }

  /** Reads the header of an array, or nil: undefined. */
  arraySizeOrNil(what: string, itemsMax: number): number | undefined {
    const [at, lead] = this.#lead(what);
    return lead === 0xc0 ? undefined : this.#arraySize(what, { at, lead, itemsMax });
  }

  /** Reads a string. */
  text(what: string, bytesMax: number = NAME_BYTES_MAX): string {
    const [at, lead] = this.#lead(what);
    const length = this.#textLength(what, at, lead);
    if (length > bytesMax) {
      throw unreadable(what, at, `it has ${length} bytes, at most ${bytesMax} are allowed`);
    }
    const start = this.#reader.position;
    this.#reader.skip(length, what);
    const text = decodeUtf8(this.#bytes, start, start + length);
    if (text === undefined) throw unreadable(what, at, "it is not valid UTF-8");
    return text;
  }

  /** Reads a whole number from 0 to 2^53 - 1. */
  integer(what: string): number {
    const [at, lead] = this.#lead(what);
    switch (lead) {
      case 0xcc:
        return shortest(this.#reader.u8(what), 0x80, { what, at });
      case 0xcd:
        return shortest(this.#reader.u16(what), 0x100, { what, at });
      case 0xce:
        return shortest(this.#reader.u32(what), 0x1_0000, { what, at });
      case 0xcf:
        return shortest(this.#reader.u64(what), 0x1_0000_0000, { what, at });
    }
    if (lead <= 0x7f) return lead;
    throw unreadable(what, at, "it is no whole number from 0 up");
  }

  /** Reads bytes, which must be so many; at most 255. */
  bytes(what: string, length: number): Uint8Array<ArrayBuffer> {
    const [at, lead] = this.#lead(what);
    if (lead !== 0xc4) throw unreadable(what, at, "it is no short row of bytes");
    const given = this.#reader.u8(what);
    if (given !== length) throw unreadable(what, at, `it has ${given} bytes, not ${length}`);
    return new Uint8Array(this.#reader.bytes(length, what));
  }

  /** Expects that all was read. */
  end(): void {
    const { position, remaining } = this.#reader;
    if (remaining === 0) return;
    throw unreadable("its end", position, `${remaining} bytes come after what should be all`);
  }

  #lead(what: string): readonly [at: number, lead: number] {
    const at = this.#reader.position;
    return [at, this.#reader.u8(what)];
  }

  #arraySize(
    what: string,
    { at, lead, itemsMax }: {
      readonly at: number;
      readonly lead: number;
      readonly itemsMax: number;
    },
  ): number {
    const size = lead === 0xdc
      ? shortest(this.#reader.u16(what), 16, { what, at })
      : (lead & 0xf0) === 0x90
      ? lead & 0x0f
      : undefined;
    if (size === undefined) throw unreadable(what, at, "it is no array");
    if (size <= itemsMax) return size;
    throw unreadable(what, at, `it has ${size} items, at most ${itemsMax} are allowed`);
  }

  #textLength(what: string, at: number, lead: number): number {
    if ((lead & 0xe0) === 0xa0) return lead & 0x1f;
    if (lead === 0xd9) return shortest(this.#reader.u8(what), 32, { what, at });
    if (lead === 0xda) return shortest(this.#reader.u16(what), 0x100, { what, at });
    throw unreadable(what, at, "it is no text of up to 65,535 bytes");
  }
}

/** A number whose form is for those from `min` up. */
function shortest(
  value: number,
  min: number,
  { what, at }: { readonly what: string; readonly at: number },
): number {
  if (value >= min) return value;
  throw unreadable(what, at, "it is not in its shortest form, which is the one that is signed");
}

function unreadable(what: string, at: number, reason: string): WireError {
  return new WireError("message", at, `Cannot read ${what} at offset ${at}: ${reason}`);
}
