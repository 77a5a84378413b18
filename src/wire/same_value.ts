import { type EncodedValue, VALUE_CODE } from "./message.ts";
import { decodeValue, type Value } from "./value_codec.ts";

/**
 * Whether two encoded values say the same. A public router reads each value and writes it anew: a
 * small integer comes back as i64, f32 as f64, and a map in another order.
 */
export function sameValue(a: EncodedValue, b: EncodedValue): boolean {
  if (sameBytes(a, b)) return true;
  const [codeA = VALUE_CODE.null, codeB = VALUE_CODE.null] = [a[0], b[0]];
  if (codeA !== codeB && !(isNumber(codeA) && isNumber(codeB))) return false;
  // 1 and 1.0 are two values.
  if (isFloat(codeA) !== isFloat(codeB)) return false;
  return sameDecoded(decodeValue(a), decodeValue(b));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function isNumber(code: number): boolean {
  return code >= VALUE_CODE.i8 && code <= VALUE_CODE.f64;
}

function isFloat(code: number): boolean {
  return code === VALUE_CODE.f32 || code === VALUE_CODE.f64;
}

function sameDecoded(a: Value, b: Value): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return Object.is(a, b);
  }
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b);
  }
  if (isList(a) !== isList(b)) return false;
  const entriesA = new Map(Object.entries(a));
  const entriesB = Object.entries(b);
  return entriesA.size === entriesB.length && entriesB.every(([key, value]) => {
    const other = entriesA.get(key);
    return other !== undefined && sameDecoded(other, value);
  });
}

function isList(value: Value): boolean {
  return Array.isArray(value);
}
