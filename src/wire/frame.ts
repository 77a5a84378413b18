import { FRAME_PAYLOAD_BYTES_MAX } from "../limits.ts";
import { ByteWriter } from "./byte_writer.ts";
import { FrameTooLargeError } from "./frame_too_large_error.ts";
import { type Message, type PublishMessage, QOS, type Qos, SIGNAL } from "./message.ts";
import { readMessage } from "./message_reader.ts";
import { writeMessage } from "./message_writer.ts";
import { WireError } from "./wire_error.ts";

/** What stands before a frame's payload, and where the payload is. */
export interface FrameHeader {
  readonly qos: Qos;
  /** The frame's own timestamp. */
  readonly timestampMicros: number | undefined;
  /** 1 for binary, 0 for the MessagePack of v0. */
  readonly encoding: number;
  /** Index of the first byte of the payload, which is never empty. */
  readonly payloadStart: number;
  /** Index after the last byte of the payload, where a next frame may start. */
  readonly payloadEnd: number;
}

/** What a sender chooses for a frame. */
export interface FrameOptions {
  /** Default: what `defaultQos` says. */
  readonly qos?: Qos | undefined;
  readonly timestampMicros?: number | undefined;
}

const MAGIC = 0x53;
const QOS_SHIFT = 6;
const TIMESTAMP_BIT = 0x20;
const ENCRYPTED_BIT = 0x10;
const COMPRESSED_BIT = 0x08;
const ENCODING_MASK = 0x07;
const ENCODING_BINARY = 1;
const HEADER_BYTES = 4;
const TIMESTAMP_BYTES = 8;
/** A buffer of its own would cost each `encodeFrame` more than all the rest. */
const SHARED_WRITER = new ByteWriter(4096);

/**
 * Reads the header of the frame at `offset`. The payload is not looked at.
 *
 * @throws {WireError} Of kind `frame`, when no whole frame that this router can read is there.
 */
export function readFrameHeader(bytes: Uint8Array, offset: number): FrameHeader {
  if (bytes.length - offset < HEADER_BYTES) {
    throw unreadable(offset, `its header takes 4 bytes, ${bytes.length - offset} are left`);
  }
  const magic = bytes[offset] ?? 0;
  if (magic !== MAGIC) throw unreadable(offset, `it starts with ${hex(magic)}, not 0x53`);
  const flags = bytes[offset + 1] ?? 0;
  checkFlags(flags, offset + 1);
  const payloadBytes = ((bytes[offset + 2] ?? 0) << 8) | (bytes[offset + 3] ?? 0);
  if (payloadBytes === 0) throw unreadable(offset + 2, "its payload is empty");
  const timestamped = (flags & TIMESTAMP_BIT) !== 0;
  const payloadStart = offset + HEADER_BYTES + (timestamped ? TIMESTAMP_BYTES : 0);
  const payloadEnd = payloadStart + payloadBytes;
  if (payloadEnd > bytes.length) {
    throw unreadable(
      offset,
      `it takes ${payloadEnd - offset} bytes, ${bytes.length - offset} are left`,
    );
  }
  return {
    qos: toQos(flags >> QOS_SHIFT),
    timestampMicros: timestamped ? readTimestamp(bytes, offset + HEADER_BYTES) : undefined,
    encoding: flags & ENCODING_MASK,
    payloadStart,
    payloadEnd,
  };
}

/**
 * Reads the binary frame at `offset` and the message in it. `decodeClientFrame` reads those of v0 too.
 */
export function decodeFrame(
  bytes: Uint8Array,
  offset: number = 0,
): { readonly header: FrameHeader; readonly message: Message } {
  const header = readFrameHeader(bytes, offset);
  if (header.encoding !== ENCODING_BINARY) {
    throw unreadable(offset + 1, "it is MessagePack (v0), which only clients may send");
  }
  return { header, message: readMessage(bytes, header.payloadStart, header.payloadEnd) };
}

/** Encodes a message as one frame of its own. */
export function encodeFrame(message: Message, options: FrameOptions = {}): Uint8Array<ArrayBuffer> {
  SHARED_WRITER.reset();
  writeFrame(SHARED_WRITER, message, options);
  return SHARED_WRITER.copy();
}

/**
 * Appends a message as one frame. When it throws, the writer holds what it held before.
 *
 * @throws {FrameTooLargeError} When the message does not fit a frame.
 * @throws {RangeError} When a part of the message does not fit its field.
 */
