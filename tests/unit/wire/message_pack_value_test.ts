import { FRAME_PAYLOAD_BYTES_MAX, VALUE_DEPTH_MAX } from "../../../src/limits.ts";
import { ByteReader } from "../../../src/wire/byte_reader.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import {
  readMessagePackValue,
  writeMessagePackValue,
} from "../../../src/wire/message_pack_value.ts";
import { MessagePackWriter } from "../../../src/wire/message_pack_writer.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";
import { generateValue } from "./generate_message.ts";
import { messagePack } from "./message_pack.ts";
import { fromHex } from "./vector_form.ts";

/** MessagePack, the value of v1 that it is, and the shortest MessagePack of that value. */
const FORMS: readonly (readonly [name: string, hex: string, v1: string, shortest?: string])[] = [
  ["nil", "c0", "00"],
  ["false", "c2", "01 00"],
  ["true", "c3", "01 01"],
  ["positive fixint", "7f", "05 000000000000007f"],
  ["negative fixint", "e0", "05 ffffffffffffffe0"],
  ["-1", "ff", "05 ffffffffffffffff"],
  ["uint 8", "cc ff", "05 00000000000000ff"],
  ["uint 8 that needs none", "cc 01", "05 0000000000000001", "01"],
  ["uint 16", "cd ffff", "05 000000000000ffff"],
  ["uint 32", "ce ffffffff", "05 00000000ffffffff"],
  ["uint 64", "cf 0020000000000001", "05 0020000000000001"],
  ["largest uint 64", "cf 7fffffffffffffff", "05 7fffffffffffffff"],
  ["int 8", "d0 80", "05 ffffffffffffff80"],
  ["int 16", "d1 8000", "05 ffffffffffff8000"],
  ["int 32", "d2 80000000", "05 ffffffff80000000"],
  ["positive int 32", "d2 00000001", "05 0000000000000001", "01"],
  ["int 64", "d3 ffffffff7fffffff", "05 ffffffff7fffffff"],
  ["least int 64", "d3 8000000000000000", "05 8000000000000000"],
  ["positive int 64", "d3 0000000100000000", "05 0000000100000000", "cf 0000000100000000"],
  ["float 32", "ca 3f800000", "06 3f800000"],
  ["float 64", "cb 3ff0000000000000", "07 3ff0000000000000"],
  ["a NaN with bits of its own", "cb 7ff8000000000123", "07 7ff8000000000123"],
  ["a signalling NaN", "cb 7ff0000000000001", "07 7ff0000000000001"],
  ["minus zero", "cb 8000000000000000", "07 8000000000000000"],
  ["fixstr", "a2 c3a9", "08 0002 c3a9"],
  ["empty string", "a0", "08 0000"],
  ["str 8", "d9 01 61", "08 0001 61", "a1 61"],
  ["str 16", "da 0001 61", "08 0001 61", "a1 61"],
  ["str 32", "db 00000001 61", "08 0001 61", "a1 61"],
  ["bin 8", "c4 02 00ff", "09 0002 00ff"],
  ["bin 16", "c5 0001 07", "09 0001 07", "c4 01 07"],
  ["bin 32", "c6 00000001 07", "09 0001 07", "c4 01 07"],
  ["fixarray", "92 01 cb3ff0000000000000", "0a 0002 02 01 07 3ff0000000000000"],
  ["array 16", "dc 0001 c0", "0a 0001 00", "91 c0"],
  ["array 32", "dd 00000001 c0", "0a 0001 00", "91 c0"],
  ["fixmap", "81 a161 80", "0b 0001 0001 61 0b 0000"],
  ["map 16", "de 0001 a161 c2", "0b 0001 0001 61 01 00", "81 a161 c2"],
  ["map 32", "df 00000001 a161 c2", "0b 0001 0001 61 01 00", "81 a161 c2"],
  ["i8 in an array", "93 7f ff d080", "0a 0003 02 7f 02 ff 02 80"],
  ["i16 in an array", "92 cc80 d18000", "0a 0002 03 0080 03 8000"],
  ["i32 in an array", "92 cd8000 d280000000", "0a 0002 04 00008000 04 80000000"],
  ["i64 in an array", "91 ce80000000", "0a 0001 05 0000000080000000"],
];

for (const [name, hex, v1, shortest] of FORMS) {
  Deno.test(`readMessagePackValue() reads ${name}, writeMessagePackValue() writes it`, () => {
    const value = readHex(hex);
    assertEquals(value.toHex(), fromHex(v1).toHex());
    assertEquals(written(value).toHex(), fromHex(shortest ?? hex).toHex());
  });
}

