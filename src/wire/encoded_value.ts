import { FRAME_PAYLOAD_BYTES_MAX, NAME_BYTES_MAX, VALUE_DEPTH_MAX } from "../limits.ts";
import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { type EncodedValue, VALUE_CODE } from "./message.ts";
import { WireError } from "./wire_error.ts";

/**
 * Validates the value that comes next and copies it out, type code first, exactly as it came.
 *
 * @param typeCode Read by the caller: it does not always stand right before the data.
 * @throws {WireError} When it is not a valid value.
 */
export function readValue(reader: ByteReader, typeCode: number): EncodedValue {
  const start = reader.position;
  skipValue(reader, typeCode);
  return reader.copySince(start, typeCode);
}

/**
 * Validates the value that comes next: known types, lengths, UTF-8, nesting.
 *
 * Any byte is accepted as a bool; like the public decoders, all but 0 are true.
 *
 * @throws {WireError} When it is not a valid value.
 */
export function skipValue(reader: ByteReader, typeCode: number): void {
  skipNested(reader, typeCode, 0);
}

/**
 * Writes an encoded value, type code first.
 *
 * @throws {TypeError} When it has no known type code, so that `encodeValue` or `readValue` did not
 * make it. The data is not looked at.
 */
export function writeEncoded(writer: ByteWriter, value: EncodedValue): void {
  typeCodeOf(value);
  writer.append(value);
}

/**
 * The type code of an encoded value.
 *
 * @throws {TypeError} When it has none that is known.
 */
export function typeCodeOf(value: EncodedValue): number {
  const code = value[0];
  if (code === undefined || code > VALUE_CODE.map) {
    throw new TypeError(`Cannot write a value: its type code is ${code}`);
  }
  return code;
}

/**
 * The largest value, type code included, that an address of this size can have: so that it fits a
 * SET with revision and TTL and a SNAPSHOT entry with the longest writer and a timestamp.
 *
 * @returns 0 or less when not even a null fits.
 */
export function valueDataBytesMax(addressBytes: number): number {
  // Message code, flags (they hold the type), length and address, value, revision, TTL.
  const inSet = FRAME_PAYLOAD_BYTES_MAX - (1 + 1 + 2 + addressBytes + 8 + 4) + 1;
  // Message code, count, length and address, value, revision, flags, writer, timestamp.
  const inSnapshot = FRAME_PAYLOAD_BYTES_MAX -
    (1 + 2 + 2 + addressBytes + 8 + 1 + 2 + NAME_BYTES_MAX + 8);
  return Math.min(inSet, inSnapshot);
}

/** Size of the data of a type that always takes the same, -1 for the others. */
function fixedBytes(typeCode: number): number {
  switch (typeCode) {
    case VALUE_CODE.null:
      return 0;
    case VALUE_CODE.bool:
    case VALUE_CODE.i8:
      return 1;
    case VALUE_CODE.i16:
      return 2;
    case VALUE_CODE.i32:
    case VALUE_CODE.f32:
      return 4;
    case VALUE_CODE.i64:
    case VALUE_CODE.f64:
      return 8;
    default:
      return -1;
  }
}

function skipNested(reader: ByteReader, typeCode: number, depth: number): void {
  const fixed = fixedBytes(typeCode);
  if (fixed >= 0) {
    reader.skip(fixed, "value");
    return;
  }
  switch (typeCode) {
    case VALUE_CODE.string:
      reader.skipString("string value");
      return;
    case VALUE_CODE.bytes:
      reader.skip(reader.u16("length of bytes value"), "bytes value");
      return;
    case VALUE_CODE.array: {
      const count = readEntryCount(reader, depth);
      for (let i = 0; i < count; i++) skipNested(reader, reader.u8("value type"), depth + 1);
      return;
    }
    case VALUE_CODE.map: {
      const count = readEntryCount(reader, depth);
      for (let i = 0; i < count; i++) {
        reader.skipString("map key");
        skipNested(reader, reader.u8("value type"), depth + 1);
      }
      return;
    }
    default:
      throw unknownType(reader, typeCode);
  }
}

/**
 * Reads how many entries an array or a map has, after checking that it may be nested this deep.
 *
 * @param depth Arrays and maps around it.
 */
export function readEntryCount(reader: ByteReader, depth: number): number {
  if (depth >= VALUE_DEPTH_MAX) {
    throw new WireError(
      "message",
      reader.position,
      `Cannot read a value: arrays and maps are nested deeper than ${VALUE_DEPTH_MAX}`,
    );
  }
  return reader.u16("count of a value");
}

/** The error for a type code that is not known. */
export function unknownType(reader: ByteReader, typeCode: number): WireError {
  return new WireError(
    "message",
    reader.position,
    `Cannot read a value: type 0x${typeCode.toString(16).padStart(2, "0")} is not known`,
  );
}
