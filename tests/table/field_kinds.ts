import {
  ADDRESS_BYTES_MAX,
  ADDRESS_SEGMENTS_MAX,
  NAME_BYTES_MAX,
  PATTERN_WILDCARDS_MAX,
  VALUE_DEPTH_MAX,
} from "../../src/limits.ts";
import { VALUE_CODE } from "../../src/wire/message.ts";
import type { Field, Make, Names, Variant } from "./form.ts";
import { type Bytes, f64, join, text, uint } from "./raw_bytes.ts";

/** What a field is, beside how it may be wrong. */
export type FieldFacts = Omit<Field, "variants" | "sample"> & {
  readonly sample?: Make | undefined;
  readonly more?: readonly Variant[];
};

const SAFE_MAX = 2n ** 53n - 1n;
const U64_MAX = 2n ** 64n - 1n;
/** Fits a frame with all that may stand beside it. */
const LONG_BYTES = 60_000;

/** A variant whose bytes depend on nothing. */
export function fixed(name: string, bytes: Bytes, more: Partial<Variant> = {}): Variant {
  return { name, make: () => bytes, ...more };
}

function field(facts: FieldFacts, variants: readonly Variant[]): Field {
  const { more = [], sample, ...rest } = facts;
  return {
    ...rest,
    ...(sample === undefined ? {} : { sample }),
    variants: [...variants, ...more],
  };
}

/** Bits that say what follows. The sample is what is always set. */
export function flagsField(facts: FieldFacts): Field {
  return field(facts, []);
}

/** An unsigned number of 1, 2 or 4 bytes that is no count. */
export function uintField(bytes: 1 | 2 | 4, facts: FieldFacts): Field {
  return field(facts, [
    fixed("zero", uint(bytes, 0)),
    fixed("greatest", uint(bytes, 2n ** BigInt(8 * bytes) - 1n)),
  ]);
}

/** A number of 8 bytes, of which 53 bits may be used. */
export function u64Field(facts: FieldFacts): Field {
  return field(facts, [
    fixed("zero", uint(8, 0)),
    fixed("2^53 - 1", uint(8, SAFE_MAX)),
    fixed("2^53", uint(8, SAFE_MAX + 1n), { isLie: true }),
    fixed("2^64 - 1", uint(8, U64_MAX), { isLie: true }),
  ]);
}

/** A double. */
export function f64Field(facts: FieldFacts): Field {
  const numbers = [0, -1, Number.MAX_VALUE, Infinity, NaN];
  return field(facts, numbers.map((value) => fixed(String(value), f64(value))));
}

/** A count of things that follow; one follows. */
export function countField(facts: FieldFacts, bytes: 1 | 2 = 2): Field {
  return field(facts, [
    fixed("none, one follows", uint(bytes, 0)),
    fixed("two, one follows", uint(bytes, 2), { isLie: true }),
    fixed("greatest, one follows", uint(bytes, 256 ** bytes - 1), { isLie: true }),
  ]);
}

/** Free text. */
export function textField(facts: FieldFacts): Field {
  return field(facts, [
    fixed("empty", text("")),
    ...LYING_TEXTS,
    fixed("a NUL", text("\0")),
    fixed(`${NAME_BYTES_MAX} bytes`, text("x".repeat(NAME_BYTES_MAX))),
    fixed(`${NAME_BYTES_MAX + 1} bytes`, text("x".repeat(NAME_BYTES_MAX + 1))),
    fixed(`${NAME_BYTES_MAX} letters of 3 bytes`, text("€".repeat(NAME_BYTES_MAX))),
    fixed(`${LONG_BYTES} bytes`, text("x".repeat(LONG_BYTES))),
  ]);
}

const LYING_TEXTS: readonly Variant[] = [
  fixed("longer than the frame", text("x", 0xffff), { isLie: true }),
  fixed("not UTF-8", text(Uint8Array.of(0x2f, 0xff, 0xfe)), { isLie: true }),
];

function path(name: string, make: (names: Names) => string): Variant {
  return { name, make: (names) => text(make(names)) };
}

function paths(start: keyof Names & ("address" | "namespace")): readonly Variant[] {
  const stem = (names: Names) => names[start].replaceAll("*", "any");
  const long = (names: Names, length: number) => `${stem(names)}/`.padEnd(length, "x");
  const deep = (names: Names, segments: number) =>
    stem(names) + "/s".repeat(segments - (stem(names).split("/").length - 1));
  return [
    path("empty", () => ""),
    ...LYING_TEXTS,
    path("without slash", (names) => names[start].slice(1)),
    path("only a slash", () => "/"),
    path("an empty segment", (names) => `/${names[start]}`),
    path("ends in a slash", (names) => `${stem(names)}/`),
    path("a control character", (names) => `${stem(names)}\n`),
    path(`${ADDRESS_BYTES_MAX} bytes`, (names) => long(names, ADDRESS_BYTES_MAX)),
    path(`${ADDRESS_BYTES_MAX + 1} bytes`, (names) => long(names, ADDRESS_BYTES_MAX + 1)),
    path(`${LONG_BYTES} bytes`, (names) => long(names, LONG_BYTES)),
    path(`${ADDRESS_SEGMENTS_MAX} segments`, (names) => deep(names, ADDRESS_SEGMENTS_MAX)),
    path(`${ADDRESS_SEGMENTS_MAX + 1} segments`, (names) => deep(names, ADDRESS_SEGMENTS_MAX + 1)),
    path("of the router itself", () => "/clasp/federation/link"),
    path("of another router", () => "/clasp/federation/peers/somebody"),
    path("of a P2P signal", () => "/clasp/p2p/signal/nobody"),
    path("of P2P announces", () => "/clasp/p2p/announce"),
  ];
}