Deno.test("what writeMessagePackValue() writes reads as the same value, its integers as wide", () => {
  for (let seed = 0; seed < 2_000; seed++) {
    const first = written(generateValue(createPrng(seed)));
    assertEquals(written(readMessagePackValue(new ByteReader(first), "it")), first, `seed ${seed}`);
  }
});

Deno.test("writeMessagePackValue() writes strings, bytes, arrays and maps of any length", () => {
  for (const length of [15, 16, 31, 32, 255, 256, 65_000]) {
    const text = "x".repeat(length);
    assertEquals(written(encodeValue(text)), messagePack(text));
    const items = Array.from({ length: Math.min(length, 7_000) }, () => 1n);
    const list = written(encodeValue(items));
    assertEquals(list, messagePack(items));
    const entries = Object.fromEntries(items.slice(0, 3_000).map((item, i) => [`k${i}`, item]));
    assertEquals(written(encodeValue(entries)), messagePack(entries));
    const bytes = written(encodeValue(new Uint8Array(length)));
    assertEquals(readMessagePackValue(new ByteReader(bytes), "it").length, length + 3);
  }
});

const REFUSED: readonly (readonly [name: string, hex: string, why: string])[] = [
  ["uint 64 of 2^63", "cf 8000000000000000", "2^63"],
  ["the item that there is not", "c1", "0xc1"],
  ["fixext 1", "d4 05 00", "extension"],
  ["a timestamp", "d6 ff 00000001", "extension"],
  ["ext 8", "c7 01 05 00", "extension"],
  ["a key that is an integer", "81 01 02", "key"],
  ["a key that is nil", "81 c0 02", "key"],
  ["a string that is not UTF-8", "a2 c328", "UTF-8"],
  ["a key that is not UTF-8", "81 a1ff c0", "UTF-8"],
  ["nothing", "", "are left"],
  ["a cut integer", "cd 00", "are left"],
  ["a cut float", "cb 0000", "are left"],
  ["a cut string", "a5 61", "are left"],
  ["a string of 4 GiB", "db ffffffff 61", "are left"],
  ["bytes of 4 GiB", "c6 ffffffff 61", "are left"],
  ["an array of 4 billion items", "dd ffffffff c0", "are left"],
  ["a map of 2 billion items", "df 7fffffff c0", "are left"],
  ["a map with half of its last entry", "82 a161 c0 a162", "are left"],
];

for (const [name, hex, why] of REFUSED) {
  Deno.test(`readMessagePackValue() refuses ${name}`, () => {
    const error = assertThrows(() => readHex(hex), WireError);
    assertEquals(error.kind, "message");
    assertStringIncludes(error.message, why);
  });
}

Deno.test("readMessagePackValue() nests as deep as v1 does, and no deeper", () => {
  const nested = (depth: number) => `${"91".repeat(depth)}c0`;
  assertEquals(readHex(nested(VALUE_DEPTH_MAX)).length, 3 * VALUE_DEPTH_MAX + 1);
  assertThrows(() => readHex(nested(VALUE_DEPTH_MAX + 1)), WireError, "deeper");
  assertThrows(() => readHex("91".repeat(60_000)), WireError, "deeper");
  assertThrows(() => readHex("81a161".repeat(20_000)), WireError, "deeper");
});

Deno.test("readMessagePackValue() refuses a value that outgrows a frame of v1, without making it", () => {
  // Two bytes each in v1, and three for the array.
  const most = Math.floor((FRAME_PAYLOAD_BYTES_MAX - 3) / 2);
  const list = (count: number) =>
    Uint8Array.from([0xdc, count >> 8, count & 0xff, ...new Uint8Array(count)]);
  assertEquals(readMessagePackValue(new ByteReader(list(most)), "it").length, 3 + 2 * most);
  const reader = new ByteReader(list(65_535));
  const error = assertThrows(() => readMessagePackValue(reader, "SET value"), WireError);
  assertStringIncludes(error.message, "Cannot read SET value: in binary frames");
  assertEquals(reader.position <= 3 + most + 1, true, "it read on");
  assertThrows(
    () => readMessagePackValue(new ByteReader(messagePack("x".repeat(65_536))), "it"),
    WireError,
    "binary frames",
  );
});

function readHex(hex: string): Uint8Array {
  return readMessagePackValue(new ByteReader(fromHex(hex)), "it");
}

function written(value: Uint8Array): Uint8Array {
  const out = new ByteWriter();
  writeMessagePackValue(new MessagePackWriter(out), value);
  return out.copy();
}
