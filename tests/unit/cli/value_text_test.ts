import { UsageError } from "../../../src/cli/usage_error.ts";
import {
  formatSamples,
  formatValue,
  parseValue,
  typeOfValue,
} from "../../../src/cli/value_text.ts";
import { type EncodedValue, VALUE_CODE } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

function encoded(typeCode: number, bytes: number, write: (view: DataView) => void): EncodedValue {
  const value = new Uint8Array(1 + bytes);
  value[0] = typeCode;
  write(new DataView(value.buffer, 1));
  return value;
}

Deno.test("parseValue() reads whole numbers as i64 and others as f64, at any depth", () => {
  assertEquals(parseValue("1"), 1n);
  assertEquals(parseValue("-7"), -7n);
  assertEquals(parseValue("1.0"), 1);
  assertEquals(parseValue("1e3"), 1000);
  assertEquals(parseValue('{"a":[1,1.0,{"b":-2}]}'), { a: [1n, 1, { b: -2n }] });
});

Deno.test("parseValue() keeps every bit of an i64", () => {
  assertEquals(parseValue("9007199254740993"), 9007199254740993n);
  assertEquals(parseValue("-9223372036854775808"), -(2n ** 63n));
  assertEquals(parseValue("9223372036854775807"), 2n ** 63n - 1n);
});

Deno.test("parseValue() refuses a number that no type can hold", () => {
  assertThrows(
    () => parseValue("[9223372036854775808]"),
    UsageError,
    "9223372036854775808 does not fit 64 bits; write 9223372036854775808.0 for a float",
  );
  assertThrows(() => parseValue("1e999"), UsageError, "1e999 is too large for a number");
});

Deno.test("parseValue() takes what is no JSON as a string", () => {
  for (const text of ["go", "", "{broken", "01", "+1", "NaN", "1,5", "'x'", "/a/b"]) {
    assertEquals(parseValue(text), text);
  }
  assertEquals(parseValue('"1"'), "1");
  assertEquals(parseValue("true"), true);
  assertEquals(parseValue("null"), null);
});

Deno.test("parseValue() keeps a key named __proto__", () => {
  const value = parseValue('{"__proto__":1}');
  assert(typeof value === "object" && value !== null && Object.hasOwn(value, "__proto__"));
});

Deno.test("parseValue() refuses what is nested too deeply or too large", () => {
  assertThrows(() => parseValue("[".repeat(40) + "]".repeat(40)), UsageError);
  assertThrows(() => parseValue("[".repeat(60_000) + "]".repeat(60_000)), UsageError);
  assertThrows(() => parseValue("x".repeat(70_000)), UsageError);
});

Deno.test("formatValue() shows what parseValue() reads as the same value", () => {
  for (
    const text of [
      "1",
      "-1",
      "1.0",
      "-0.0",
      "0.1",
      "1e+21",
      "100000000000000000000.0",
      "5e-324",
      "9007199254740993",
      '"a \\"b\\" \\n"',
      "true",
      "null",
      "[]",
      "{}",
      '{"b":[1,1.0,null],"a":{"c":"d"}}',
    ]
  ) {
    assertEquals(formatValue(encodeValue(parseValue(text))), text);
  }
});

Deno.test("formatValue() shows integers of any width without a point, and f32 with one", () => {
  assertEquals(formatValue(encoded(VALUE_CODE.i8, 1, (view) => view.setInt8(0, -3))), "-3");
  assertEquals(formatValue(encoded(VALUE_CODE.i16, 2, (view) => view.setInt16(0, 300))), "300");
  assertEquals(
    formatValue(encoded(VALUE_CODE.i32, 4, (view) => view.setInt32(0, -70_000))),
    "-70000",
  );
  assertEquals(formatValue(encoded(VALUE_CODE.f32, 4, (view) => view.setFloat32(0, 2))), "2.0");
});

Deno.test("formatValue() gives a string where JSON has no form", () => {
  assertEquals(formatValue(encodeValue(NaN)), '"NaN"');
  assertEquals(formatValue(encodeValue(-Infinity)), '"-Infinity"');
  assertEquals(formatValue(encodeValue(new Uint8Array([0, 255]))), '"base64:AP8="');
});

Deno.test("formatValue() lets no control character through", () => {
  const text = formatValue(encodeValue("\u001b[2J\u009b2J\u007f"));
  assertEquals(text, '"\\u001b[2J\\u009b2J\\u007f"');
  assertEquals(JSON.parse(text), "\u001b[2J\u009b2J\u007f");
});

Deno.test("formatSamples() and typeOfValue() say what they are given", () => {
  assertEquals(formatSamples([1, 0.5]), "[1.0,0.5]");
  assertEquals(typeOfValue(encodeValue(1n)), "i64");
  assertEquals(typeOfValue(encodeValue({})), "map");
});
