import { BUNDLE_DEPTH_MAX, BUNDLE_MESSAGES_MAX } from "../limits.ts";
import type {
  BundleMessage,
  HelloMessage,
  Message,
  MessageType,
  NamespaceSyncMessage,
  SnapshotParam,
  WelcomeMessage,
} from "./message.ts";
import { encodeTtl } from "./ttl.ts";
import { readV0Announced, readV0Definition } from "./v0_definition_reader.ts";
import { V0Fields } from "./v0_fields.ts";
import { toFeatureBits } from "./v0_names.ts";
import { readV0Publish } from "./v0_publish_reader.ts";
import { readV0Subscribe, readV0Types } from "./v0_subscription_reader.ts";
import { WireError } from "./wire_error.ts";

const U8_MAX = 0xff;
const U16_MAX = 0xffff;
const ABSOLUTE_BIT = 0x8000_0000;
const SECONDS_MAX = 0x7fff_ffff;

/**
 * Reads the message in the payload of a v0 frame: a MessagePack map whose `type` names the message.
 * Its fields are those of the public Rust structures; the spellings of the JS client are read too.
 *
 * Strings and values are copies. Bytes after the map are ignored, as are fields that nobody knows.
 *
 * @param bytes Holds the payload.
 * @param start Index of its first byte.
 * @param end Index after its last byte.
 * @throws {WireError} Of kind `message`.
 */
export function readV0Message(bytes: Uint8Array, start: number, end: number): Message {
  return readFrom(new V0Fields(bytes, start, end, "a message"), {
    depth: 0,
    total: { messages: 0 },
    at: start,
  });
}

/** The bundles around a message. */
interface Enclosing {
  readonly depth: number;
  /** Shared by all of them, so that nesting does not multiply the bound. */
  readonly total: { messages: number };
  /** Where the message begins, for errors. */
  readonly at: number;
}

type Reader = (fields: V0Fields, enclosing: Enclosing) => Message;

/** How each message is read. */
const READERS: { readonly [Type in MessageType]: Reader } = {
  HELLO: readHello,
  WELCOME: readWelcome,
  ANNOUNCE: (fields) => ({
    type: "ANNOUNCE",
    namespace: fields.string("namespace"),
    signals: fields.each("signals", readV0Announced),
  }),
  FEDERATION_SYNC: readNamespaceSync,
  SUBSCRIBE: readV0Subscribe,
  UNSUBSCRIBE: (fields) => ({ type: "UNSUBSCRIBE", id: fields.unsigned("id") }),
  PUBLISH: (fields, { at }) => readV0Publish(fields, at),
  SET: (fields) => ({
    type: "SET",
    address: fields.string("address"),
    value: fields.value("value"),
    revision: fields.optionalU64("revision"),
    lock: fields.optionalBool("lock") ?? false,
    unlock: fields.optionalBool("unlock") ?? false,
    ttl: readTtl(fields),
  }),
  GET: (fields) => ({ type: "GET", address: fields.string("address") }),
  SNAPSHOT: (fields) => ({ type: "SNAPSHOT", params: fields.each("params", readParam) }),
  REPLAY: (fields) => ({
    type: "REPLAY",
    pattern: fields.string("pattern"),
    from: fields.optionalU64("from"),
    to: fields.optionalU64("to"),
    limit: fields.optionalUnsigned("limit"),
    types: readV0Types(fields),
  }),
  BUNDLE: readBundle,
  SYNC: (fields) => ({
    type: "SYNC",
    t1: fields.u64("t1"),
    t2: fields.optionalU64("t2"),
    t3: fields.optionalU64("t3"),
  }),
  PING: () => ({ type: "PING" }),
  PONG: () => ({ type: "PONG" }),
  ACK: (fields) => ({
    type: "ACK",
    address: fields.optionalString("address"),
    revision: fields.optionalU64("revision"),
    locked: fields.optionalBool("locked"),
    holder: fields.optionalString("holder"),
    correlationId: fields.optionalUnsigned("correlation_id"),
  }),
  ERROR: (fields) => ({
    type: "ERROR",
    code: fields.unsigned("code", U16_MAX),
    message: fields.string("message"),
    address: fields.optionalString("address"),
    correlationId: fields.optionalUnsigned("correlation_id"),
  }),
  QUERY: (fields) => ({ type: "QUERY", pattern: fields.string("pattern") }),
  RESULT: (fields) => ({ type: "RESULT", signals: fields.each("signals", readV0Definition) }),
};

