import type { ByteReader } from "./byte_reader.ts";
import { WireError } from "./wire_error.ts";

/**
 * What one MessagePack item is. The data of a float, a string, bytes or an extension, and the items
 * of an array or a map, come next.
 */
export type MessagePackHead =
  | { readonly kind: "nil" | "float32" | "float64" }
  | { readonly kind: "bool"; readonly value: boolean }
  | {
    readonly kind: "integer";
    /** Upper and lower half of its 64 bits, each as a u32. */
    readonly high: number;
    readonly low: number;
    /** Too large for a sign: 2^63 and more. */
    readonly isHuge: boolean;
  }
  | { readonly kind: "string" | "bytes" | "extension"; readonly length: number }
  | { readonly kind: "array" | "map"; readonly length: number };

const ALL_ONES = 0xffff_ffff;
const SIGN_BIT = 0x8000_0000;

/**
 * Reads how a MessagePack item begins. A length is only given back when that much is left, so whoever
 * makes room by it does so for what is there.
 *
 * @param what Names the item in an error.
 * @throws {WireError} When it is cut, or starts with the byte that MessagePack never uses.
 */
export function readHead(reader: ByteReader, what: string): MessagePackHead {
  const at = reader.position;
  const lead = reader.u8(what);
  if (lead <= 0x7f) return integer(0, lead);
  if (lead >= 0xe0) return integer(ALL_ONES, (lead - 0x100) >>> 0);
  if (lead <= 0x8f) return many(reader, "map", lead & 0x0f, what);
  if (lead <= 0x9f) return many(reader, "array", lead & 0x0f, what);
  if (lead <= 0xbf) return sized(reader, "string", lead & 0x1f, what);
  switch (lead) {
    case 0xc0:
      return { kind: "nil" };
    case 0xc2:
    case 0xc3:
      return { kind: "bool", value: lead === 0xc3 };
    case 0xca:
      return { kind: "float32" };
    case 0xcb:
      return { kind: "float64" };
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return unsigned(reader, lead, what);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return signed(reader, lead, what);
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return sized(reader, "bytes", length(reader, lead - 0xc4, what), what);
    case 0xd9:
    case 0xda:
    case 0xdb:
      return sized(reader, "string", length(reader, lead - 0xd9, what), what);
    case 0xdc:
    case 0xdd:
      return many(reader, "array", length(reader, lead - 0xdb, what), what);
    case 0xde:
    case 0xdf:
      return many(reader, "map", length(reader, lead - 0xdd, what), what);
    case 0xc1:
      throw new WireError("message", at, `Cannot read ${what}: MessagePack has no item 0xc1`);
    default:
      return extension(reader, lead, what);
  }
}

function integer(high: number, low: number): MessagePackHead {
  return { kind: "integer", high, low, isHuge: false };
}

function unsigned(reader: ByteReader, lead: number, what: string): MessagePackHead {
  switch (lead) {
    case 0xcc:
      return integer(0, reader.u8(what));
    case 0xcd:
      return integer(0, reader.u16(what));
    case 0xce:
      return integer(0, reader.u32(what));
    default: {
      const high = reader.u32(what);
      return { kind: "integer", high, low: reader.u32(what), isHuge: high >= SIGN_BIT };
    }
  }
}

function signed(reader: ByteReader, lead: number, what: string): MessagePackHead {
  if (lead === 0xd3) return integer(reader.u32(what), reader.u32(what));
  const value = lead === 0xd0
    ? reader.u8(what) << 24 >> 24
    : lead === 0xd1
    ? reader.u16(what) << 16 >> 16
    : reader.u32(what) | 0;
  return integer(value < 0 ? ALL_ONES : 0, value >>> 0);
}

/** `width`: 0 for a u8, 1 for a u16, 2 for a u32. */
function length(reader: ByteReader, width: number, what: string): number {
  return width === 0 ? reader.u8(what) : width === 1 ? reader.u16(what) : reader.u32(what);
}

/** The byte that tells an extension's type counts as its data. */
function extension(reader: ByteReader, lead: number, what: string): MessagePackHead {
  const dataBytes = lead >= 0xd4 ? 2 ** (lead - 0xd4) : length(reader, lead - 0xc7, what);
  return sized(reader, "extension", dataBytes + 1, what);
}

function sized(
  reader: ByteReader,
  kind: "string" | "bytes" | "extension",
  bytes: number,
  what: string,
): MessagePackHead {
  if (bytes > reader.remaining) throw cut(reader, what, `${bytes} bytes`);
  return { kind, length: bytes };
}

function many(
  reader: ByteReader,
  kind: "array" | "map",
  count: number,
  what: string,
): MessagePackHead {
  // Every item takes a byte at least.
  const bytes = kind === "map" ? 2 * count : count;
  if (bytes > reader.remaining) throw cut(reader, what, `${count} items`);
  return { kind, length: count };
}

function cut(reader: ByteReader, what: string, takes: string): WireError {
  return new WireError(
    "message",
    reader.position,
    `Cannot read ${what} at offset ${reader.position}: ` +
      `it takes ${takes}, ${reader.remaining} bytes are left`,
  );
}
