import type { SignalDefinition } from "./message.ts";

const ENCODER = new TextEncoder();
const LENGTH_BYTES = 2;
/** Kind of signal and flags. */
const FIXED_BYTES = 2;

/** Bytes that a definition takes in a RESULT. */
export function definitionBytes({ address, datatype, access }: SignalDefinition): number {
  let bytes = FIXED_BYTES;
  for (const text of [address, datatype, access]) {
    if (text !== undefined) bytes += LENGTH_BYTES + ENCODER.encode(text).length;
  }
  return bytes;
}
