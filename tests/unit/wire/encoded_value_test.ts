import { FRAME_PAYLOAD_BYTES_MAX, NAME_BYTES_MAX } from "../../../src/limits.ts";
import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { readValue, skipValue, writeEncoded } from "../../../src/wire/encoded_value.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { FrameTooLargeError } from "../../../src/wire/frame_too_large_error.ts";
import { encodeValue, valueDataBytesMax } from "../../../src/wire/value_codec.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("readValue() keeps the exact bytes, of bools and small integers too", () => {
  for (const hex of ["00", "0102", "02fb", "03f448", "0477359400", "063f000000", "090002ff00"]) {
    const reader = new ByteReader(fromHex(`${hex}ee`));
    assertEquals(readValue(reader, reader.u8()).toHex(), hex);
    assertEquals(reader.remaining, 1);
  }
});

Deno.test("readValue() copies, so the bytes may be reused", () => {
  const source = fromHex("080003616263");
  const reader = new ByteReader(source);
  const value = readValue(reader, reader.u8());
  source.fill(0);
  assertEquals(value.toHex(), "080003616263");
});

Deno.test("skipValue() refuses unknown types, bad UTF-8 and lengths beyond the data", () => {
  const nested = [
    "0a00010c",
    "0a00010801ff",
    "0b00010001ff00",
    "0b00010001610d",
    "0affff",
    "09ffff",
  ];
  for (const hex of ["0c", "0f", "ff", "080001ff", "080002c328", "07000000", ...nested]) {
    const reader = new ByteReader(fromHex(hex));
    assertThrows(() => skipValue(reader, reader.u8()), WireError, undefined, hex);
  }
});

Deno.test("skipValue() survives the deepest nesting that a frame can hold", () => {
  const bytes = new Uint8Array(65_535);
  for (let i = 0; i + 5 <= bytes.length; i += 6) bytes.set([0x0b, 0, 1, 0, 1, 0x61], i);
  const reader = new ByteReader(bytes);
  assertThrows(() => skipValue(reader, reader.u8()), WireError, "nested deeper than");
});

Deno.test("writeEncoded() refuses bytes that no value starts with", () => {
  const writer = new ByteWriter();
  assertThrows(() => writeEncoded(writer, new Uint8Array()), TypeError);
  assertThrows(() => writeEncoded(writer, new Uint8Array([0x0c])), TypeError);
  assertEquals(writer.length, 0);
});

Deno.test("valueDataBytesMax() is the most that fits every frame a value travels in", () => {
  for (const addressBytes of [2, 100, 1024]) {
    const address = "/".padEnd(addressBytes, "a");
    const most = valueDataBytesMax(addressBytes);
    const set = (size: number) =>
      encodeFrame({ type: "SET", address, value: stringValue(size), revision: 1, ttl: 1 });
    const snapshot = (size: number) =>
      encodeFrame({
        type: "SNAPSHOT",
        params: [{
          address,
          value: stringValue(size),
          revision: 1,
          writer: "w".repeat(NAME_BYTES_MAX),
          timestampMicros: 1,
        }],
      });
    set(most);
    assertEquals(snapshot(most).length, 4 + FRAME_PAYLOAD_BYTES_MAX);
    assertThrows(() => snapshot(most + 1), FrameTooLargeError);
  }
});

/** An encoded value of this size, type code included. */
function stringValue(size: number): Uint8Array {
  return encodeValue("v".repeat(size - 3));
}
