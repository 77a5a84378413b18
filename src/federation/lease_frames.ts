import { FRAME_PAYLOAD_BYTES_MAX, LEASE_ENTRIES_MAX } from "../limits.ts";
import type { LeaseEntry } from "../wire/message.ts";

/** Room for what stands before the entries, the origin included. */
const HEAD_BYTES_MAX = 512;
const LENGTH_FIELDS_BYTES = 4;
const UTF8_BYTES_PER_UNIT_MAX = 3;

/** Splits leases into parts that fit a LEASE message each. */
export function* leaseFrames(entries: readonly LeaseEntry[]): Generator<LeaseEntry[]> {
  let part: LeaseEntry[] = [];
  let bytes = HEAD_BYTES_MAX;
  for (const entry of entries) {
    const more = LENGTH_FIELDS_BYTES +
      UTF8_BYTES_PER_UNIT_MAX * (entry.address.length + entry.holder.length);
    if (part.length >= LEASE_ENTRIES_MAX || bytes + more > FRAME_PAYLOAD_BYTES_MAX) {
      yield part;
      part = [];
      bytes = HEAD_BYTES_MAX;
    }
    part.push(entry);
    bytes += more;
  }
  if (part.length > 0) yield part;
}