/** An address; outside what a peer declared, too. */
export function addressField(facts: FieldFacts): Field {
  return field(facts, [
    ...paths("address"),
    path("a pattern", (names) => `${names.address}/*`),
    path("outside the namespaces", ({ outside }) => outside),
  ]);
}

/** A pattern. */
export function patternField(facts: FieldFacts): Field {
  const stars = (count: number) => (names: Names) =>
    names.namespace.replace("/**", "/a*".repeat(count));
  return field(facts, [
    ...paths("namespace"),
    path("two stars beside a letter", ({ namespace }) => `${namespace}b`),
    path(`${PATTERN_WILDCARDS_MAX} wildcards`, stars(PATTERN_WILDCARDS_MAX)),
    path(`${PATTERN_WILDCARDS_MAX + 1} wildcards`, stars(PATTERN_WILDCARDS_MAX + 1)),
    path("outside the namespaces", ({ outside }) => outside),
    path("everything", () => "/**"),
  ]);
}

/** The id of a router. */
export function routerIdField(facts: FieldFacts): Field {
  return field(facts, [
    fixed("empty", text("")),
    ...LYING_TEXTS,
    fixed(`${NAME_BYTES_MAX} bytes`, text("r".repeat(NAME_BYTES_MAX))),
    fixed(`${NAME_BYTES_MAX + 1} bytes`, text("r".repeat(NAME_BYTES_MAX + 1))),
    fixed("with a slash and a star", text("r/*")),
    fixed("another router", text("somebody")),
    fixed("the receiver", text("the-router")),
  ]);
}

/** A value: its type code, and its data. */
export interface SampleValue {
  readonly name: string;
  readonly code: number;
  readonly data: Bytes;
  readonly isLie?: boolean;
}

const { array, map, string, bytes } = VALUE_CODE;

function nested(depth: number): Bytes {
  return join(...Array.from({ length: depth - 1 }, () => join(uint(2, 1), array)), uint(2, 0));
}

const PLAIN_VALUES: { readonly [Name in keyof typeof VALUE_CODE]: Bytes } = {
  null: join(),
  bool: join(2),
  i8: uint(1, 0x80),
  i16: uint(2, 0x8000),
  i32: uint(4, 0x8000_0000),
  i64: uint(8, 1n << 63n),
  f32: uint(4, 0x7fc0_0000),
  f64: f64(NaN),
  string: text("é"),
  bytes: join(uint(2, 2), 0xff, 0xfe),
  array: join(uint(2, 2), VALUE_CODE.null, VALUE_CODE.bool, 1),
  map: join(uint(2, 1), text("k"), VALUE_CODE.null),
};

/** A value of each type, and values that are none. */
export const VALUES: readonly SampleValue[] = [
  ...Object.entries(VALUE_CODE).map(([name, code]) => ({
    name,
    code,
    data: PLAIN_VALUES[name as keyof typeof VALUE_CODE],
  })),
  { name: "an empty string", code: string, data: text("") },
  { name: "an empty array", code: array, data: uint(2, 0) },
  { name: "an empty map", code: map, data: uint(2, 0) },
  { name: "a map with a key twice", code: map, data: join(uint(2, 2), text("k"), 0, text("k"), 0) },
  { name: `nested ${VALUE_DEPTH_MAX} deep`, code: array, data: nested(VALUE_DEPTH_MAX) },
  {
    name: `nested ${VALUE_DEPTH_MAX + 1} deep`,
    code: array,
    data: nested(VALUE_DEPTH_MAX + 1),
    isLie: true,
  },
  { name: "a string of 65000 bytes", code: string, data: text("x".repeat(65_000)) },
  { name: "a string of 65500 bytes", code: string, data: text("x".repeat(65_500)) },
  { name: "a string that is cut", code: string, data: text("x", 0xffff), isLie: true },
  { name: "bytes that are cut", code: bytes, data: text("x", 0xffff), isLie: true },
  { name: "a string that is not UTF-8", code: string, data: join(uint(2, 1), 0xff), isLie: true },
  { name: "an array that is cut", code: array, data: uint(2, 0xffff), isLie: true },
  { name: "a map that is cut", code: map, data: uint(2, 0xffff), isLie: true },
  { name: "an unknown type", code: 0x0c, data: join(), isLie: true },
];

/** A value behind its type code. */
export function valueField(facts: FieldFacts): Field {
  return field(
    facts,
    VALUES.map(({ name, code, data, isLie = false }) => fixed(name, join(code, data), { isLie })),
  );
}

/** A value whose type code stands among the flags. */
export function flaggedValueField(facts: FieldFacts): Field {
  return field(
    facts,
    VALUES.map(({ name, code, data, isLie = false }) => fixed(name, data, { isLie, bits: code })),
  );
}
