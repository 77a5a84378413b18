import { type Bytes, f64, join, uint } from "./raw_bytes.ts";

/** What {@linkcode messagePack} writes; a double is one with a fraction, bytes are themselves. */
export type Packable =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly Packable[]
  | { readonly [name: string]: Packable };

const ENCODER = new TextEncoder();

/** MessagePack by hand: nothing here knows the production writer. Bytes are items already. */
export function messagePack(value: Packable): Bytes {
  if (value === null) return join(0xc0);
  if (typeof value === "boolean") return join(value ? 0xc3 : 0xc2);
  if (typeof value === "number") return packNumber(value);
  if (typeof value === "string") return packText(value);
  if (value instanceof Uint8Array) return join(value);
  if (isList(value)) return join(0xdc, uint(2, value.length), ...value.map(messagePack));
  const entries = Object.entries(value).map(([name, item]) =>
    join(packText(name), messagePack(item))
  );
  // Only a map in its short form is told from a message of v1 by all decoders.
  return join(0x80 | entries.length, ...entries);
}

function isList(value: Packable): value is readonly Packable[] {
  return Array.isArray(value);
}

function packNumber(value: number): Bytes {
  if (!Number.isInteger(value)) return join(0xcb, f64(value));
  return value < 0
    ? join(0xd3, uint(8, BigInt.asUintN(64, BigInt(value))))
    : join(0xcf, uint(8, value));
}

function packText(value: string): Bytes {
  const bytes = ENCODER.encode(value);
  return join(0xda, uint(2, bytes.length), bytes);
}
