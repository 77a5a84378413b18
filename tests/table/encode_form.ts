import { MESSAGE_CODE } from "../../src/wire/message.ts";
import type { Field, Form, Names, Variant } from "./form.ts";
import { type Bytes, join } from "./raw_bytes.ts";

/** A field that is not as in the sample. */
export interface Change {
  readonly field: Field;
  /** Undefined: the field is left out. */
  readonly variant: Variant | undefined;
}

/** Where to cut a payload. */
export interface Cut {
  readonly field: Field;
  readonly at: "before" | "inside";
}

/** The payload of a message: as in the sample, or with one field changed. */
export function encodeForm(form: Form, names: Names, change?: Change): Bytes {
  if (form.payload !== undefined) return form.payload(names);
  return join(MESSAGE_CODE[form.type], ...piecesOf(form, names, change).map(({ bytes }) => bytes));
}

/**
 * The payload up to a field, or up to its last byte. Undefined when there is nothing to cut off, or
 * nothing left of the field.
 */
export function cutForm(form: Form, names: Names, { field, at }: Cut): Bytes | undefined {
  const [first] = field.variants;
  const isOptional = field.sample === undefined;
  if (isOptional && first === undefined) return undefined;
  const pieces = piecesOf(form, names, isOptional ? { field, variant: first } : undefined);
  const index = pieces.findIndex((piece) => piece.field === field);
  const bytes = pieces[index]?.bytes ?? join();
  if (bytes.length < (at === "before" ? 1 : 2)) return undefined;
  const before = pieces.slice(0, index).map((piece) => piece.bytes);
  const rest = at === "before" ? join() : bytes.subarray(0, -1);
  return join(MESSAGE_CODE[form.type], ...before, rest);
}

interface Piece {
  readonly field: Field;
  readonly bytes: Uint8Array;
}

function piecesOf(form: Form, names: Names, change: Change | undefined): Piece[] {
  const bits = new Map<string, number>();
  const pieces: { field: Field; bytes: Uint8Array; isFixed: boolean }[] = [];
  for (const field of form.fields) {
    const isChanged = change?.field === field;
    const make = isChanged ? change.variant?.make : field.sample;
    if (make === undefined) continue;
    pieces.push({ field, bytes: make(names), isFixed: isChanged });
    if (field.flag === undefined) continue;
    const { field: flags, bits: own } = field.flag;
    const set = isChanged ? change.variant?.bits ?? own : own;
    bits.set(flags, (bits.get(flags) ?? 0) | set);
  }
  return pieces.map(({ field, bytes, isFixed }) => {
    const set = bits.get(field.name);
    if (set === undefined || isFixed) return { field, bytes };
    return { field, bytes: Uint8Array.of((bytes[0] ?? 0) | set, ...bytes.subarray(1)) };
  });
}
