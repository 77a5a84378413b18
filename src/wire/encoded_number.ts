import { type EncodedValue, VALUE_CODE } from "./message.ts";
import { decodeValue } from "./value_codec.ts";

/** The number that an encoded value says, whatever its type; undefined when it is none. */
export function encodedNumber(value: EncodedValue): number | bigint | undefined {
  const [code = VALUE_CODE.null] = value;
  if (code < VALUE_CODE.i8 || code > VALUE_CODE.f64) return undefined;
  const number = decodeValue(value);
  return typeof number === "number" || typeof number === "bigint" ? number : undefined;
}
