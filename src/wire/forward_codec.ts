import { CONTEXT_ENTRIES_MAX } from "../limits.ts";
import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import type {
  EventEntry,
  ForwardMessage,
  ReplyEntry,
  RequestEntry,
  ShareEntry,
  ShareReplyEntry,
} from "./message.ts";
import { WireError } from "./wire_error.ts";

const KIND_UPDATE = 0;
const KIND_OFFER = 1;
const KIND_REQUEST = 2;
const KIND_EVENT = 3;
const KIND_REPLY = 4;
const KIND_UPDATE_OF_TOMBSTONES = 5;
const KIND_OFFER_OF_TOMBSTONES = 6;
const KIND_SHARE = 7;
const KIND_SHARE_REPLY = 8;

const FLAG_LOCKED = 0x01;
const FLAG_AFTERWARDS = 0x01;

/** Reads a context behind its operation code. */
export function readForward(reader: ByteReader): ForwardMessage {
  const at = reader.position;
  const kind = reader.u8("kind of context");
  if (kind > KIND_SHARE_REPLY) {
    throw new WireError("message", at, `Cannot read a context: kind ${kind} is not known`);
  }
  const count = readCount(reader);
  const base = {
    type: "FEDERATION_SYNC",
    op: "Forward",
    origin: reader.recurringString("origin of a context"),
    count,
  } as const;
  if (kind === KIND_UPDATE) return { ...base, kind: "update" };
  if (kind === KIND_OFFER) return { ...base, kind: "offer" };
  if (kind === KIND_UPDATE_OF_TOMBSTONES) return { ...base, kind: "update", tombstones: true };
  if (kind === KIND_OFFER_OF_TOMBSTONES) return { ...base, kind: "offer", tombstones: true };
  const bootId = reader.u64("boot id of a context");
  if (kind === KIND_REQUEST) {
    return { ...base, kind: "request", bootId, entries: readEntries(reader, count, readRequest) };
  }
  if (kind === KIND_EVENT) {
    return { ...base, kind: "event", bootId, entries: readEntries(reader, count, readEvent) };
  }
  if (kind === KIND_SHARE) {
    return { ...base, kind: "share", bootId, entries: readEntries(reader, count, readShare) };
  }
  if (kind === KIND_SHARE_REPLY) {
    const entries = readEntries(reader, count, readShareReply);
    return { ...base, kind: "shareReply", bootId, entries };
  }
  return { ...base, kind: "reply", bootId, entries: readEntries(reader, count, readReply) };
}

/** Writes what follows the operation's code. */
export function writeForward(writer: ByteWriter, message: ForwardMessage): void {
  checkCounts(message);
  writer.u8(kindCode(message));
  writer.u16(message.count);
  writer.string(message.origin);
  switch (message.kind) {
    case "update":
    case "offer":
      return;
    case "request":
      writer.u64(message.bootId);
      for (const entry of message.entries) writeRequest(writer, entry);
      return;
    case "event":
      writer.u64(message.bootId);
      for (const entry of message.entries) writeEvent(writer, entry);
      return;
    case "reply":
      writer.u64(message.bootId);
      for (const entry of message.entries) writeReply(writer, entry);
      return;
    case "share":
      writer.u64(message.bootId);
      for (const entry of message.entries) writeShare(writer, entry);
      return;
    case "shareReply":
      writer.u64(message.bootId);
      for (const entry of message.entries) writeShareReply(writer, entry);
      return;
  }
}

function readCount(reader: ByteReader): number {
  const at = reader.position;
  const count = reader.u16("count of a context");
  if (count < 1 || count > CONTEXT_ENTRIES_MAX) {
    throw new WireError(
      "message",
      at,
      `Cannot read a context of ${count} entries: 1 to ${CONTEXT_ENTRIES_MAX} are allowed`,
    );
  }
  return count;
}

