import { type EncodedValue, VALUE_CODE } from "../../../src/wire/message.ts";
import { sameValue } from "../../../src/wire/same_value.ts";
import { encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";

const I8: EncodedValue = Uint8Array.of(VALUE_CODE.i8, 5);
const F32: EncodedValue = Uint8Array.of(VALUE_CODE.f32, 0x3f, 0, 0, 0);

function same(a: Value, b: Value): boolean {
  return sameValue(encodeValue(a), encodeValue(b));
}

Deno.test("a number is the same in every width, an integer is no float", () => {
  assertEquals(sameValue(I8, encodeValue(5n)), true);
  assertEquals(sameValue(encodeValue(0.5), F32), true);
  assertEquals(sameValue(I8, encodeValue(5)), false);
  assertEquals(sameValue(I8, encodeValue(6n)), false);
  assertEquals(same(NaN, NaN), true);
});

Deno.test("a map is the same in any order, a list is not", () => {
  assertEquals(same({ a: 1, b: [null, "x"] }, { b: [null, "x"], a: 1 }), true);
  assertEquals(same({ a: 1 }, { a: 1, b: null }), false);
  assertEquals(same({ a: 1 }, { b: 1 }), false);
  assertEquals(same([1, 2], [2, 1]), false);
  assertEquals(same([], {}), false);
});

Deno.test("values of different types differ", () => {
  const values: Value[] = [null, false, 0, 0n, "", new Uint8Array(0), [], {}];
  for (const [i, a] of values.entries()) {
    for (const [j, b] of values.entries()) assertEquals(same(a, b), i === j, `${i} and ${j}`);
  }
  assertEquals(same(new Uint8Array([1]), new Uint8Array([2])), false);
  assertEquals(same([new Uint8Array([1])], [new Uint8Array([1])]), true);
});
