import { LEASE_ENTRIES_MAX } from "../limits.ts";
import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import type { LeaseEntry, LeaseMessage } from "./message.ts";
import { WireError } from "./wire_error.ts";

/** By their code. */
const KINDS = ["renew", "release", "confirmed", "denied"] as const;

/** Reads a message about leases behind its operation code. */
export function readLease(reader: ByteReader): LeaseMessage {
  const kindAt = reader.position;
  const code = reader.u8("kind of a lease message");
  const kind = KINDS[code];
  if (kind === undefined) {
    throw new WireError(
      "message",
      kindAt,
      `Cannot read a lease message: kind ${code} is not known`,
    );
  }
  const origin = reader.string("origin of leases");
  const bootId = reader.u64("boot id of leases");
  const sentMicros = reader.u64("time of a lease message");
  const hops = reader.u8("hops of a lease message");
  const countAt = reader.position;
  const count = reader.u16("count of leases");
  if (count > LEASE_ENTRIES_MAX) {
    throw new WireError(
      "message",
      countAt,
      `Cannot read ${count} leases: at most ${LEASE_ENTRIES_MAX} are allowed`,
    );
  }
  const entries: LeaseEntry[] = [];
  for (let index = 0; index < count; index++) {
    entries.push({
      address: reader.string("address of a lease"),
      holder: reader.string("holder of a lease"),
    });
  }
  return {
    type: "FEDERATION_SYNC",
    op: "Lease",
    kind,
    origin,
    bootId,
    sentMicros,
    hops,
    entries,
  };
}

/** Writes what follows the operation's code. */
export function writeLease(writer: ByteWriter, message: LeaseMessage): void {
  const { kind, origin, bootId, sentMicros, hops, entries } = message;
  if (entries.length > LEASE_ENTRIES_MAX) {
    throw new RangeError(
      `Cannot write ${entries.length} leases: at most ${LEASE_ENTRIES_MAX} are allowed`,
    );
  }
  writer.u8(KINDS.indexOf(kind));
  writer.string(origin);
  writer.u64(bootId);
  writer.u64(sentMicros);
  writer.u8(hops);
  writer.u16(entries.length);
  for (const { address, holder } of entries) {
    writer.string(address);
    writer.string(holder);
  }
}
