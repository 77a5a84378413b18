import { FRAME_PAYLOAD_BYTES_MAX, VALUE_DEPTH_MAX } from "../limits.ts";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { unknownType } from "./encoded_value.ts";
import { type EncodedValue, VALUE_CODE } from "./message.ts";
import { type MessagePackHead, readHead } from "./message_pack_head.ts";
import type { MessagePackWriter } from "./message_pack_writer.ts";
import { isUtf8 } from "./utf8.ts";
import { WireError } from "./wire_error.ts";

const STRING_BYTES_MAX = 0xffff;
const SHARED_WRITER = new ByteWriter(256);

/**
 * Reads a MessagePack item as a value of v1, from bytes to bytes: integers stay integers, exact in all
 * 64 bits, and floats stay floats of their width.
 *
 * An integer becomes i64, as in the public router; in arrays and maps the shortest type that holds it,
 * so that a list of small numbers, which is how the Rust client sends bytes, does not outgrow a frame.
 *
 * @throws {WireError} When it has no form in v1: an extension, a map with a key that is no string, an
 * integer from 2^63 on, or more than a frame holds.
 */
export function readMessagePackValue(reader: ByteReader, what: string): EncodedValue {
  SHARED_WRITER.reset();
  transcode({ reader, writer: SHARED_WRITER, what }, 0);
  return SHARED_WRITER.copy();
}

/** Writes a value of v1 as a MessagePack item: the reverse of `readMessagePackValue`. */
export function writeMessagePackValue(writer: MessagePackWriter, value: EncodedValue): void {
  writeNext(writer, new ByteReader(value));
}

interface Transcoding {
  readonly reader: ByteReader;
  readonly writer: ByteWriter;
  readonly what: string;
}

function transcode(to: Transcoding, depth: number): void {
  const { reader, writer, what } = to;
  const at = reader.position;
  const head = readHead(reader, what);
  switch (head.kind) {
    case "nil":
      writer.u8(VALUE_CODE.null);
      break;
    case "bool":
      writer.u8(VALUE_CODE.bool);
      writer.u8(head.value ? 1 : 0);
      break;
    case "integer":
      if (head.isHuge) throw refused(at, what, "an integer of 2^63 or more");
      writeInteger(writer, head, depth);
      break;
    case "float32":
      writer.u8(VALUE_CODE.f32);
      writer.u32(reader.u32(what));
      break;
    case "float64":
      writer.u8(VALUE_CODE.f64);
      // Not as a number: that may change the bits of a NaN.
      writer.append(reader.bytes(8, what));
      break;
    case "string":
      writer.u8(VALUE_CODE.string);
      transcodeText(to, head.length);
      break;
    case "bytes":
      if (head.length > STRING_BYTES_MAX) throw tooLarge(at, what);
      writer.u8(VALUE_CODE.bytes);
      writer.u16(head.length);
      writer.append(reader.bytes(head.length, what));
      break;
    case "array":
    case "map":
      transcodeItems(to, head, depth);
      break;
    case "extension":
      throw refused(at, what, "an extension type (timestamps are one)");
  }
  // Checked after each part, so that one that grows is given up at once.
  if (writer.length > FRAME_PAYLOAD_BYTES_MAX) throw tooLarge(at, what);
}

function transcodeItems(
  to: Transcoding,
  head: MessagePackHead & { readonly kind: "array" | "map" },
  depth: number,
): void {
  const { reader, writer, what } = to;
  if (depth >= VALUE_DEPTH_MAX) {
    throw refused(reader.position, what, `arrays and maps nested deeper than ${VALUE_DEPTH_MAX}`);
  }
  const isMap = head.kind === "map";
  writer.u8(isMap ? VALUE_CODE.map : VALUE_CODE.array);
  writer.u16(head.length);
  for (let i = 0; i < head.length; i++) {
    if (isMap) transcodeKey(to);
    transcode(to, depth + 1);
  }
}

