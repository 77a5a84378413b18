import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import {
  ALL_SIGNALS,
  MESSAGE_CODE,
  type QueryMessage,
  type ReplayMessage,
  type SubscribeMessage,
  type SubscribeOptions,
  type UnsubscribeMessage,
} from "./message.ts";

const KNOWN_SIGNALS = 0x1f;
const OPTION_MAX_RATE = 0x01;
const OPTION_EPSILON = 0x02;
const OPTION_HISTORY = 0x04;
const OPTION_WINDOW = 0x08;
const KNOWN_OPTIONS = 0x0f;
const REPLAY_FROM = 0x80;
const REPLAY_TO = 0x40;
const REPLAY_LIMIT = 0x20;

/** Reads a SUBSCRIBE behind its code. */
export function readSubscribe(reader: ByteReader): SubscribeMessage {
  return {
    type: "SUBSCRIBE",
    id: reader.u32("SUBSCRIBE id"),
    pattern: reader.string("SUBSCRIBE pattern"),
    types: readTypes(reader),
    options: readOptions(reader),
  };
}

/** Writes a SUBSCRIBE. */
export function writeSubscribe(writer: ByteWriter, message: SubscribeMessage): void {
  writer.u8(MESSAGE_CODE.SUBSCRIBE);
  writer.u32(message.id);
  writer.string(message.pattern);
  writer.u8(message.types);
  writeOptions(writer, message.options ?? {});
}

/** Reads an UNSUBSCRIBE behind its code. */
export function readUnsubscribe(reader: ByteReader): UnsubscribeMessage {
  return { type: "UNSUBSCRIBE", id: reader.u32("UNSUBSCRIBE id") };
}

/** Writes an UNSUBSCRIBE. */
export function writeUnsubscribe(writer: ByteWriter, message: UnsubscribeMessage): void {
  writer.u8(MESSAGE_CODE.UNSUBSCRIBE);
  writer.u32(message.id);
}

/** Reads a REPLAY behind its code. */
export function readReplay(reader: ByteReader): ReplayMessage {
  const flags = reader.u8("REPLAY flags");
  return {
    type: "REPLAY",
    pattern: reader.string("REPLAY pattern"),
    from: (flags & REPLAY_FROM) !== 0 ? reader.u64("REPLAY from") : undefined,
    to: (flags & REPLAY_TO) !== 0 ? reader.u64("REPLAY to") : undefined,
    limit: (flags & REPLAY_LIMIT) !== 0 ? reader.u32("REPLAY limit") : undefined,
    types: readTypes(reader),
  };
}

/** Writes a REPLAY. */
export function writeReplay(writer: ByteWriter, message: ReplayMessage): void {
  writer.u8(MESSAGE_CODE.REPLAY);
  writer.u8(
    (message.from !== undefined ? REPLAY_FROM : 0) |
      (message.to !== undefined ? REPLAY_TO : 0) |
      (message.limit !== undefined ? REPLAY_LIMIT : 0),
  );
  writer.string(message.pattern);
  if (message.from !== undefined) writer.u64(message.from);
  if (message.to !== undefined) writer.u64(message.to);
  if (message.limit !== undefined) writer.u32(message.limit);
  writer.u8(message.types);
}

/** Reads a QUERY behind its code. */
export function readQuery(reader: ByteReader): QueryMessage {
  return { type: "QUERY", pattern: reader.string("QUERY pattern") };
}

/** Writes a QUERY. */
export function writeQuery(writer: ByteWriter, message: QueryMessage): void {
  writer.u8(MESSAGE_CODE.QUERY);
  writer.string(message.pattern);
}

/** A mask that names no known kind asks for all of them, as in the public decoders. */
function readTypes(reader: ByteReader): number {
  const mask = reader.u8("mask of signal types");
  return (mask & KNOWN_SIGNALS) === 0 ? ALL_SIGNALS : mask;
}

function readOptions(reader: ByteReader): SubscribeOptions | undefined {
  const flags = reader.u8("SUBSCRIBE options");
  if ((flags & KNOWN_OPTIONS) === 0) return undefined;
  return {
    maxRate: (flags & OPTION_MAX_RATE) !== 0 ? reader.u32("maxRate") : undefined,
    epsilon: (flags & OPTION_EPSILON) !== 0 ? reader.f64("epsilon") : undefined,
    history: (flags & OPTION_HISTORY) !== 0 ? reader.u32("history") : undefined,
    window: (flags & OPTION_WINDOW) !== 0 ? reader.u32("window") : undefined,
  };
}

function writeOptions(writer: ByteWriter, options: SubscribeOptions): void {
  writer.u8(
    (options.maxRate !== undefined ? OPTION_MAX_RATE : 0) |
      (options.epsilon !== undefined ? OPTION_EPSILON : 0) |
      (options.history !== undefined ? OPTION_HISTORY : 0) |
      (options.window !== undefined ? OPTION_WINDOW : 0),
  );
  if (options.maxRate !== undefined) writer.u32(options.maxRate);
  if (options.epsilon !== undefined) writer.f64(options.epsilon);
  if (options.history !== undefined) writer.u32(options.history);
  if (options.window !== undefined) writer.u32(options.window);
}