export function writeFrame(
  writer: ByteWriter,
  message: Message,
  options: FrameOptions = {},
): void {
  const before = writer.length;
  try {
    const start = beginFrame(writer, {
      qos: options.qos ?? defaultQos(message),
      timestampMicros: options.timestampMicros,
    });
    writeMessage(writer, message);
    endFrame(writer, start);
  } catch (error) {
    writer.truncate(before);
    throw error;
  }
}

/**
 * Starts a frame; the payload is written next, then `endFrame` is called.
 *
 * @param header Its encoding is 1 when it says none.
 * @returns Where the frame starts, for `endFrame`.
 */
export function beginFrame(
  writer: ByteWriter,
  header: {
    readonly qos: Qos;
    readonly timestampMicros?: number | undefined;
    readonly encoding?: 0 | 1;
  },
): number {
  const start = writer.length;
  const timestamped = header.timestampMicros !== undefined;
  writer.u8(MAGIC);
  const { encoding = ENCODING_BINARY } = header;
  writer.u8((header.qos << QOS_SHIFT) | (timestamped ? TIMESTAMP_BIT : 0) | encoding);
  writer.u16(0);
  if (header.timestampMicros !== undefined) writer.u64(header.timestampMicros);
  return start;
}

/**
 * Completes the frame that starts at `start` by writing its length.
 *
 * @throws {FrameTooLargeError} When the payload exceeds 65,535 bytes; the frame is taken back.
 * @throws {RangeError} When nothing was written since `beginFrame`.
 */
export function endFrame(writer: ByteWriter, start: number): void {
  const timestamped = (writer.byteAt(start + 1) & TIMESTAMP_BIT) !== 0;
  const payloadStart = start + HEADER_BYTES + (timestamped ? TIMESTAMP_BYTES : 0);
  const payloadBytes = writer.length - payloadStart;
  if (payloadBytes <= 0) throw new RangeError("Cannot end a frame: nothing was written into it");
  if (payloadBytes > FRAME_PAYLOAD_BYTES_MAX) {
    writer.truncate(start);
    throw new FrameTooLargeError(payloadBytes);
  }
  writer.patchU16(start + 2, payloadBytes);
}

/** The QoS that the public codecs give a message when the sender does not choose one. */
export function defaultQos(message: Message): Qos {
  switch (message.type) {
    case "BUNDLE":
      return QOS.commit;
    case "PUBLISH":
      return defaultPublishQos(message);
    case "SET":
    case "SUBSCRIBE":
    case "UNSUBSCRIBE":
    case "REPLAY":
    case "FEDERATION_SYNC":
      return QOS.confirm;
    case "HELLO":
    case "WELCOME":
    case "ANNOUNCE":
    case "GET":
    case "SNAPSHOT":
    case "SYNC":
    case "PING":
    case "PONG":
    case "ACK":
    case "ERROR":
    case "QUERY":
    case "RESULT":
      return QOS.fire;
  }
}

function defaultPublishQos(message: PublishMessage): Qos {
  // A timeline is Confirm as in the JS codec; the Rust one sends Commit.
  return message.signal === SIGNAL.stream || message.signal === SIGNAL.gesture
    ? QOS.fire
    : QOS.confirm;
}

function checkFlags(flags: number, at: number): void {
  const encoding = flags & ENCODING_MASK;
  if (encoding > ENCODING_BINARY) throw unreadable(at, `its encoding ${encoding} is not known`);
  if ((flags & ENCRYPTED_BIT) !== 0) throw unreadable(at, "it is encrypted");
  if ((flags & COMPRESSED_BIT) !== 0) throw unreadable(at, "it is compressed");
}

function readTimestamp(bytes: Uint8Array, at: number): number {
  const value = readU32(bytes, at) * 0x1_0000_0000 + readU32(bytes, at + 4);
  // Rounding above 2^53 never brings a larger number back below it.
  if (value > Number.MAX_SAFE_INTEGER) throw unreadable(at, "its timestamp is above 2^53 - 1");
  return value;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)) >>> 0;
}

/** 3 is not assigned; the nearest meaning is the strictest delivery. */
function toQos(bits: number): Qos {
  return bits === 0 ? QOS.fire : bits === 1 ? QOS.confirm : QOS.commit;
}

function unreadable(offset: number, why: string): WireError {
  return new WireError("frame", offset, `Cannot read the frame at offset ${offset}: ${why}`);
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
