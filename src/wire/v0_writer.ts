import type { ByteWriter } from "./byte_writer.ts";
import {
  ALL_SIGNALS,
  type FederationSyncMessage,
  type HelloMessage,
  type Message,
  type PublishMessage,
  SIGNAL,
  type SignalDefinition,
  type SignalMeta,
  type SnapshotParam,
  type SubscribeMessage,
  type SubscribeOptions,
  type WelcomeMessage,
} from "./message.ts";
import { MessagePackWriter } from "./message_pack_writer.ts";
import { decodeTtl } from "./ttl.ts";
import { V0MapWriter } from "./v0_map_writer.ts";
import { maskNames, phaseName, signalName, toFeatureNames } from "./v0_names.ts";

/**
 * Appends a message as the payload of a v0 frame: the reverse of `readV0Message`, byte for byte what
 * the public Rust structures are written as, except that bytes are MessagePack bytes, not a list of
 * integers.
 *
 * When this throws, the writer holds a part of the message.
 *
 * @throws {TypeError} When it is a message that only clasp-fed routers send each other.
 */
export function writeV0Message(writer: ByteWriter, message: Message): void {
  writeInto(new V0MapWriter(new MessagePackWriter(writer)), message);
}

function writeInto(map: V0MapWriter, message: Message): void {
  map.string("type", message.type);
  switch (message.type) {
    case "SET":
      return writeSet(map, message);
    case "PUBLISH":
      return writePublish(map, message);
    case "SNAPSHOT":
      return map.maps("params", message.params, writeParam);
    case "ACK":
      map.string("address", message.address);
      map.unsigned("revision", message.revision);
      map.bool("locked", message.locked);
      map.string("holder", message.holder);
      return map.unsigned("correlation_id", message.correlationId);
    case "ERROR":
      map.unsigned("code", message.code);
      map.string("message", message.message);
      map.string("address", message.address);
      return map.unsigned("correlation_id", message.correlationId);
    case "BUNDLE":
      map.unsigned("timestamp", message.timestampMicros);
      return map.maps("messages", message.messages, writeInto);
    case "GET":
      return map.string("address", message.address);
    case "SUBSCRIBE":
      return writeSubscribe(map, message);
    case "UNSUBSCRIBE":
      return map.unsigned("id", message.id);
    case "FEDERATION_SYNC":
      return writeNamespaceSync(map, message);
    case "SYNC":
      map.unsigned("t1", message.t1);
      map.unsigned("t2", message.t2);
      return map.unsigned("t3", message.t3);
    case "PING":
    case "PONG":
      return;
    case "HELLO":
      return writeHello(map, message);
    case "WELCOME":
      return writeWelcome(map, message);
    case "ANNOUNCE":
      map.string("namespace", message.namespace);
      return map.maps("signals", message.signals, writeAnnounced);
    case "QUERY":
      return map.string("pattern", message.pattern);
    case "RESULT":
      return map.maps("signals", message.signals, writeDefinition);
    case "REPLAY":
      map.string("pattern", message.pattern);
      map.unsigned("from", message.from);
      map.unsigned("to", message.to);
      map.unsigned("limit", message.limit);
      return writeTypes(map, message.types);
  }
}

function writeSet(map: V0MapWriter, message: Message & { readonly type: "SET" }): void {
  map.string("address", message.address);
  map.value("value", message.value);
  map.unsigned("revision", message.revision);
  map.bool("lock", message.lock === true);
  map.bool("unlock", message.unlock === true);
  if (message.ttl !== undefined) writeTtl(map, message.ttl);
}

function writeTtl(map: V0MapWriter, raw: number): void {
  const ttl = decodeTtl(raw);
  if (ttl.kind === "never") return map.string("ttl", "Never");
  map.map(
    "ttl",
    (mode) => mode.unsigned(ttl.kind === "sliding" ? "Sliding" : "Absolute", ttl.seconds),
  );
}

function writePublish(map: V0MapWriter, message: PublishMessage): void {
  const { signal, value } = message;
  map.string("address", message.address);
  map.string("signal", signalName(signal));
  // Clients write so what they publish, and read either.
  map.value(signal === SIGNAL.event ? "payload" : "value", value);
  map.numbers("samples", message.samples);
  map.unsigned("rate", message.rate);
  map.unsigned("id", message.id);
  if (signal === SIGNAL.gesture) map.string("phase", phaseName(message.phase));
  map.unsigned("timestamp", message.timestampMicros);
}

function writeParam(map: V0MapWriter, param: SnapshotParam): void {
  map.string("address", param.address);
  map.value("value", param.value);
  map.unsigned("revision", param.revision);
  map.string("writer", param.writer);
  map.unsigned("timestamp", param.timestampMicros);
}

function writeHello(map: V0MapWriter, message: HelloMessage): void {
  map.unsigned("version", message.version);
  map.string("name", message.name);
  map.strings("features", toFeatureNames(message.features));
  map.string("token", message.token);
}

function writeWelcome(map: V0MapWriter, message: WelcomeMessage): void {
  map.unsigned("version", message.version);
  map.string("session", message.session);
  map.string("name", message.name);
  map.strings("features", toFeatureNames(message.features));
  map.unsigned("time", message.timeMicros);
  map.string("token", message.token);
}

function writeSubscribe(map: V0MapWriter, message: SubscribeMessage): void {
  map.unsigned("id", message.id);
  map.string("pattern", message.pattern);
  writeTypes(map, message.types);
  const { options } = message;
  if (options !== undefined) map.map("options", (inner) => writeOptions(inner, options));
}

function writeOptions(map: V0MapWriter, options: SubscribeOptions): void {
  map.unsigned("max_rate", options.maxRate);
  map.f64("epsilon", options.epsilon);
  map.unsigned("history", options.history);
  map.unsigned("window", options.window);
}

function writeTypes(map: V0MapWriter, mask: number): void {
  const names = mask === ALL_SIGNALS ? [] : maskNames(mask);
  if (names.length > 0) map.strings("types", names);
}

function writeAnnounced(map: V0MapWriter, definition: SignalDefinition): void {
  writeDefinition(map, definition);
  const { meta } = definition;
  if (meta !== undefined) map.map("meta", (inner) => writeMeta(inner, meta));
}

/** What definitions say in `meta` travels in ANNOUNCE only, as in v1. */
function writeDefinition(map: V0MapWriter, definition: SignalDefinition): void {
  map.string("address", definition.address);
  map.string("type", signalName(definition.signal));
  map.string("datatype", definition.datatype);
  map.string("access", definition.access);
}

function writeMeta(map: V0MapWriter, meta: SignalMeta): void {
  map.string("unit", meta.unit);
  map.numbers("range", meta.range);
  map.value("default", meta.default);
  map.string("description", meta.description);
}

function writeNamespaceSync(map: V0MapWriter, message: FederationSyncMessage): void {
  if (!("patterns" in message) || message.declare !== undefined) {
    throw new TypeError(`Cannot write ${message.op} in v0: routers speak v1 with each other`);
  }
  map.string("op", message.op);
  if (message.patterns.length > 0) map.strings("patterns", message.patterns);
  if (message.revisions.length > 0) map.unsignedMap("revisions", message.revisions);
  map.unsigned("since_revision", message.since);
  map.string("origin", message.origin);
}
