import { MessagePackReader } from "../../../src/auth/message_pack_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { MessagePackWriter } from "../../../src/wire/message_pack_writer.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

function written(write: (writer: MessagePackWriter) => void): string {
  const writer = new MessagePackWriter(new ByteWriter());
  write(writer);
  return writer.out.copy().toHex();
}

function reader(hex: string): MessagePackReader {
  return new MessagePackReader(Uint8Array.fromHex(hex));
}

/** Whole numbers, each with the only form in which it is written and read. */
const INTEGERS: readonly (readonly [number, string])[] = [
  [0, "00"],
  [127, "7f"],
  [128, "cc80"],
  [255, "ccff"],
  [256, "cd0100"],
  [65_535, "cdffff"],
  [65_536, "ce00010000"],
  [4_294_967_295, "ceffffffff"],
  [4_294_967_296, "cf0000000100000000"],
  [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff"],
];

Deno.test("whole numbers are written and read in their shortest form", () => {
  for (const [value, hex] of INTEGERS) {
    assertEquals(written((writer) => writer.unsigned(value)), hex);
    assertEquals(reader(hex).integer("it"), value);
  }
});

Deno.test("texts and arrays are written and read at the edges of their forms", () => {
  for (const [length, lead] of [[0, "a0"], [31, "bf"], [32, "d920"], [255, "d9ff"]] as const) {
    const hex = lead + "61".repeat(length);
    assertEquals(written((writer) => writer.string("a".repeat(length))), hex);
    assertEquals(reader(hex).text("it", 1_000), "a".repeat(length));
  }
  assertEquals(reader(`da0100${"61".repeat(256)}`).text("it", 256), "a".repeat(256));
  assertEquals(written((writer) => writer.string("\u00e9")), "a2c3a9");
  for (const [size, hex] of [[0, "90"], [15, "9f"], [16, "dc0010"], [300, "dc012c"]] as const) {
    assertEquals(written((writer) => writer.array(size)), hex);
    assertEquals(reader(hex).arraySize("it", 300), size);
  }
});

Deno.test("maps, bytes and nil are written and read", () => {
  assertEquals(written((writer) => writer.map(15)), "8f");
  assertEquals(reader("8f").mapSize("it"), 15);
  assertEquals(written((writer) => writer.bytes(new Uint8Array([1, 2]))), "c4020102");
  assertEquals([...reader("c4020102").bytes("it", 2)], [1, 2]);
  assertEquals(written((writer) => writer.nil()), "c0");
  assertEquals(reader("c0").arraySizeOrNil("it", 1), undefined);
  assertEquals(reader("91").arraySizeOrNil("it", 1), 1);
});

Deno.test("longer forms than needed are refused, so that nothing has two spellings", () => {
  for (const hex of ["cc7f", "cd00ff", "ce0000ffff", "cf00000000ffffffff"]) {
    assertThrows(() => reader(hex).integer("it"), WireError, "shortest form");
  }
  assertThrows(() => reader("d91f").text("it"), WireError, "shortest form");
  assertThrows(() => reader("da00ff").text("it"), WireError, "shortest form");
  assertThrows(() => reader("dc000f").arraySize("it", 99), WireError, "shortest form");
});

Deno.test("what is too large, cut or of another kind is refused with its name and place", () => {
  assertThrows(
    () => reader("92").arraySize("scopes", 1),
    WireError,
    "scopes at offset 0: it has 2",
  );
  assertThrows(() => reader("a3616263").text("nonce", 2), WireError, "it has 3 bytes, at most 2");
  assertThrows(() => reader("c40101").bytes("it", 2), WireError, "it has 1 bytes, not 2");
  assertThrows(() => reader("cf0020000000000000").integer("it"), WireError, "above 2^53 - 1");
  assertThrows(() => reader("a2c328").text("it"), WireError, "not valid UTF-8");
  for (const hex of ["", "cd01", "ff", "d0ff", "cb0000000000000000", "c0", "a0"]) {
    assertThrows(() => reader(hex).integer("it"), WireError, "Cannot read it");
  }
  for (const hex of ["", "a261", "d9", "c0", "00", "c400"]) {
    assertThrows(() => reader(hex).text("it"), WireError, "Cannot read it");
  }
  for (const hex of ["", "90", "de0001"]) assertThrows(() => reader(hex).mapSize("it"), WireError);
  for (const hex of ["", "80", "dc00", "dd00000001"]) {
    assertThrows(() => reader(hex).arraySize("it", 99), WireError);
  }
  for (const hex of ["", "c402ff", "a0", "c50001ff"]) {
    assertThrows(() => reader(hex).bytes("it", 2), WireError);
  }
  assertThrows(() => reader("00").end(), WireError, "1 bytes come after");
});