function readFrom(fields: V0Fields, enclosing: Enclosing): Message {
  const type = fields.string("type");
  if (!isMessageType(type)) throw fields.unknown("type", type);
  fields.rename(type);
  return READERS[type](fields, enclosing);
}

function isMessageType(type: string): type is MessageType {
  return Object.hasOwn(READERS, type);
}

function readHello(fields: V0Fields): HelloMessage {
  return {
    type: "HELLO",
    version: fields.unsigned("version", U8_MAX),
    features: toFeatureBits(fields.strings("features")),
    name: fields.string("name"),
    token: fields.optionalString("token"),
  };
}

function readWelcome(fields: V0Fields): WelcomeMessage {
  return {
    type: "WELCOME",
    version: fields.unsigned("version", U8_MAX),
    features: toFeatureBits(fields.strings("features")),
    timeMicros: fields.u64("time"),
    session: fields.string("session"),
    name: fields.string("name"),
    token: fields.optionalString("token"),
  };
}

function readParam(fields: V0Fields): SnapshotParam {
  return {
    address: fields.string("address"),
    value: fields.value("value"),
    revision: fields.u64("revision"),
    writer: fields.optionalString("writer"),
    timestampMicros: fields.optionalU64("timestamp"),
  };
}

/** `"Never"`, `{Sliding: seconds}` or `{Absolute: seconds}`; JS and Python count seconds, 0 never. */
function readTtl(fields: V0Fields): number | undefined {
  const kind = fields.kind("ttl");
  if (kind === undefined) return undefined;
  if (kind === "string") {
    const name = fields.string("ttl");
    if (name !== "Never") throw fields.unknown("ttl", name);
    return encodeTtl({ kind: "never" });
  }
  if (kind !== "map") {
    const seconds = fields.unsigned("ttl", SECONDS_MAX);
    return fields.optionalBool("absolute") === true ? ABSOLUTE_BIT + seconds : seconds;
  }
  const mode = fields.optionalFields("ttl");
  const sliding = mode?.optionalUnsigned("Sliding", SECONDS_MAX);
  const absolute = mode?.optionalUnsigned("Absolute", SECONDS_MAX);
  if (sliding !== undefined) return sliding;
  if (absolute !== undefined) return ABSOLUTE_BIT + absolute;
  throw fields.unknown("ttl", "a map without Sliding or Absolute");
}

function readNamespaceSync(fields: V0Fields): NamespaceSyncMessage {
  return {
    type: "FEDERATION_SYNC",
    op: readOp(fields),
    patterns: fields.strings("patterns"),
    revisions: fields.u64s("revisions"),
    since: fields.optionalU64("since_revision"),
    origin: fields.optionalString("origin"),
  };
}

function readOp(fields: V0Fields): NamespaceSyncMessage["op"] {
  const op = fields.string("op");
  switch (op) {
    case "DeclareNamespaces":
    case "RequestSync":
    case "RevisionVector":
    case "SyncComplete":
      return op;
    default:
      throw fields.unknown("op", op);
  }
}

function readBundle(fields: V0Fields, { depth, total, at }: Enclosing): BundleMessage {
  if (depth >= BUNDLE_DEPTH_MAX) {
    throw new WireError(
      "message",
      at,
      `Cannot read bundles nested deeper than ${BUNDLE_DEPTH_MAX}`,
    );
  }
  const inside = { depth: depth + 1, total, at };
  const messages = fields.each("messages", (inner) => readFrom(inner, inside), (count) => {
    total.messages += count;
    if (total.messages <= BUNDLE_MESSAGES_MAX) return;
    throw new WireError(
      "message",
      at,
      `Cannot read a bundle of ${total.messages} messages: ` +
        `at most ${BUNDLE_MESSAGES_MAX} are allowed`,
    );
  });
  return { type: "BUNDLE", timestampMicros: fields.optionalU64("timestamp"), messages };
}
