import { BUNDLE_DEPTH_MAX, BUNDLE_MESSAGES_MAX, FRAME_PAYLOAD_BYTES_MAX } from "../limits.ts";
import { ByteWriter } from "./byte_writer.ts";
import {
  ALL_SIGNALS,
  type BundleMessage,
  type EncodedValue,
  type HelloMessage,
  type Message,
  type MessageType,
  type NamespaceSyncMessage,
  type PublishMessage,
  SIGNAL,
  type SignalDefinition,
  type SignalMeta,
  type SnapshotParam,
  type SubscribeMessage,
  type SubscribeOptions,
  VALUE_CODE,
  type WelcomeMessage,
} from "./message.ts";
import { writePublish } from "./publish_codec.ts";
import { encodeTtl } from "./ttl.ts";
import { phaseNamed, signalNamed, toFeatureBits } from "./v0_names.ts";
import { V0Fields } from "./v0_fields.ts";
import { WireError } from "./wire_error.ts";

const U8_MAX = 0xff;
const U16_MAX = 0xffff;
const ABSOLUTE_BIT = 0x8000_0000;
const SECONDS_MAX = 0x7fff_ffff;
const NULL_VALUE: EncodedValue = new Uint8Array([VALUE_CODE.null]);
const SHARED_WRITER = new ByteWriter(256);

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
    signals: fields.each("signals", readAnnounced),
  }),
  FEDERATION_SYNC: readNamespaceSync,
  SUBSCRIBE: readSubscribe,
  UNSUBSCRIBE: (fields) => ({ type: "UNSUBSCRIBE", id: fields.unsigned("id") }),
  PUBLISH: readPublish,
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
    types: readTypes(fields),
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
  RESULT: (fields) => ({ type: "RESULT", signals: fields.each("signals", readDefinition) }),
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

function readAnnounced(fields: V0Fields): SignalDefinition {
  return { ...readDefinition(fields), meta: readMeta(fields.optionalFields("meta")) };
}

function readDefinition(fields: V0Fields): SignalDefinition {
  const type = fields.string("type");
  const signal = signalNamed(type);
  if (signal === undefined) throw fields.unknown("type", type);
  return {
    address: fields.string("address"),
    signal,
    datatype: fields.optionalString("datatype"),
    access: fields.optionalString("access"),
  };
}

function readMeta(fields: V0Fields | undefined): SignalMeta | undefined {
  if (fields === undefined) return undefined;
  const range = fields.optionalNumbers("range");
  const [least, most] = range ?? [];
  if (range !== undefined && range.length !== 2) {
    throw fields.unknown("range", `${range.length} numbers`);
  }
  return {
    unit: fields.optionalString("unit"),
    range: least === undefined || most === undefined ? undefined : [least, most],
    default: fields.optionalValue("default"),
    description: fields.optionalString("description"),
  };
}

function readSubscribe(fields: V0Fields): SubscribeMessage {
  const options = fields.optionalFields("options");
  options?.rename("SUBSCRIBE options");
  return {
    type: "SUBSCRIBE",
    id: fields.unsigned("id"),
    pattern: fields.string("pattern"),
    types: readTypes(fields),
    options: options && readOptions(options),
  };
}

function readOptions(fields: V0Fields): SubscribeOptions | undefined {
  const options: SubscribeOptions = {
    maxRate: fields.optionalUnsigned("max_rate"),
    epsilon: fields.optionalNumber("epsilon"),
    history: fields.optionalUnsigned("history"),
    window: fields.optionalUnsigned("window"),
  };
  return Object.values(options).every((option) => option === undefined) ? undefined : options;
}

/** A list that names none asks for all. */
function readTypes(fields: V0Fields): number {
  let mask = 0;
  for (const name of fields.strings("types")) {
    const signal = signalNamed(name);
    if (signal === undefined) throw fields.unknown("types", name);
    mask |= 1 << signal;
  }
  return mask === 0 ? ALL_SIGNALS : mask;
}

/**
 * What a PUBLISH says stands in one of several fields; v1 has one place for it. Its frame is passed on,
 * so it must fit one of v1.
 */
function readPublish(fields: V0Fields, { at }: Enclosing): PublishMessage {
  const signal = readSignal(fields);
  const value = readContent(fields);
  const message: PublishMessage = {
    type: "PUBLISH",
    address: fields.string("address"),
    signal,
    phase: signal === SIGNAL.gesture ? readPhase(fields) : 0,
    value,
    samples: value === undefined ? fields.optionalNumbers("samples") : undefined,
    timestampMicros: fields.optionalU64("timestamp"),
    id: fields.optionalUnsigned("id"),
    rate: fields.optionalUnsigned("rate"),
  };
  checkSize(message, at);
  return message;
}

function readSignal(fields: V0Fields): PublishMessage["signal"] {
  const name = fields.optionalString("signal") ?? "event";
  const signal = signalNamed(name);
  if (signal === undefined) throw fields.unknown("signal", name);
  return signal;
}

function readPhase(fields: V0Fields): PublishMessage["phase"] {
  const name = fields.optionalString("phase") ?? "start";
  const phase = phaseNamed(name);
  if (phase === undefined) throw fields.unknown("phase", name);
  return phase;
}

function readContent(fields: V0Fields): EncodedValue | undefined {
  const value = fields.optionalValue("value") ?? fields.optionalValue("payload") ??
    fields.optionalValue("timeline");
  if (value !== undefined || fields.has("samples")) return value;
  // Said to be nil, which is how clients publish null.
  return fields.isNamed("value") || fields.isNamed("payload") ? NULL_VALUE : undefined;
}

function checkSize(message: PublishMessage, at: number): void {
  const { samples } = message;
  // Counted first: a list too long for its count is not written at all.
  if (samples === undefined || 8 * samples.length <= FRAME_PAYLOAD_BYTES_MAX) {
    SHARED_WRITER.reset();
    writePublish(SHARED_WRITER, message);
    if (SHARED_WRITER.length <= FRAME_PAYLOAD_BYTES_MAX) return;
  }
  throw new WireError(
    "message",
    at,
    `Cannot read PUBLISH at offset ${at}: in a binary frame, in which it is passed on, it takes ` +
      `more than the ${FRAME_PAYLOAD_BYTES_MAX} bytes that fit one`,
  );
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
