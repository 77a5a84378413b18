import { BUNDLE_DEPTH_MAX, BUNDLE_MESSAGES_MAX, FRAME_PAYLOAD_BYTES_MAX } from "../limits.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { writeAck, writeError, writeSync } from "./control_codec.ts";
import { writeAnnounce, writeResult } from "./definition_codec.ts";
import { writeFederationSync } from "./federation_codec.ts";
import { FrameTooLargeError } from "./frame_too_large_error.ts";
import { writeHello, writeWelcome } from "./handshake_codec.ts";
import { type BundleMessage, type Message, MESSAGE_CODE } from "./message.ts";
import { writeGet, writeSet, writeSnapshot } from "./param_codec.ts";
import { writePublish } from "./publish_codec.ts";
import { writeQuery, writeReplay, writeSubscribe, writeUnsubscribe } from "./subscription_codec.ts";

/**
 * Appends a message as the payload of a binary frame: the reverse of `readMessage`.
 *
 * Whether the payload fits a frame is checked by `endFrame`. When this throws, the writer holds a
 * part of the message.
 *
 * @throws {RangeError} When a part does not fit its field, or what a reader allows.
 * @throws {TypeError} When parts of the message contradict each other.
 */
export function writeMessage(writer: ByteWriter, message: Message): void {
  writeInto(writer, message, undefined);
}

/** The bundles around a message. */
interface Enclosing {
  readonly depth: number;
  readonly total: { messages: number };
}

function writeInto(writer: ByteWriter, message: Message, enclosing: Enclosing | undefined): void {
  switch (message.type) {
    case "SET":
      return writeSet(writer, message);
    case "PUBLISH":
      return writePublish(writer, message);
    case "BUNDLE":
      return writeBundle(writer, message, enclosing);
    case "ACK":
      return writeAck(writer, message);
    case "ERROR":
      return writeError(writer, message);
    case "SNAPSHOT":
      return writeSnapshot(writer, message);
    case "GET":
      return writeGet(writer, message);
    case "SUBSCRIBE":
      return writeSubscribe(writer, message);
    case "UNSUBSCRIBE":
      return writeUnsubscribe(writer, message);
    case "FEDERATION_SYNC":
      return writeFederationSync(writer, message);
    case "SYNC":
      return writeSync(writer, message);
    case "PING":
      return writer.u8(MESSAGE_CODE.PING);
    case "PONG":
      return writer.u8(MESSAGE_CODE.PONG);
    case "HELLO":
      return writeHello(writer, message);
    case "WELCOME":
      return writeWelcome(writer, message);
    case "ANNOUNCE":
      return writeAnnounce(writer, message);
    case "QUERY":
      return writeQuery(writer, message);
    case "RESULT":
      return writeResult(writer, message);
    case "REPLAY":
      return writeReplay(writer, message);
  }
}

const BUNDLE_TIMESTAMP = 0x80;

function writeBundle(
  writer: ByteWriter,
  message: BundleMessage,
  enclosing: Enclosing | undefined,
): void {
  const inside = {
    depth: (enclosing?.depth ?? 0) + 1,
    total: enclosing?.total ?? { messages: 0 },
  };
  inside.total.messages += message.messages.length;
  if (inside.depth > BUNDLE_DEPTH_MAX) {
    throw new RangeError(`Cannot write bundles nested deeper than ${BUNDLE_DEPTH_MAX}`);
  }
  if (inside.total.messages > BUNDLE_MESSAGES_MAX) {
    throw new RangeError(
      `Cannot write a bundle of ${inside.total.messages} messages: ` +
        `at most ${BUNDLE_MESSAGES_MAX} are allowed`,
    );
  }
  writer.u8(MESSAGE_CODE.BUNDLE);
  writer.u8(message.timestampMicros !== undefined ? BUNDLE_TIMESTAMP : 0);
  writer.u16(message.messages.length);
  if (message.timestampMicros !== undefined) writer.u64(message.timestampMicros);
  for (const inner of message.messages) {
    const lengthAt = writer.length;
    writer.u16(0);
    writeInto(writer, inner, inside);
    const innerBytes = writer.length - lengthAt - 2;
    if (innerBytes > FRAME_PAYLOAD_BYTES_MAX) throw new FrameTooLargeError(innerBytes);
    writer.patchU16(lengthAt, innerBytes);
  }
}
