import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

Deno.test("ByteWriter writes big-endian fields one after the other", () => {
  const writer = new ByteWriter(1);
  writer.u8(0xff);
  writer.u16(0xfffe);
  writer.u32(0x80000001);
  writer.u64(Number.MAX_SAFE_INTEGER);
  writer.f64(-1.5);
  writer.string("é");
  assertEquals(writer.bytes().toHex(), "fffffe80000001001fffffffffffffbff80000000000000002c3a9");
  assertEquals(writer.length, 27);
});

Deno.test("ByteWriter refuses numbers that do not fit and writes nothing of them", () => {
  const writer = new ByteWriter();
  const attempts: readonly (() => void)[] = [
    () => writer.u8(256),
    () => writer.u8(-1),
    () => writer.u8(1.5),
    () => writer.u16(65536),
    () => writer.u32(2 ** 32),
    () => writer.u32(-1),
    () => writer.u32(NaN),
    () => writer.u64(2 ** 53),
    () => writer.u64(-1),
    () => writer.u64(0.5),
  ];
  for (const attempt of attempts) assertThrows(attempt, RangeError);
  assertEquals(writer.length, 0);
});

Deno.test("ByteWriter.string() takes 65,535 bytes and refuses one more, written any way", () => {
  const writer = new ByteWriter();
  const fitting = ["s".repeat(65_535), "é".repeat(32_767) + "s", "🎵".repeat(16_383) + "sss"];
  for (const text of fitting) {
    writer.reset();
    writer.string(text);
    assertEquals(writer.length, 65_537);
    assertEquals(new ByteReader(writer.copy()).string(), text);
  }
  writer.reset();
  writer.u8(1);
  for (const text of fitting) assertThrows(() => writer.string(text + "s"), RangeError);
  assertEquals(writer.bytes(), new Uint8Array([1]));
});

Deno.test("ByteWriter.string() writes what TextEncoder makes of a string", () => {
  const encoder = new TextEncoder();
  for (const text of ["", "/a", "é", "s".repeat(47) + "é", "s".repeat(200), "\ud800", "🎵x"]) {
    const writer = new ByteWriter(1);
    writer.string(text);
    assertEquals(writer.copy().slice(2), encoder.encode(text));
  }
});

Deno.test("ByteWriter.append() writes short and long bytes, from a start on", () => {
  for (const length of [0, 1, 32, 33, 500]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i & 0xff);
    const writer = new ByteWriter(1);
    writer.u8(9);
    writer.append(bytes);
    if (length > 0) writer.append(bytes, 1);
    assertEquals(writer.copy(), new Uint8Array([9, ...bytes, ...bytes.subarray(1)]));
  }
});

Deno.test("ByteWriter.copy() stays as it is while the writer is used again", () => {
  const writer = new ByteWriter();
  writer.u16(0x0102);
  const copy = writer.copy();
  writer.reset();
  writer.u8(9);
  assertEquals([copy.toHex(), writer.bytes().toHex()], ["0102", "09"]);
});

Deno.test("ByteWriter.patchU16() overwrites only what was written", () => {
  const writer = new ByteWriter();
  writer.u32(0);
  writer.patchU16(2, 0xabcd);
  assertEquals(writer.bytes().toHex(), "0000abcd");
  assertThrows(() => writer.patchU16(3, 1), RangeError);
  assertThrows(() => writer.patchU16(-1, 1), RangeError);
  assertThrows(() => writer.patchU16(0, 65536), RangeError);
});

Deno.test("ByteWriter.truncate() and byteAt() know how much was written", () => {
  const writer = new ByteWriter();
  writer.u16(0x0102);
  assertEquals(writer.byteAt(1), 2);
  writer.truncate(1);
  assertEquals(writer.bytes().toHex(), "01");
  assertThrows(() => writer.byteAt(1), RangeError);
  assertThrows(() => writer.truncate(2), RangeError);
});

Deno.test("patchU8() overwrites a byte that was written, and no other", () => {
  const writer = new ByteWriter();
  writer.u16(0x0102);
  writer.patchU8(1, 0xff);
  assertEquals(writer.copy(), Uint8Array.of(1, 0xff));
  for (const [offset, value] of [[2, 0], [-1, 0], [0, 256], [0, -1], [0, 0.5]] as const) {
    assertThrows(() => writer.patchU8(offset, value), RangeError);
  }
  assertEquals(writer.copy(), Uint8Array.of(1, 0xff));
});
