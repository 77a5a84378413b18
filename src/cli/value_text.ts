import { ByteReader } from "../wire/byte_reader.ts";
import { type EncodedValue, VALUE_CODE } from "../wire/message.ts";
import { decodeValue, encodeValue, readValue, type Value } from "../wire/value_codec.ts";
import { UsageError } from "./usage_error.ts";

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;
const VALUE_TYPES = Object.keys(VALUE_CODE) as (keyof typeof VALUE_CODE)[];

/**
 * Reads a VALUE: JSON, or else the text itself. A number with a point or an exponent is an f64, one
 * without is an i64 and given back as a bigint, at any depth.
 *
 * @throws {UsageError} when a whole number does not fit an i64 (with a point it becomes an f64), a
 * number is too large for an f64, or a value is nested too deeply or too large for a frame
 */
export function parseValue(text: string): Value {
  const value = readJson(text);
  try {
    encodeValue(value);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
  return value;
}

/**
 * A value as JSON that tells its numbers apart: an integer of any width as `1`, a float as `1.0`.
 *
 * What JSON has no form for becomes a string: "NaN", "Infinity", "-Infinity", and bytes as
 * "base64:...".
 */
export function formatValue(encoded: EncodedValue): string {
  return format(new ByteReader(encoded));
}

/** Samples of a signal, as JSON. */
export function formatSamples(samples: readonly number[]): string {
  return `[${samples.map(formatFloat).join(",")}]`;
}

/** Name of a value's wire type. */
export function typeOfValue(encoded: EncodedValue): string {
  return VALUE_TYPES.find((name) => VALUE_CODE[name] === encoded[0]) ?? "unknown";
}

function readJson(text: string): Value {
  try {
    return JSON.parse(text, exactNumber);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    if (error instanceof RangeError) throw new UsageError("The value is nested too deeply");
    throw error;
  }
}

/** Called by JSON.parse for each value, with the text that it was read from. */
function exactNumber(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (typeof value !== "number") return value;
  const source = context?.source ?? "";
  if (!/^-?\d+$/.test(source)) {
    if (Number.isFinite(value)) return value;
    throw new UsageError(`${source} is too large for a number`);
  }
  const exact = BigInt(source);
  if (exact >= I64_MIN && exact <= I64_MAX) return exact;
  throw new UsageError(`${source} does not fit 64 bits; write ${source}.0 for a float`);
}

function format(reader: ByteReader): string {
  const typeCode = reader.u8("value type");
  switch (typeCode) {
    case VALUE_CODE.array: {
      const items = Array.from({ length: reader.u16("count") }, () => format(reader));
      return `[${items.join(",")}]`;
    }
    case VALUE_CODE.map: {
      const entries = Array.from({ length: reader.u16("count") }, () => {
        const key = quote(reader.string("map key"));
        return `${key}:${format(reader)}`;
      });
      return `{${entries.join(",")}}`;
    }
    default: {
      const value = decodeValue(readValue(reader, typeCode));
      if (typeCode === VALUE_CODE.f32 || typeCode === VALUE_CODE.f64) {
        return formatFloat(Number(value));
      }
      return formatPlain(value);
    }
  }
}

function formatPlain(value: Value): string {
  if (typeof value === "string") return quote(value);
  if (value instanceof Uint8Array) return `"base64:${value.toBase64()}"`;
  return String(value);
}

function formatFloat(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** A JSON string that cannot steer a terminal: JSON itself leaves U+007F to U+009F as they are. */
function quote(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
