import { VALUE_DEPTH_MAX } from "../../../src/limits.ts";
import { decodeValue, encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { WireError } from "../../../src/wire/wire_error.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { fromHex } from "./vector_form.ts";

Deno.test("encodeValue() writes a number as f64 and a bigint as i64", () => {
  assertEquals(encodeValue(1).toHex(), "073ff0000000000000");
  assertEquals(encodeValue(1n).toHex(), "050000000000000001");
  assertEquals(encodeValue(-(2n ** 63n)).toHex(), "058000000000000000");
});

Deno.test("decodeValue() gives back what encodeValue() was given", () => {
  const values: readonly Value[] = [
    ...[null, true, false, 0, -0, 1.5, NaN, -Infinity, 2n ** 63n - 1n, -(2n ** 53n), "", "ž🎵"],
    new Uint8Array([0, 255]),
    [],
    {},
    [1, [null, ["x"]], { a: {} }],
    { level: 0.5, "": "empty key", nested: { list: [true] } },
  ];
  for (const value of values) assertEquals(decodeValue(encodeValue(value)), value);
});

Deno.test("decodeValue() makes a number of every integer type, a bigint where it must", () => {
  const cases: readonly [string, Value][] = [
    ["02fb", -5],
    ["03f448", -3000],
    ["0480000000", -(2 ** 31)],
    ["05001fffffffffffff", Number.MAX_SAFE_INTEGER],
    ["050020000000000000", 2n ** 53n],
    ["05ffe0000000000001", -Number.MAX_SAFE_INTEGER],
    ["05ffe0000000000000", -(2n ** 53n)],
    ["063f000000", 0.5],
  ];
  for (const [hex, value] of cases) assertEquals(decodeValue(fromHex(hex)), value, hex);
});

Deno.test("decodeValue() takes any bool byte but 0 as true", () => {
  assertEquals(["0100", "0101", "0102", "01ff"].map((hex) => decodeValue(fromHex(hex))), [
    false,
    true,
    true,
    true,
  ]);
});

Deno.test("decodeValue() keeps __proto__ and the like as ordinary keys", () => {
  const source = JSON.parse('{"__proto__":{"admin":true},"constructor":1,"toString":2}');
  const encoded = encodeValue(source);
  const decoded = withUnsafeProto(() => decodeValue(encoded));
  assert(typeof decoded === "object" && decoded !== null);
  assertEquals(Object.keys(decoded), ["__proto__", "constructor", "toString"]);
  assertEquals(Object.getPrototypeOf(decoded), Object.prototype);
  assertEquals("admin" in decoded, false);
});

Deno.test("decodeValue() refuses what is not exactly one value", () => {
  for (
    const hex of ["", "0c", "01", "0500", "080001", "0801ff", "0a0001", "0b0001000161", "0000"]
  ) {
    const error = assertThrows(() => decodeValue(fromHex(hex)), WireError, undefined, hex);
    assertEquals(error.kind, "message");
  }
});

Deno.test("decodeValue() survives the deepest nesting that a frame can hold", () => {
  const bytes = new Uint8Array(45_000);
  for (let i = 0; i + 3 <= bytes.length; i += 3) bytes.set([0x0a, 0, 1], i);
  assertThrows(() => decodeValue(bytes), WireError, "nested deeper than");
});

Deno.test("encodeValue() and decodeValue() take nesting up to its bound and no deeper", () => {
  let value: Value = 1;
  for (let i = 0; i < VALUE_DEPTH_MAX; i++) value = i % 2 === 0 ? [value] : { k: value };
  const encoded = encodeValue(value);
  assertEquals(decodeValue(encoded), value);
  assertThrows(() => decodeValue(new Uint8Array([0x0a, 0, 1, ...encoded])), WireError);
  assertThrows(() => encodeValue([value]), RangeError, "nested deeper than");
});

Deno.test("encodeValue() refuses what CLASP has no type for", () => {
  const strangers: readonly unknown[] = [
    ...[undefined, () => 1, Symbol("s"), new Date(0), new Map(), new Set(), new Uint16Array(1)],
    { a: undefined },
    [() => 1],
  ];
  // The types already exclude them; JavaScript callers do not see the types.
  for (const stranger of strangers) assertThrows(() => encodeValue(stranger as Value), TypeError);
});

Deno.test("encodeValue() refuses what does not fit its type or a frame", () => {
  const cycle: Value[] = [];
  cycle.push(cycle, cycle);
  const tooLarge: readonly Value[] = [
    2n ** 63n,
    -(2n ** 63n) - 1n,
    "x".repeat(65_533),
    new Uint8Array(65_536),
    Array.from({ length: 65_534 }, () => null),
    Array.from({ length: 10_000 }, () => 0.5),
    cycle,
  ];
  for (const value of tooLarge) assertThrows(() => encodeValue(value), RangeError);
  assertEquals(encodeValue("x".repeat(65_532)).length, 65_535);
});

Deno.test("encodeValue() takes objects without a prototype", () => {
  const bare: Record<string, Value> = Object.create(null);
  bare["a"] = 1;
  assertEquals(decodeValue(encodeValue(bare)), { a: 1 });
});

/** Runs with the accessor that Deno leaves out unless `--unstable-unsafe-proto` is set. */
function withUnsafeProto<Result>(run: () => Result): Result {
  Object.defineProperty(Object.prototype, "__proto__", {
    configurable: true,
    set(this: object, prototype: object | null) {
      Object.setPrototypeOf(this, prototype);
    },
  });
  try {
    return run();
  } finally {
    Reflect.deleteProperty(Object.prototype, "__proto__");
  }
}
