import type { Value } from "../wire/value_codec.ts";

/** A value as JSON.stringify takes it: what does not fit a number becomes a text. */
export function toJsonValue(value: Value): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return `base64:${value.toBase64()}`;
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJsonValue(item)]));
}
