import { FRAME_PAYLOAD_BYTES_MAX, VALUE_DEPTH_MAX } from "../limits.ts";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { readEntryCount, unknownType } from "./encoded_value.ts";
import { type EncodedValue, VALUE_CODE } from "./message.ts";
import { WireError } from "./wire_error.ts";

// The bytes of values belong to the same vocabulary: one import serves both.
export { readValue, skipValue, valueDataBytesMax } from "./encoded_value.ts";

/** A value as programs see it. A map is a plain object. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;
const SCRATCH = new DataView(new ArrayBuffer(8));

/**
 * Encodes a value: a number as f64, a bigint as i64, so `1` and `1n` stay apart on the wire.
 *
 * @throws {TypeError} When it holds something that CLASP has no type for.
 * @throws {RangeError} When a bigint exceeds 64 bits, or nesting or size exceed their bounds.
 *
 * @example
 * ```ts
 * import { decodeValue, encodeValue } from "./value_codec.ts";
 *
 * decodeValue(encodeValue({ level: 0.5, name: "key" })); // { level: 0.5, name: "key" }
 * ```
 */
export function encodeValue(value: Value): EncodedValue {
  const writer = new ByteWriter(64);
  writeValue(writer, value, 0);
  return writer.copy();
}

/**
 * Decodes one whole value. Any integer type becomes a number where that is exact, else a bigint.
 *
 * @throws {WireError} When the bytes are not exactly one valid value.
 */
export function decodeValue(encoded: EncodedValue): Value {
  const reader = new ByteReader(encoded);
  const value = readDecoded(reader, reader.u8("value type"), 0);
  if (reader.remaining > 0) {
    throw new WireError(
      "message",
      reader.position,
      `Cannot decode a value: ${reader.remaining} bytes follow it`,
    );
  }
  return value;
}

function readDecoded(reader: ByteReader, typeCode: number, depth: number): Value {
  switch (typeCode) {
    case VALUE_CODE.null:
      return null;
    case VALUE_CODE.bool:
      return reader.u8("bool value") !== 0;
    case VALUE_CODE.i8:
      return reader.u8("i8 value") << 24 >> 24;
    case VALUE_CODE.i16:
      return reader.u16("i16 value") << 16 >> 16;
    case VALUE_CODE.i32:
      return reader.u32("i32 value") | 0;
    case VALUE_CODE.i64:
      return readI64(reader);
    case VALUE_CODE.f32:
      SCRATCH.setUint32(0, reader.u32("f32 value"));
      return SCRATCH.getFloat32(0);
    case VALUE_CODE.f64:
      return reader.f64("f64 value");
    case VALUE_CODE.string:
      return reader.string("string value");
    case VALUE_CODE.bytes:
      return reader.bytes(reader.u16("length of bytes value"), "bytes value");
    case VALUE_CODE.array:
      return readArray(reader, depth);
    case VALUE_CODE.map:
      return readMap(reader, depth);
    default:
      throw unknownType(reader, typeCode);
  }
}

function readI64(reader: ByteReader): number | bigint {
  SCRATCH.setUint32(0, reader.u32("i64 value"));
  SCRATCH.setUint32(4, reader.u32("i64 value"));
  const exact = SCRATCH.getBigInt64(0);
  const number = Number(exact);
  return Number.isSafeInteger(number) ? number : exact;
}

function readArray(reader: ByteReader, depth: number): Value[] {
  const count = readEntryCount(reader, depth);
  const items: Value[] = [];
  for (let i = 0; i < count; i++) {
    items.push(readDecoded(reader, reader.u8("value type"), depth + 1));
  }
  return items;
}

function readMap(reader: ByteReader, depth: number): { [key: string]: Value } {
  const count = readEntryCount(reader, depth);
  const map: { [key: string]: Value } = {};
  for (let i = 0; i < count; i++) {
    const key = reader.string("map key");
    const value = readDecoded(reader, reader.u8("value type"), depth + 1);
    if (key === "__proto__") {
      // Where `--unstable-unsafe-proto` is set, an assignment would change the prototype instead.
      Object.defineProperty(map, key, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    } else {
      map[key] = value;
    }
  }
  return map;
}

function writeValue(writer: ByteWriter, value: Value, depth: number): void {
  if (value === null) {
    writer.u8(VALUE_CODE.null);
  } else if (typeof value === "boolean") {
    writer.u8(VALUE_CODE.bool);
    writer.u8(value ? 1 : 0);
  } else if (typeof value === "number") {
    writer.u8(VALUE_CODE.f64);
    writer.f64(value);
  } else if (typeof value === "bigint") {
    writeI64(writer, value);
  } else if (typeof value === "string") {
    writer.u8(VALUE_CODE.string);
    writer.string(value);
  } else if (value instanceof Uint8Array) {
    writer.u8(VALUE_CODE.bytes);
    writer.u16(value.length);
    writer.append(value);
  } else {
    writeNested(writer, value, depth);
  }
  // Checked after each part, so that a huge value fails before it is written out whole.
  if (writer.length > FRAME_PAYLOAD_BYTES_MAX) {
    throw new RangeError(
      `Cannot encode a value: it takes more than ${FRAME_PAYLOAD_BYTES_MAX} bytes`,
    );
  }
}

function writeI64(writer: ByteWriter, value: bigint): void {
  if (value < I64_MIN || value > I64_MAX) {
    throw new RangeError(`Cannot encode ${value}: it does not fit 64 bits`);
  }
  SCRATCH.setBigInt64(0, value);
  writer.u8(VALUE_CODE.i64);
  writer.u32(SCRATCH.getUint32(0));
  writer.u32(SCRATCH.getUint32(4));
}

function writeNested(
  writer: ByteWriter,
  value: readonly Value[] | { readonly [key: string]: Value },
  depth: number,
): void {
  if (!Array.isArray(value) && !isPlainObject(value)) {
    throw new TypeError(`Cannot encode a value of type ${typeName(value)}: CLASP has none for it`);
  }
  if (depth >= VALUE_DEPTH_MAX) {
    throw new RangeError(
      `Cannot encode a value: arrays and maps are nested deeper than ${VALUE_DEPTH_MAX}`,
    );
  }
  if (Array.isArray(value)) {
    writer.u8(VALUE_CODE.array);
    writer.u16(value.length);
    for (const item of value) writeValue(writer, item, depth + 1);
    return;
  }
  const entries = Object.entries(value);
  writer.u8(VALUE_CODE.map);
  writer.u16(entries.length);
  for (const [key, item] of entries) {
    writer.string(key);
    writeValue(writer, item, depth + 1);
  }
}

function isPlainObject(value: unknown): value is { readonly [key: string]: Value } {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Whichever realm it comes from, the prototype of a plain object has none itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function typeName(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  return value.constructor.name;
}
