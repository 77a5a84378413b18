import { V0_NESTING_MAX } from "../limits.ts";
import type { ByteReader } from "./byte_reader.ts";
import { type MessagePackHead, readHead } from "./message_pack_head.ts";
import { decodeUtf8 } from "./utf8.ts";
import { WireError } from "./wire_error.ts";

const SCRATCH = new DataView(new ArrayBuffer(4));

/** Reads a string. */
export function readText(reader: ByteReader, what: string): string {
  const at = reader.position;
  const head = readHead(reader, what);
  if (head.kind !== "string") throw isNot(at, what, head, "a string");
  const bytes = reader.bytes(head.length, what);
  const text = decodeUtf8(bytes, 0, bytes.length);
  if (text === undefined) {
    throw failed(at, what, `its ${bytes.length} bytes are not valid UTF-8`);
  }
  return text;
}

/** Reads a number, be it written as a float or as an integer. */
export function readNumber(reader: ByteReader, what: string): number {
  const at = reader.position;
  const head = readHead(reader, what);
  switch (head.kind) {
    case "float32":
      SCRATCH.setUint32(0, reader.u32(what));
      return SCRATCH.getFloat32(0);
    case "float64":
      return reader.f64(what);
    case "integer": {
      const high = head.isHuge ? head.high : head.high | 0;
      return high * 0x1_0000_0000 + head.low;
    }
    default:
      throw isNot(at, what, head, "a number");
  }
}

/**
 * Reads a whole number from 0 to `max`. A float counts when it is whole: some encoders write large
 * integers so.
 */
export function readUnsigned(reader: ByteReader, max: number, what: string): number {
  const at = reader.position;
  const number = readNumber(reader, what);
  if (!Number.isInteger(number) || number < 0 || number > max) {
    throw failed(at, what, `${number} is not a whole number from 0 to ${max}`);
  }
  // Minus zero is none on the wire.
  return number + 0;
}

/**
 * Passes over an item, whatever it is.
 *
 * @param depth Arrays and maps around it.
 */
export function skipItem(reader: ByteReader, what: string, depth: number = 0): void {
  const at = reader.position;
  if (depth > V0_NESTING_MAX) throw failed(at, what, `it is nested deeper than ${V0_NESTING_MAX}`);
  const head = readHead(reader, what);
  switch (head.kind) {
    case "nil":
    case "bool":
    case "integer":
      return;
    case "float32":
      return reader.skip(4, what);
    case "float64":
      return reader.skip(8, what);
    case "string":
    case "bytes":
    case "extension":
      return reader.skip(head.length, what);
    case "array":
    case "map": {
      const items = head.kind === "map" ? 2 * head.length : head.length;
      for (let i = 0; i < items; i++) skipItem(reader, what, depth + 1);
    }
  }
}

/** The error for an item of another kind than is expected. */
export function isNot(
  at: number,
  what: string,
  head: MessagePackHead,
  expected: string,
): WireError {
  return failed(at, what, `it is of kind ${head.kind}, not ${expected}`);
}

/** The error for an item that cannot be read. */
export function failed(at: number, what: string, why: string): WireError {
  return new WireError("message", at, `Cannot read ${what} at offset ${at}: ${why}`);
}
