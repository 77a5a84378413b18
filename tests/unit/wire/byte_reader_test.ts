import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("ByteReader reads big-endian fields one after the other", () => {
  const reader = new ByteReader(fromHex("ff fffe 80000001 001fffffffffffff bff8000000000000 c0"));
  assertEquals(reader.u8(), 0xff);
  assertEquals(reader.u16(), 0xfffe);
  assertEquals(reader.u32(), 0x80000001);
  assertEquals(reader.u64(), Number.MAX_SAFE_INTEGER);
  assertEquals(reader.f64(), -1.5);
  assertEquals([reader.position, reader.remaining], [23, 1]);
});

Deno.test("ByteReader stays within its range and counts positions from the whole array", () => {
  const reader = new ByteReader(fromHex("aa 01 02 bb"), 1, 3);
  assertEquals([reader.position, reader.remaining], [1, 2]);
  assertEquals(reader.u8(), 1);
  const error = assertThrows(() => reader.u16("revision"), WireError);
  assertEquals([error.kind, error.offset], ["message", 2]);
  assertEquals(
    error.message,
    "Cannot read revision at offset 2: it takes 2 bytes, 1 are left",
  );
});

Deno.test("ByteReader refuses each field that is one byte short", () => {
  const fields: readonly [number, (reader: ByteReader) => unknown][] = [
    [1, (reader) => reader.u8()],
    [2, (reader) => reader.u16()],
    [4, (reader) => reader.u32()],
    [8, (reader) => reader.u64()],
    [8, (reader) => reader.f64()],
    [5, (reader) => reader.skip(5)],
    [5, (reader) => reader.bytes(5)],
    [5, (reader) => reader.section(5)],
  ];
  for (const [size, read] of fields) {
    read(new ByteReader(new Uint8Array(size)));
    assertThrows(() => read(new ByteReader(new Uint8Array(size), 1)), WireError);
  }
});

Deno.test("ByteReader.u64() refuses what a number cannot hold exactly", () => {
  const error = assertThrows(
    () => new ByteReader(fromHex("0020000000000000")).u64("time"),
    WireError,
  );
  assertEquals(error.message, "Cannot read time 9007199254740992: it is above 2^53 - 1");
});

Deno.test("ByteReader.string() reads UTF-8 and keeps a byte order mark", () => {
  assertEquals(new ByteReader(fromHex("0005 efbbbf c3a9")).string(), "\ufeffé");
  assertEquals(new ByteReader(fromHex("0000")).string(), "");
});

Deno.test("ByteReader refuses strings that are cut or not UTF-8, read or skipped", () => {
  for (const hex of ["", "00", "0001", "000261", "0001ff", "0002c328", "0003eda080"]) {
    assertThrows(() => new ByteReader(fromHex(hex)).string(), WireError);
    assertThrows(() => new ByteReader(fromHex(hex)).skipString(), WireError);
  }
});

Deno.test("ByteReader.bytes() and copySince() copy", () => {
  const source = fromHex("0102030405");
  const reader = new ByteReader(source);
  const start = reader.position;
  const head = reader.bytes(2);
  const copy = reader.copySince(start, 0x99);
  source.fill(0);
  assertEquals([head.toHex(), copy.toHex()], ["0102", "990102"]);
});

Deno.test("ByteReader.copySince() copies long ranges too", () => {
  const source = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);
  const reader = new ByteReader(source, 10);
  reader.skip(200);
  assertEquals(reader.copySince(10, 7), new Uint8Array([7, ...source.subarray(10, 210)]));
});

Deno.test("ByteReader.section() ends where it was told to", () => {
  const reader = new ByteReader(fromHex("01 0203 04"), 1);
  const section = reader.section(2);
  assertEquals([section.position, section.remaining, reader.position], [1, 2, 3]);
  assertStrictEquals(section.u16(), 0x0203);
  assertThrows(() => section.u8(), WireError);
});

Deno.test("ByteReader refuses a range outside the array as a programmer's mistake", () => {
  for (const [start, end] of [[-1, 2], [2, 1], [0, 4], [NaN, 2]] as const) {
    assertThrows(() => new ByteReader(new Uint8Array(3), start, end), RangeError);
  }
});