function checkCounts(message: ForwardMessage): void {
  const { count } = message;
  if (count < 1 || count > CONTEXT_ENTRIES_MAX) {
    throw new RangeError(
      `Cannot write a context of ${count} entries: 1 to ${CONTEXT_ENTRIES_MAX} are allowed`,
    );
  }
  if ("entries" in message && message.entries.length !== count) {
    throw new RangeError(
      `Cannot write a context of ${count} entries: ${message.entries.length} are given`,
    );
  }
}

function readEntries<Entry>(
  reader: ByteReader,
  count: number,
  readEntry: (reader: ByteReader) => Entry,
): Entry[] {
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) entries.push(readEntry(reader));
  return entries;
}

function readRequest(reader: ByteReader): RequestEntry {
  return {
    requestId: reader.u64("request id"),
    remainingLifeMs: reader.u32("remaining life of a request"),
    knownTimestampMicros: reader.u64("known timestamp"),
    knownRevision: reader.u64("known revision"),
    holder: reader.string("holder of a request"),
  };
}

function writeRequest(writer: ByteWriter, entry: RequestEntry): void {
  writer.u64(entry.requestId);
  writer.u32(entry.remainingLifeMs);
  writer.u64(entry.knownTimestampMicros);
  writer.u64(entry.knownRevision);
  writer.string(entry.holder);
}

function readEvent(reader: ByteReader): EventEntry {
  return {
    sequence: reader.u64("sequence of an event"),
    remainingLifeMs: reader.u32("remaining life of an event"),
    ageMs: reader.u32("age of an event"),
  };
}

function writeEvent(writer: ByteWriter, entry: EventEntry): void {
  writer.u64(entry.sequence);
  writer.u32(entry.remainingLifeMs);
  writer.u32(entry.ageMs);
}

function readReply(reader: ByteReader): ReplyEntry {
  return {
    requestId: reader.u64("request id"),
    stamperId: reader.string("stamper id"),
    locked: (reader.u8("flags of a reply") & FLAG_LOCKED) !== 0,
  };
}

function writeReply(writer: ByteWriter, entry: ReplyEntry): void {
  writer.u64(entry.requestId);
  writer.string(entry.stamperId);
  writer.u8(entry.locked ? FLAG_LOCKED : 0);
}

function readShare(reader: ByteReader): ShareEntry {
  return {
    requestId: reader.u64("request id of a share"),
    remainingLifeMs: reader.u32("remaining life of a share"),
    runAtMicros: reader.u64("time of a share"),
    knownTimestampMicros: reader.u64("known timestamp of a share"),
    holder: reader.string("holder of a share"),
  };
}

function writeShare(writer: ByteWriter, entry: ShareEntry): void {
  writer.u64(entry.requestId);
  writer.u32(entry.remainingLifeMs);
  writer.u64(entry.runAtMicros);
  writer.u64(entry.knownTimestampMicros);
  writer.string(entry.holder);
}

function readShareReply(reader: ByteReader): ShareReplyEntry {
  return {
    requestId: reader.u64("request id of a share"),
    afterwards: (reader.u8("flags of a share's answer") & FLAG_AFTERWARDS) !== 0,
    lateMs: reader.u32("lateness of a share"),
  };
}

function writeShareReply(writer: ByteWriter, entry: ShareReplyEntry): void {
  writer.u64(entry.requestId);
  writer.u8(entry.afterwards ? FLAG_AFTERWARDS : 0);
  writer.u32(entry.lateMs);
}

function kindCode(message: ForwardMessage): number {
  switch (message.kind) {
    case "update":
      return message.tombstones ? KIND_UPDATE_OF_TOMBSTONES : KIND_UPDATE;
    case "offer":
      return message.tombstones ? KIND_OFFER_OF_TOMBSTONES : KIND_OFFER;
    case "request":
      return KIND_REQUEST;
    case "event":
      return KIND_EVENT;
    case "reply":
      return KIND_REPLY;
    case "share":
      return KIND_SHARE;
    case "shareReply":
      return KIND_SHARE_REPLY;
  }
}