function transcodeKey(to: Transcoding): void {
  const at = to.reader.position;
  const head = readHead(to.reader, `a map key of ${to.what}`);
  if (head.kind !== "string") throw refused(at, to.what, "a map key that is no string");
  transcodeText(to, head.length);
}

function transcodeText({ reader, writer, what }: Transcoding, length: number): void {
  const at = reader.position;
  if (length > STRING_BYTES_MAX) throw tooLarge(at, what);
  const text = reader.bytes(length, what);
  if (!isUtf8(text, 0, length)) {
    throw new WireError(
      "message",
      at,
      `Cannot read ${what} at offset ${at}: its ${length} bytes are not valid UTF-8`,
    );
  }
  writer.u16(length);
  writer.append(text);
}

function writeInteger(
  writer: ByteWriter,
  { high, low }: MessagePackHead & { readonly kind: "integer" },
  depth: number,
): void {
  const value = low | 0;
  const fits32 = high === (value < 0 ? 0xffff_ffff : 0);
  if (depth === 0 || !fits32) {
    writer.u8(VALUE_CODE.i64);
    writer.u32(high);
    writer.u32(low);
  } else if (value << 24 >> 24 === value) {
    writer.u8(VALUE_CODE.i8);
    writer.u8(value & 0xff);
  } else if (value << 16 >> 16 === value) {
    writer.u8(VALUE_CODE.i16);
    writer.u16(value & 0xffff);
  } else {
    writer.u8(VALUE_CODE.i32);
    writer.u32(low);
  }
}

function writeNext(writer: MessagePackWriter, reader: ByteReader): void {
  const typeCode = reader.u8("value type");
  switch (typeCode) {
    case VALUE_CODE.null:
      return writer.nil();
    case VALUE_CODE.bool:
      return writer.bool(reader.u8("bool value") !== 0);
    case VALUE_CODE.i8:
      return writeSigned(writer, reader.u8("i8 value") << 24 >> 24);
    case VALUE_CODE.i16:
      return writeSigned(writer, reader.u16("i16 value") << 16 >> 16);
    case VALUE_CODE.i32:
      return writeSigned(writer, reader.u32("i32 value") | 0);
    case VALUE_CODE.i64:
      return writer.integer(reader.u32("i64 value"), reader.u32("i64 value"));
    case VALUE_CODE.f32:
      writer.out.u8(0xca);
      return writer.out.u32(reader.u32("f32 value"));
    case VALUE_CODE.f64:
      writer.out.u8(0xcb);
      return writer.out.append(reader.bytes(8, "f64 value"));
    case VALUE_CODE.string:
      return writer.utf8(sizedBytes(reader));
    case VALUE_CODE.bytes:
      return writer.bytes(sizedBytes(reader));
    case VALUE_CODE.array: {
      const count = reader.u16("count of a value");
      writer.array(count);
      for (let i = 0; i < count; i++) writeNext(writer, reader);
      return;
    }
    case VALUE_CODE.map: {
      const count = reader.u16("count of a value");
      writer.map(count);
      for (let i = 0; i < count; i++) {
        writer.utf8(sizedBytes(reader));
        writeNext(writer, reader);
      }
      return;
    }
    default:
      throw unknownType(reader, typeCode);
  }
}

function writeSigned(writer: MessagePackWriter, value: number): void {
  writer.integer(value < 0 ? 0xffff_ffff : 0, value >>> 0);
}

function sizedBytes(reader: ByteReader): Uint8Array {
  return reader.bytes(reader.u16("length"), "text or bytes");
}

function refused(at: number, what: string, why: string): WireError {
  return new WireError("message", at, `Cannot read ${what} at offset ${at}: CLASP has no ${why}`);
}

function tooLarge(at: number, what: string): WireError {
  return new WireError(
    "message",
    at,
    `Cannot read ${what}: in binary frames, in which it is passed on, it takes more than the ` +
      `${FRAME_PAYLOAD_BYTES_MAX} bytes that fit one`,
  );
}
