import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { type AckMessage, type ErrorMessage, MESSAGE_CODE, type SyncMessage } from "./message.ts";

const SYNC_T2 = 0x01;
const SYNC_T3 = 0x02;
const ACK_ADDRESS = 0x01;
const ACK_REVISION = 0x02;
const ACK_LOCKED = 0x04;
const ACK_HOLDER = 0x08;
const ACK_CORRELATION = 0x10;
const ERROR_ADDRESS = 0x01;
const ERROR_CORRELATION = 0x02;

/** Reads a SYNC behind its code. */
export function readSync(reader: ByteReader): SyncMessage {
  const flags = reader.u8("SYNC flags");
  return {
    type: "SYNC",
    t1: reader.u64("SYNC t1"),
    t2: (flags & SYNC_T2) !== 0 ? reader.u64("SYNC t2") : undefined,
    t3: (flags & SYNC_T3) !== 0 ? reader.u64("SYNC t3") : undefined,
  };
}

/** Writes a SYNC. */
export function writeSync(writer: ByteWriter, message: SyncMessage): void {
  writer.u8(MESSAGE_CODE.SYNC);
  writer.u8(
    (message.t2 !== undefined ? SYNC_T2 : 0) | (message.t3 !== undefined ? SYNC_T3 : 0),
  );
  writer.u64(message.t1);
  if (message.t2 !== undefined) writer.u64(message.t2);
  if (message.t3 !== undefined) writer.u64(message.t3);
}

/** Reads an ACK behind its code. */
export function readAck(reader: ByteReader): AckMessage {
  const flags = reader.u8("ACK flags");
  return {
    type: "ACK",
    address: (flags & ACK_ADDRESS) !== 0 ? reader.string("ACK address") : undefined,
    revision: (flags & ACK_REVISION) !== 0 ? reader.u64("ACK revision") : undefined,
    locked: (flags & ACK_LOCKED) !== 0 ? reader.u8("ACK locked") !== 0 : undefined,
    holder: (flags & ACK_HOLDER) !== 0 ? reader.string("ACK holder") : undefined,
    correlationId: (flags & ACK_CORRELATION) !== 0 ? reader.u32("ACK correlation id") : undefined,
  };
}

/** Writes an ACK. */
export function writeAck(writer: ByteWriter, message: AckMessage): void {
  writer.u8(MESSAGE_CODE.ACK);
  writer.u8(
    (message.address !== undefined ? ACK_ADDRESS : 0) |
      (message.revision !== undefined ? ACK_REVISION : 0) |
      (message.locked !== undefined ? ACK_LOCKED : 0) |
      (message.holder !== undefined ? ACK_HOLDER : 0) |
      (message.correlationId !== undefined ? ACK_CORRELATION : 0),
  );
  if (message.address !== undefined) writer.string(message.address);
  if (message.revision !== undefined) writer.u64(message.revision);
  if (message.locked !== undefined) writer.u8(message.locked ? 1 : 0);
  if (message.holder !== undefined) writer.string(message.holder);
  if (message.correlationId !== undefined) writer.u32(message.correlationId);
}

/** Reads an ERROR behind its code. */
export function readError(reader: ByteReader): ErrorMessage {
  const code = reader.u16("ERROR code");
  const message = reader.string("ERROR message");
  const flags = reader.u8("ERROR flags");
  return {
    type: "ERROR",
    code,
    message,
    address: (flags & ERROR_ADDRESS) !== 0 ? reader.string("ERROR address") : undefined,
    correlationId: (flags & ERROR_CORRELATION) !== 0
      ? reader.u32("ERROR correlation id")
      : undefined,
  };
}

/** Writes an ERROR. */
export function writeError(writer: ByteWriter, message: ErrorMessage): void {
  writer.u8(MESSAGE_CODE.ERROR);
  writer.u16(message.code);
  writer.string(message.message);
  writer.u8(
    (message.address !== undefined ? ERROR_ADDRESS : 0) |
      (message.correlationId !== undefined ? ERROR_CORRELATION : 0),
  );
  if (message.address !== undefined) writer.string(message.address);
  if (message.correlationId !== undefined) writer.u32(message.correlationId);
}
