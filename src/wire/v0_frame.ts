import { ByteWriter } from "./byte_writer.ts";
import { beginFrame, defaultQos, endFrame, type FrameOptions } from "./frame.ts";
import type { Message } from "./message.ts";
import { writeV0Message } from "./v0_writer.ts";

const MAGIC = 0x53;
const TIMESTAMP_BIT = 0x20;
const SHARED_WRITER = new ByteWriter(4096);

/**
 * Whether the payload that starts with this byte is a MessagePack map, hence of v0. The public codecs
 * look at nothing else either: the encoding in a frame's flags does not count, and the code of a v1
 * message is never one of these.
 */
export function startsV0Payload(byte: number | undefined): boolean {
  return byte !== undefined && ((byte & 0xf0) === 0x80 || byte === 0xde || byte === 0xdf);
}

/** Whether a WebSocket message starts with a v0 frame, whole or not. */
export function isV0Frame(bytes: Uint8Array): boolean {
  if (bytes[0] !== MAGIC) return false;
  return startsV0Payload(bytes[((bytes[1] ?? 0) & TIMESTAMP_BIT) !== 0 ? 12 : 4]);
}

/**
 * Encodes a message as one v0 frame of its own.
 *
 * @throws {FrameTooLargeError} When the message does not fit a frame.
 * @throws {TypeError} When it is a message that only clasp-fed routers send each other.
 */
export function encodeV0Frame(
  message: Message,
  options: FrameOptions = {},
): Uint8Array<ArrayBuffer> {
  SHARED_WRITER.reset();
  const start = beginFrame(SHARED_WRITER, {
    qos: options.qos ?? defaultQos(message),
    timestampMicros: options.timestampMicros,
    encoding: 0,
  });
  writeV0Message(SHARED_WRITER, message);
  endFrame(SHARED_WRITER, start);
  return SHARED_WRITER.copy();
}
