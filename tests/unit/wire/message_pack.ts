/**
 * What tests write as MessagePack: a number is a float, a bigint an integer, an undefined nothing. An
 * array of bytes is taken as an item that is encoded already.
 */
export type Item =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Item[]
  | { readonly [key: string]: Item };

/** Encodes an item, by the specification and not by the code under test. */
export function messagePack(item: Item): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(bytesOf(item));
}

function bytesOf(item: Item): number[] {
  if (item === null) return [0xc0];
  if (typeof item === "boolean") return [item ? 0xc3 : 0xc2];
  if (typeof item === "number") {
    return [0xcb, ...new Uint8Array(new Float64Array([item]).buffer).reverse()];
  }
  if (typeof item === "bigint") return integer(item);
  if (item instanceof Uint8Array) return [...item];
  if (typeof item === "string") {
    const utf8 = new TextEncoder().encode(item);
    return [...head(utf8.length, [0xa0, 31], [0xd9, 0xda, 0xdb]), ...utf8];
  }
  if (isList(item)) {
    return [...head(item.length, [0x90, 15], [0, 0xdc, 0xdd]), ...item.flatMap(bytesOf)];
  }
  const entries = Object.entries(item);
  return [
    ...head(entries.length, [0x80, 15], [0, 0xde, 0xdf]),
    ...entries.flatMap(([key, value]) => [...bytesOf(key), ...bytesOf(value)]),
  ];
}

function isList(item: Item): item is readonly Item[] {
  return Array.isArray(item);
}

function integer(value: bigint): number[] {
  if (value >= -32n && value <= 127n) return [Number(value) & 0xff];
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigInt64(0, value);
  return [value < 0n ? 0xd3 : 0xcf, ...new Uint8Array(bytes.buffer)];
}

/** `leads`: for a u8 (0 where there is none), a u16 and a u32. */
function head(
  length: number,
  [fix, fixMax]: readonly [number, number],
  [lead8, lead16, lead32]: readonly [number, number, number],
): number[] {
  if (length <= fixMax) return [fix | length];
  if (lead8 !== 0 && length <= 0xff) return [lead8, length];
  if (length <= 0xffff) return [lead16, length >> 8, length & 0xff];
  return [lead32, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
}
