import {
  type BundleMessage,
  type DigestMessage,
  type EncodedValue,
  FEATURE,
  type FederationSyncMessage,
  type ForwardMessage,
  type LeaseMessage,
  type LinkAckMessage,
  type Message,
  type MessageType,
  type NamespaceSyncMessage,
  type PhaseCode,
  type PublishMessage,
  type RouterTrailer,
  type ShareCancelMessage,
  SIGNAL,
  type SignalAnswerMessage,
  type SignalCode,
  type SignalDefinition,
  type SignalsMessage,
  type TimeMessage,
  VALUE_CODE,
} from "../../../src/wire/message.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import type { Prng } from "../../support/prng.ts";

const CHARACTERS = ["a", "/", "*", "7", "é", "ž", "🎵", "\u0000", "\ufeff", "\uffff", "\u{10ffff}"];
const SIGNALS: readonly SignalCode[] = [0, 1, 2, 3, 4];
const PHASES: readonly PhaseCode[] = [0, 1, 2, 3];
const U64S = [0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
const F64S = [0, -0, 1, 0.1, -1e300, Infinity, -Infinity, NaN, 5e-324];

/** Makes a message of this type as a decoder would give it back, small enough for a frame. */
export function generateMessage(prng: Prng, type: MessageType): Message {
  switch (type) {
    case "HELLO":
      return { type, ...handshake(prng) };
    case "WELCOME":
      return { type, ...handshake(prng), timeMicros: u64(prng), session: text(prng) };
    case "ANNOUNCE":
      return { type, namespace: text(prng), signals: several(prng, announced) };
    case "FEDERATION_SYNC":
      return federationSync(prng);
    case "SUBSCRIBE":
      return { type, id: u32(prng), pattern: text(prng), types: mask(prng), ...options(prng) };
    case "UNSUBSCRIBE":
      return { type, id: u32(prng) };
    case "PUBLISH":
      return publish(prng);
    case "SET":
      return {
        type,
        address: text(prng),
        value: generateValue(prng),
        revision: maybe(prng, u64),
        lock: prng.nextInt(2) === 0,
        unlock: prng.nextInt(2) === 0,
        ttl: maybe(prng, u32),
      };
    case "GET":
      return { type, address: text(prng) };
    case "SNAPSHOT":
      return { type, params: several(prng, snapshotParam) };
    case "REPLAY":
      return {
        type,
        pattern: text(prng),
        from: maybe(prng, u64),
        to: maybe(prng, u64),
        limit: maybe(prng, u32),
        types: mask(prng),
      };
    case "BUNDLE":
      return bundle(prng, 1);
    case "SYNC":
      return { type, t1: u64(prng), t2: maybe(prng, u64), t3: maybe(prng, u64) };
    case "PING":
    case "PONG":
      return { type };
    case "ACK":
      return {
        type,
        address: maybe(prng, text),
        revision: maybe(prng, u64),
        locked: maybe(prng, bool),
        holder: maybe(prng, text),
        correlationId: maybe(prng, u32),
      };
    case "ERROR":
      return {
        type,
        code: prng.nextInt(65536),
        message: text(prng),
        address: maybe(prng, text),
        correlationId: maybe(prng, u32),
      };
    case "QUERY":
      return { type, pattern: text(prng) };
    case "RESULT":
      return { type, signals: several(prng, definition) };
  }
}

/** Makes an encoded value of any type code, nested a little. */
export function generateValue(prng: Prng, depth: number = 0): EncodedValue {
  const writer = new ByteWriter();
  writeRandomValue(writer, prng, depth);
  return writer.copy();
}

function writeRandomValue(writer: ByteWriter, prng: Prng, depth: number): void {
  const code = prng.nextInt(depth < 4 ? VALUE_CODE.map + 1 : VALUE_CODE.array);
  writer.u8(code);
  switch (code) {
    case VALUE_CODE.null:
      return;
    case VALUE_CODE.bool:
      return writer.u8(prng.nextInt(2));
    case VALUE_CODE.string:
      return writer.string(text(prng));
    case VALUE_CODE.bytes:
      return writer.string("x".repeat(prng.nextInt(80)));
    case VALUE_CODE.array:
    case VALUE_CODE.map: {
      const count = prng.nextInt(4);
      writer.u16(count);
      for (let i = 0; i < count; i++) {
        if (code === VALUE_CODE.map) writer.string(text(prng));
        writeRandomValue(writer, prng, depth + 1);
      }
      return;
    }
    default: {
      const bytes = [1, 2, 4, 8, 4, 8][code - VALUE_CODE.i8] ?? 0;
      for (let i = 0; i < bytes; i++) writer.u8(prng.nextInt(256));
    }
  }
}

function handshake(prng: Prng): {
  readonly version: number;
  readonly features: number;
  readonly name: string;
  readonly token: string | undefined;
  readonly router: RouterTrailer | undefined;
} {
  const features = prng.nextInt(256);
  return {
    version: prng.nextInt(256),
    features,
    name: text(prng),
    token: maybe(prng, () => `t${text(prng)}`),
    router: (features & FEATURE.envelope) === 0 ? undefined : {
      routerId: text(prng),
      bootId: u64(prng),
      timeMicros: u64(prng),
      timed: bool(prng),
    },
  };
}

function definition(prng: Prng): SignalDefinition {
  return {
    address: text(prng),
    signal: prng.pick(SIGNALS),
    datatype: maybe(prng, text),
    access: maybe(prng, text),
  };
}

function announced(prng: Prng): SignalDefinition {
  const meta = (): SignalDefinition["meta"] => ({
    unit: maybe(prng, text),
    range: maybe(prng, () => [f64(prng), f64(prng)] as const),
    default: maybe(prng, generateValue),
    description: maybe(prng, text),
  });
  return { ...definition(prng), meta: maybe(prng, meta) };
}

function options(prng: Prng): Pick<Extract<Message, { type: "SUBSCRIBE" }>, "options"> {
  const all = {
    maxRate: maybe(prng, u32),
    epsilon: maybe(prng, f64),
    history: maybe(prng, u32),
    window: maybe(prng, u32),
  };
  // A decoder makes no difference between no options and options without any.
  return Object.values(all).some((option) => option !== undefined) ? { options: all } : {};
}

function publish(prng: Prng): PublishMessage {
  const signal = prng.pick(SIGNALS);
  const content = prng.nextInt(3);
  return {
    type: "PUBLISH",
    address: text(prng),
    signal,
    phase: signal === SIGNAL.gesture ? prng.pick(PHASES) : 0,
    value: content === 1 ? generateValue(prng) : undefined,
    samples: content === 2 ? several(prng, f64) : undefined,
    timestampMicros: maybe(prng, u64),
    id: maybe(prng, u32),
    rate: maybe(prng, u32),
  };
}

function snapshotParam(prng: Prng): Extract<Message, { type: "SNAPSHOT" }>["params"][number] {
  return {
    address: text(prng),
    value: generateValue(prng),
    revision: u64(prng),
    writer: maybe(prng, text),
    timestampMicros: maybe(prng, u64),
  };
}

function bundle(prng: Prng, depth: number): BundleMessage {
  const inner = (): Message =>
    depth < 4 && prng.nextInt(4) === 0
      ? bundle(prng, depth + 1)
      : generateMessage(prng, prng.pick(["SET", "PUBLISH", "GET"]));
  return {
    type: "BUNDLE",
    timestampMicros: maybe(prng, u64),
    messages: several(prng, inner),
  };
}

function federationSync(prng: Prng): FederationSyncMessage {
  return prng.pick([
    forward,
    namespaceSync,
    digest,
    lease,
    linkAck,
    time,
    signals,
    answer,
    shareCancel,
  ])(prng);
}

function signals(prng: Prng): SignalsMessage {
  return {
    type: "FEDERATION_SYNC",
    op: "Signals",
    offered: several(prng, () => ({ ...definition(prng), meta: undefined })),
    withdrawn: several(prng, text),
    joined: several(prng, text),
    left: several(prng, text),
  };
}

function answer(prng: Prng): SignalAnswerMessage {
  const [bootId, sequence, code] = [u64(prng), u64(prng), prng.nextInt(0x10000)];
  const op = "SignalAnswer";
  return { type: "FEDERATION_SYNC", op, origin: text(prng), bootId, sequence, code };
}

function time(prng: Prng): TimeMessage {
  return { type: "FEDERATION_SYNC", op: "Time", timeMicros: u64(prng) };
}

function shareCancel(prng: Prng): ShareCancelMessage {
  const [origin, bootId, requestId] = [text(prng), u64(prng), u64(prng)];
  return { type: "FEDERATION_SYNC", op: "ShareCancel", origin, bootId, requestId };
}

function linkAck(prng: Prng): LinkAckMessage {
  return { type: "FEDERATION_SYNC", op: "LinkAck", events: u64(prng) };
}

function lease(prng: Prng): LeaseMessage {
  return {
    type: "FEDERATION_SYNC",
    op: "Lease",
    kind: prng.pick(["renew", "release", "confirmed", "denied"] as const),
    origin: text(prng),
    bootId: u64(prng),
    sentMicros: u64(prng),
    hops: prng.nextInt(256),
    entries: several(prng, () => ({ address: text(prng), holder: text(prng) })),
  };
}

function digest(prng: Prng): DigestMessage {
  const sum = (): DigestMessage["root"] & object => {
    // What holds nothing is not written.
    const count = prng.pick([0, 1, 127, 128, 16_384, 0xffff_ffff]);
    return count === 0 ? { count, high: 0, low: 0 } : { count, high: u32(prng), low: u32(prng) };
  };
  const place = (depthMax: number): { readonly depth: number; readonly index: number } => {
    const depth = prng.nextInt(depthMax + 1);
    return { depth, index: prng.nextInt(16 ** depth) };
  };
  return {
    type: "FEDERATION_SYNC",
    op: "Digest",
    exchangeId: u32(prng),
    more: bool(prng),
    idle: bool(prng),
    root: maybe(prng, sum),
    groups: several(prng, () => ({ ...place(3), children: Array.from({ length: 16 }, sum) })),
    lists: several(prng, () => ({
      ...place(4),
      versions: several(prng, () => ({
        address: text(prng),
        revision: u64(prng),
        timestampMicros: u64(prng),
        origin: text(prng),
        ...(bool(prng) ? { tombstone: true } : {}),
      })),
    })),
    wants: several(prng, text),
  };
}

function namespaceSync(prng: Prng): NamespaceSyncMessage {
  const op = prng.pick(
    ["DeclareNamespaces", "RequestSync", "RevisionVector", "SyncComplete"] as const,
  );
  const patterns = several(prng, text);
  const declare = (): NamespaceSyncMessage["declare"] => ({
    more: bool(prng),
    claims: patterns.map(() => ({ ownerId: text(prng), live: bool(prng) })),
    path: several(prng, text),
  });
  return {
    type: "FEDERATION_SYNC",
    op,
    patterns,
    revisions: several(prng, () => [text(prng), u64(prng)] as const),
    since: maybe(prng, u64),
    origin: maybe(prng, text),
    declare: op === "DeclareNamespaces" ? maybe(prng, declare) : undefined,
  };
}

function forward(prng: Prng): ForwardMessage {
  const kind = prng.pick(
    ["update", "offer", "request", "event", "reply", "share", "shareReply"] as const,
  );
  const type = "FEDERATION_SYNC";
  const op = "Forward";
  const origin = text(prng);
  const count = 1 + prng.nextInt(4);
  const entries = <Entry>(make: () => Entry): Entry[] => Array.from({ length: count }, make);
  const bootId = u64(prng);
  const remainingLifeMs = u32(prng);
  switch (kind) {
    case "update":
    case "offer":
      return { type, op, kind, origin, count, ...(bool(prng) ? { tombstones: true } : {}) };
    case "request":
      return {
        ...{ type, op, kind, origin, count, bootId },
        entries: entries(() => ({
          requestId: u64(prng),
          remainingLifeMs,
          knownTimestampMicros: u64(prng),
          knownRevision: u64(prng),
          holder: text(prng),
        })),
      };
    case "share":
      return {
        ...{ type, op, kind, origin, count, bootId },
        entries: entries(() => ({
          requestId: u64(prng),
          remainingLifeMs,
          runAtMicros: u64(prng),
          knownTimestampMicros: u64(prng),
          holder: text(prng),
        })),
      };
    case "shareReply":
      return {
        ...{ type, op, kind, origin, count, bootId },
        entries: entries(() => ({
          requestId: u64(prng),
          afterwards: bool(prng),
          lateMs: u32(prng),
        })),
      };
    case "event":
      return {
        ...{ type, op, kind, origin, count, bootId },
        entries: entries(() => ({ sequence: u64(prng), remainingLifeMs, ageMs: u32(prng) })),
      };
    case "reply":
      return {
        ...{ type, op, kind, origin, count, bootId },
        entries: entries(() => ({
          requestId: u64(prng),
          stamperId: text(prng),
          locked: bool(prng),
        })),
      };
  }
}

function several<Item>(prng: Prng, make: (prng: Prng) => Item): Item[] {
  return Array.from({ length: prng.nextInt(5) }, () => make(prng));
}

function maybe<Item>(prng: Prng, make: (prng: Prng) => Item): Item | undefined {
  return prng.nextInt(2) === 0 ? undefined : make(prng);
}

/** Lengths on both sides of where short strings end. */
function text(prng: Prng): string {
  const ascii = prng.nextInt(2) === 0;
  const length = prng.nextInt(prng.nextInt(4) === 0 ? 90 : 12);
  return Array.from({ length }, () => ascii ? "s" : prng.pick(CHARACTERS)).join("");
}

function bool(prng: Prng): boolean {
  return prng.nextInt(2) === 1;
}

function mask(prng: Prng): number {
  return prng.nextInt(4) === 0 ? 0xff : 1 + prng.nextInt(31);
}

function u32(prng: Prng): number {
  return prng.nextInt(4) === 0 ? prng.pick([0, 2 ** 31, 2 ** 32 - 1]) : prng.nextU32();
}

function u64(prng: Prng): number {
  return prng.nextInt(4) === 0 ? prng.pick(U64S) : prng.nextInt(Number.MAX_SAFE_INTEGER);
}

function f64(prng: Prng): number {
  return prng.nextInt(4) === 0 ? prng.pick(F64S) : prng.nextFloat() - 0.5;
}
