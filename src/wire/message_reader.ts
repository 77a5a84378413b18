import { BUNDLE_DEPTH_MAX, BUNDLE_MESSAGES_MAX } from "../limits.ts";
import { ByteReader } from "./byte_reader.ts";
import { readAck, readError, readSync } from "./control_codec.ts";
import { readAnnounce, readResult } from "./definition_codec.ts";
import { readFederationSync } from "./federation_codec.ts";
import { readHello, readWelcome } from "./handshake_codec.ts";
import { type BundleMessage, type Message, MESSAGE_CODE } from "./message.ts";
import { readGet, readSet, readSnapshot } from "./param_codec.ts";
import { readPublish } from "./publish_codec.ts";
import { readQuery, readReplay, readSubscribe, readUnsubscribe } from "./subscription_codec.ts";
import { WireError } from "./wire_error.ts";

/**
 * Reads the message in the payload of a binary frame, whoever sent it.
 *
 * Strings and values are copies: the bytes may be reused afterwards. Bytes that follow a known
 * message are ignored, except where the public protocol or an extension gives them a meaning.
 *
 * @param bytes Holds the payload.
 * @param start Index of its first byte.
 * @param end Index after its last byte.
 * @throws {WireError} Of kind `message`.
 */
export function readMessage(bytes: Uint8Array, start: number, end: number): Message {
  return readFrom(new ByteReader(bytes, start, end), undefined);
}

/** The bundles around a message. */
interface Enclosing {
  readonly depth: number;
  /** Shared by all of them, so that nesting does not multiply the bound. */
  readonly total: { messages: number };
}

function readFrom(reader: ByteReader, enclosing: Enclosing | undefined): Message {
  const at = reader.position;
  const code = reader.u8("message code");
  switch (code) {
    case MESSAGE_CODE.SET:
      return readSet(reader);
    case MESSAGE_CODE.PUBLISH:
      return readPublish(reader);
    case MESSAGE_CODE.BUNDLE:
      return readBundle(reader, enclosing);
    case MESSAGE_CODE.ACK:
      return readAck(reader);
    case MESSAGE_CODE.ERROR:
      return readError(reader);
    case MESSAGE_CODE.SNAPSHOT:
      return readSnapshot(reader);
    case MESSAGE_CODE.GET:
      return readGet(reader);
    case MESSAGE_CODE.SUBSCRIBE:
      return readSubscribe(reader);
    case MESSAGE_CODE.UNSUBSCRIBE:
      return readUnsubscribe(reader);
    case MESSAGE_CODE.FEDERATION_SYNC:
      return readFederationSync(reader);
    case MESSAGE_CODE.SYNC:
      return readSync(reader);
    case MESSAGE_CODE.PING:
      return { type: "PING" };
    case MESSAGE_CODE.PONG:
      return { type: "PONG" };
    case MESSAGE_CODE.HELLO:
      return readHello(reader);
    case MESSAGE_CODE.WELCOME:
      return readWelcome(reader);
    case MESSAGE_CODE.ANNOUNCE:
      return readAnnounce(reader);
    case MESSAGE_CODE.QUERY:
      return readQuery(reader);
    case MESSAGE_CODE.RESULT:
      return readResult(reader);
    case MESSAGE_CODE.REPLAY:
      return readReplay(reader);
    default:
      throw new WireError(
        "message",
        at,
        `Cannot read a message: code 0x${code.toString(16).padStart(2, "0")} is not known`,
      );
  }
}

const BUNDLE_TIMESTAMP = 0x80;

function readBundle(reader: ByteReader, enclosing: Enclosing | undefined): BundleMessage {
  const at = reader.position;
  const flags = reader.u8("BUNDLE flags");
  const count = reader.u16("BUNDLE count");
  const inside = {
    depth: (enclosing?.depth ?? 0) + 1,
    total: enclosing?.total ?? { messages: 0 },
  };
  inside.total.messages += count;
  if (inside.depth > BUNDLE_DEPTH_MAX) {
    throw new WireError(
      "message",
      at,
      `Cannot read bundles nested deeper than ${BUNDLE_DEPTH_MAX}`,
    );
  }
  if (inside.total.messages > BUNDLE_MESSAGES_MAX) {
    throw new WireError(
      "message",
      at,
      `Cannot read a bundle of ${inside.total.messages} messages: ` +
        `at most ${BUNDLE_MESSAGES_MAX} are allowed`,
    );
  }
  const timestampMicros = (flags & BUNDLE_TIMESTAMP) !== 0
    ? reader.u64("BUNDLE timestamp")
    : undefined;
  const messages: Message[] = [];
  for (let i = 0; i < count; i++) {
    const length = reader.u16("length of a bundled message");
    messages.push(readFrom(reader.section(length, "bundled message"), inside));
  }
  return { type: "BUNDLE", timestampMicros, messages };
}
