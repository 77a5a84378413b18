/**
 * Addresses of params and signals, such as `/site-a/stage/fader/1`.
 *
 * @module
 */

import { ADDRESS_BYTES_MAX, ADDRESS_SEGMENTS_MAX } from "../limits.ts";

const SLASH = 0x2f;
const SPACE = 0x20;
const QUOTED_UNITS_MAX = 120;

/** Thrown for a text that is not an address or not a pattern; the message says why. */
export class AddressError extends TypeError {
  /** For telling errors apart by name. */
  override readonly name: string = "AddressError";

  /**
   * @param kind What the text was meant to be.
   * @param text The refused text; a long one is shortened in the message.
   * @param problem Why it was refused.
   */
  /** `problem` is a sentence without its subject: why the text is none. */
  constructor(kind: "address" | "pattern", text: string, problem: string) {
    super(`Cannot parse ${kind} ${quoted(text)}: ${problem}`);
  }
}

/**
 * Segments of an address, in order.
 *
 * @param text The address.
 * @returns At least one segment, none of them empty.
 * @throws {AddressError} If `addressProblem` finds one.
 *
 * @example
 * ```ts
 * import { parseAddress } from "./address.ts";
 *
 * const segments = parseAddress("/stage/fader/1"); // ["stage", "fader", "1"]
 * ```
 */
export function parseAddress(text: string): readonly string[] {
  const problem = addressProblem(text);
  if (problem !== undefined) throw new AddressError("address", text, problem);
  return text.slice(1).split("/");
}

/**
 * Why a text is not an address, or `undefined` if it is one. Allocates nothing.
 *
 * An address starts with "/", has 1 to `ADDRESS_SEGMENTS_MAX` segments, none of them empty, is at
 * most `ADDRESS_BYTES_MAX` bytes of UTF-8, and contains neither "*" nor control characters
 * (U+0000 to U+001F). The segments "." and ".." have no meaning of their own.
 *
 * @param text What may be an address.
 */
export function addressProblem(text: string): string | undefined {
  return pathProblem(text) ??
    (text.includes("*") ? `"*" is allowed in patterns only` : undefined);
}

/**
 * Why a text can be neither address nor pattern, or `undefined`: the rules both share, which are
 * those of `addressProblem` without the one about "*".
 *
 * @param text What may be an address or a pattern.
 */
export function pathProblem(text: string): string | undefined {
  if (text.charCodeAt(0) !== SLASH) return `it must start with "/"`;
  if (text.length === 1) return "it must have at least one segment";
  // Before the scan, so that a huge text costs nothing: no code unit is less than a byte.
  if (text.length > ADDRESS_BYTES_MAX) return TOO_LONG;
  if (!text.isWellFormed()) return "it must not contain half of a surrogate pair";
  let bytes = 0;
  let segments = 0;
  let previous = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < SPACE) return "it must not contain control characters";
    if (unit === SLASH) {
      if (previous === SLASH) return EMPTY_SEGMENT;
      segments++;
    }
    bytes += utf8Bytes(unit);
    previous = unit;
  }
  if (previous === SLASH) return EMPTY_SEGMENT;
  if (bytes > ADDRESS_BYTES_MAX) return TOO_LONG;
  if (segments > ADDRESS_SEGMENTS_MAX) return TOO_MANY_SEGMENTS;
  return undefined;
}

const EMPTY_SEGMENT = "a segment must not be empty";
const TOO_LONG = `it must not be longer than ${ADDRESS_BYTES_MAX} bytes`;
const TOO_MANY_SEGMENTS = `it must not have more than ${ADDRESS_SEGMENTS_MAX} segments`;

/** Bytes that one UTF-16 unit of a well-formed text takes in UTF-8; a pair takes 2 + 2. */
function utf8Bytes(unit: number): number {
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  return unit >= 0xd800 && unit <= 0xdfff ? 2 : 3;
}

/** The text in quotes, control characters escaped, cut where a log line would suffer. */
function quoted(text: string): string {
  if (text.length <= QUOTED_UNITS_MAX) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, QUOTED_UNITS_MAX))}...`;
}
