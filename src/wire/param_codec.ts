import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { readValue, typeCodeOf, writeEncoded } from "./encoded_value.ts";
import {
  type GetMessage,
  MESSAGE_CODE,
  type SetMessage,
  type SnapshotMessage,
  type SnapshotParam,
} from "./message.ts";

const SET_REVISION = 0x80;
const SET_LOCK = 0x40;
const SET_UNLOCK = 0x20;
const SET_TTL = 0x10;
const SET_TYPE_MASK = 0x0f;
const ENTRY_WRITER = 0x01;
const ENTRY_TIMESTAMP = 0x02;

/** Reads a SET behind its code. */
export function readSet(reader: ByteReader): SetMessage {
  const flags = reader.u8("SET flags");
  return {
    type: "SET",
    address: reader.recurringString("SET address"),
    value: readValue(reader, flags & SET_TYPE_MASK),
    revision: (flags & SET_REVISION) !== 0 ? reader.u64("SET revision") : undefined,
    lock: (flags & SET_LOCK) !== 0,
    unlock: (flags & SET_UNLOCK) !== 0,
    ttl: (flags & SET_TTL) !== 0 ? reader.u32("SET TTL") : undefined,
  };
}

/** Writes a SET. */
export function writeSet(writer: ByteWriter, message: SetMessage): void {
  writer.u8(MESSAGE_CODE.SET);
  writer.u8(
    typeCodeOf(message.value) |
      (message.revision !== undefined ? SET_REVISION : 0) |
      (message.lock === true ? SET_LOCK : 0) |
      (message.unlock === true ? SET_UNLOCK : 0) |
      (message.ttl !== undefined ? SET_TTL : 0),
  );
  writer.string(message.address);
  // The flags hold the type, so only the data follows.
  writer.append(message.value, 1);
  if (message.revision !== undefined) writer.u64(message.revision);
  if (message.ttl !== undefined) writer.u32(message.ttl);
}

/** Reads a GET behind its code. */
export function readGet(reader: ByteReader): GetMessage {
  return { type: "GET", address: reader.string("GET address") };
}

/** Writes a GET. */
export function writeGet(writer: ByteWriter, message: GetMessage): void {
  writer.u8(MESSAGE_CODE.GET);
  writer.string(message.address);
}

/** Reads a SNAPSHOT behind its code. */
export function readSnapshot(reader: ByteReader): SnapshotMessage {
  const count = reader.u16("SNAPSHOT count");
  const params: SnapshotParam[] = [];
  for (let i = 0; i < count; i++) params.push(readSnapshotParam(reader));
  return { type: "SNAPSHOT", params };
}

/** Writes a SNAPSHOT. */
export function writeSnapshot(writer: ByteWriter, message: SnapshotMessage): void {
  writer.u8(MESSAGE_CODE.SNAPSHOT);
  writer.u16(message.params.length);
  for (const param of message.params) writeSnapshotParam(writer, param);
}

/** Writes one entry of a SNAPSHOT, for who fills a frame bit by bit. */
export function writeSnapshotParam(writer: ByteWriter, param: SnapshotParam): void {
  writer.string(param.address);
  writeEncoded(writer, param.value);
  writer.u64(param.revision);
  writer.u8(
    (param.writer !== undefined ? ENTRY_WRITER : 0) |
      (param.timestampMicros !== undefined ? ENTRY_TIMESTAMP : 0),
  );
  if (param.writer !== undefined) writer.string(param.writer);
  if (param.timestampMicros !== undefined) writer.u64(param.timestampMicros);
}

function readSnapshotParam(reader: ByteReader): SnapshotParam {
  const address = reader.string("SNAPSHOT address");
  const value = readValue(reader, reader.u8("value type"));
  const revision = reader.u64("SNAPSHOT revision");
  const flags = reader.u8("SNAPSHOT entry flags");
  return {
    address,
    value,
    revision,
    writer: (flags & ENTRY_WRITER) !== 0 ? reader.string("SNAPSHOT writer") : undefined,
    timestampMicros: (flags & ENTRY_TIMESTAMP) !== 0 ? reader.u64("SNAPSHOT timestamp") : undefined,
  };
}
