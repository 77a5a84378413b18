import { matches, parsePattern, type Pattern } from "../../src/address/pattern.ts";
import type { Transport, TransportHandler } from "../../src/edge/transport.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame.ts";
import {
  type BundleMessage,
  type EncodedValue,
  FEATURE,
  type HelloMessage,
  type Message,
  type NamespaceSyncMessage,
  type PublishMessage,
  type SetMessage,
  type SubscribeMessage,
  VALUE_CODE,
} from "../../src/wire/message.ts";
import { decodeValue, encodeValue } from "../../src/wire/value_codec.ts";
import { START_WALL_MICROS } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";

const FEATURES = FEATURE.param | FEATURE.event | FEATURE.stream | FEATURE.gesture |
  FEATURE.timeline;
const SNAPSHOT_PARAMS = 800;
const PATTERNS_MAX = 1_000;
const REVISIONS_MAX = 10_000;
const MESSAGES_PER_SECOND_MAX = 1_000;
const NAMESPACE_SUBSCRIPTION_ID = 50_000;

/** How a {@linkcode LegacyHub} behaves. */
export interface LegacyHubOptions {
  readonly id: string;
  /** Built without the federation feature: FEDERATION_SYNC is ignored. */
  readonly isDeaf?: boolean;
  /** Authenticated mode: what the sessions of peers may read. */
  readonly readScopes?: readonly string[];
  /** Authenticated mode: peers may write nothing. */
  readonly isReadOnly?: boolean;
}

interface Session {
  readonly id: string;
  readonly name: string;
  readonly isPeer: boolean;
  readonly transport: Transport;
  readonly subscriptions: Map<number, { readonly pattern: Pattern; readonly types: number }>;
  namespaces: readonly Pattern[];
  second: number;
  messages: number;
}

/**
 * A router that behaves as the public Rust router does, quirks included: WELCOME without the
 * federation bit, a full SNAPSHOT behind it, SETs echoed to their sender before they are
 * acknowledged, a revision in a SET read as the expected one, numbers written back as i64 and f64,
 * one frame a message, no DeclareNamespaces to peers, no more than 1,000 messages a second.
 */
export class LegacyHub {
  readonly id: string;
  readonly params: Map<string, { readonly value: EncodedValue; readonly revision: number }> =
    new Map();
  /** Every message of every session, in order. */
  readonly received: { readonly from: string; readonly message: Message }[] = [];
  /** Messages with more behind their first frame. */
  joined = 0;
  /** Messages refused because they came too fast. */
  overRate = 0;
  readonly #world: SimWorld;
  readonly #options: LegacyHubOptions;
  readonly #sessions = new Map<string, Session>();
  #ids = 0;

  constructor(world: SimWorld, options: LegacyHubOptions) {
    this.id = options.id;
    this.#world = world;
    this.#options = options;
    this.start();
  }

  /** Listens; sessions of clients and peers come by the network. */
  start(): void {
    this.#world.network.listen(this.id, (transport) => this.#handlerOf(transport));
  }

  /** The process ends, and its state with it; all are told at once. */
  crash(): void {
    this.params.clear();
    this.#sessions.clear();
    this.#world.network.nodeDied(this.id, () => 0);
  }

  /** What a peer or client sent, of one type. */
  from<T extends Message["type"]>(
    name: string,
    type: T,
  ): readonly (Message & { readonly type: T })[] {
    return this.received.flatMap(({ from, message }) =>
      from === name && isOfType(message, type) ? [message] : []
    );
  }

  /** What it holds of an address, for people. */
  held(address: string): string {
    const param = this.params.get(address);
    return param === undefined ? "nothing" : String(decodeValue(param.value));
  }

  #handlerOf(transport: Transport): TransportHandler {
    let session: Session | undefined;
    return {
      onMessage: (bytes) => {
        const { header, message } = decodeFrame(bytes);
        if (bytes.length > header.payloadEnd) this.joined++;
        if (session !== undefined) return this.#received(session, message);
        if (message.type === "HELLO") session = this.#hello(transport, message);
      },
      onText: () => {},
      onClose: () => {
        if (session !== undefined) this.#sessions.delete(session.id);
      },
    };
  }

  #hello(transport: Transport, { name, features }: HelloMessage): Session {
    const session: Session = {
      id: `${this.id}-session-${++this.#ids}`,
      name,
      isPeer: (features & FEATURE.federation) !== 0,
      transport,
      subscriptions: new Map(),
      namespaces: [],
      second: 0,
      messages: 0,
    };
    this.#sessions.set(session.id, session);
    send(session, {
      type: "WELCOME",
      version: 1,
      features: FEATURES,
      timeMicros: START_WALL_MICROS + this.#world.clock.nowMicros,
      session: session.id,
      name: "Clasp Router",
    });
    this.#sendSnapshot(session, () => true);
    return session;
  }

  #received(session: Session, message: Message): void {
    if (this.#isTooFast(session)) return;
    this.received.push({ from: session.name, message });
    switch (message.type) {
      case "SET":
        return this.#set(session, message);
      case "PUBLISH":
        return this.#publish(session, message);
      case "BUNDLE":
        return this.#bundle(session, message);
      case "SUBSCRIBE":
        return this.#subscribe(session, message);
      case "UNSUBSCRIBE":
        session.subscriptions.delete(message.id);
        return;
      case "GET":
        if (this.params.has(message.address)) {
          this.#sendSnapshot(session, (address) => address === message.address);
        }
        return;
      case "PING":
        return send(session, { type: "PONG" });
      case "SYNC": {
        const timeMicros = START_WALL_MICROS + this.#world.clock.nowMicros;
        return send(session, { type: "SYNC", t1: message.t1, t2: timeMicros, t3: timeMicros });
      }
      case "FEDERATION_SYNC":
        if (this.#options.isDeaf || !("patterns" in message)) return;
        return this.#federationSync(session, message);
      default:
        return;
    }
  }

  #isTooFast(session: Session): boolean {
    const second = Math.floor(this.#world.clock.nowMicros / 1_000_000);
    if (session.second !== second) session.messages = 0;
    session.second = second;
    if (++session.messages <= MESSAGES_PER_SECOND_MAX) return false;
    this.overRate++;
    sendError(session, 429, `Rate limit exceeded: ${MESSAGES_PER_SECOND_MAX} messages/second`);
    return true;
  }

  #set(session: Session, set: SetMessage): void {
    const { address } = set;
    if (session.isPeer && this.#options.isReadOnly) {
      return sendError(session, 301, "Insufficient scope for write operation", address);
    }
    if (isOutside(session, address)) {
      return sendError(session, 403, "SET outside declared federation namespace", address);
    }
    const revision = this.#apply(set);
    if (revision === undefined) {
      return sendError(session, 400, "RevisionConflict", address);
    }
    send(session, { type: "ACK", address, revision });
  }

  // The sender among those who subscribed: that is the echo.
  #apply(set: SetMessage): number | undefined {
    const { address, value, revision: expected, ttl } = set;
    const known = this.params.get(address);
    if (known !== undefined && expected !== undefined && expected !== known.revision) {
      return undefined;
    }
    const param = { value: written(value), revision: (known?.revision ?? 0) + 1 };
    this.params.set(address, param);
    for (const other of this.#subscribersOf(address, 1)) {
      send(other, { type: "SET", address, ...param, ttl });
    }
    return param.revision;
  }

  #publish(session: Session, message: PublishMessage): void {
    const { address } = message;
    if (isOutside(session, address)) {
      return sendError(session, 403, "PUBLISH outside declared federation namespace", address);
    }
    this.#broadcast(session, message);
  }

  #broadcast(from: Session, message: PublishMessage): void {
    for (const other of this.#subscribersOf(message.address, 1 << message.signal)) {
      if (other !== from) send(other, message);
    }
  }

  // It does not look at namespaces here.
  #bundle(session: Session, { messages }: BundleMessage): void {
    for (const message of messages) {
      if (message.type === "SET") this.#apply(message);
      if (message.type === "PUBLISH") this.#broadcast(session, message);
    }
    send(session, { type: "ACK" });
  }

  #subscribe(session: Session, { id, pattern: text, types }: SubscribeMessage): void {
    if (!this.#mayRead(text)) {
      return sendError(session, 301, "Insufficient scope for subscription", text);
    }
    const pattern = parsePattern(text);
    session.subscriptions.set(id, { pattern, types });
    const isWanted = (address: string) => matches(pattern, address);
    if ([...this.params.keys()].some(isWanted)) this.#sendSnapshot(session, isWanted);
  }

  #federationSync(session: Session, message: NamespaceSyncMessage): void {
    if (!session.isPeer) {
      return sendError(session, 403, "FederationSync requires federation feature");
    }
    if (message.patterns.length > PATTERNS_MAX) {
      return sendError(session, 400, "too many patterns");
    }
    switch (message.op) {
      case "DeclareNamespaces":
        return this.#declare(session, message);
      case "RequestSync":
        return this.#requestSync(session, message);
      case "RevisionVector":
        return this.#revisionVector(session, message);
      case "SyncComplete":
        return;
    }
  }

  #declare(session: Session, { patterns }: NamespaceSyncMessage): void {
    const unreadable = patterns.find((pattern) => !this.#mayRead(pattern));
    if (unreadable !== undefined) {
      return sendError(session, 403, `insufficient scope for namespace: ${unreadable}`);
    }
    for (const index of session.namespaces.keys()) {
      session.subscriptions.delete(NAMESPACE_SUBSCRIPTION_ID + index);
    }
    session.namespaces = patterns.map(parsePattern);
    for (const [index, pattern] of session.namespaces.entries()) {
      session.subscriptions.set(NAMESPACE_SUBSCRIPTION_ID + index, { pattern, types: 0xff });
    }
    send(session, { type: "ACK" });
  }

  #requestSync(session: Session, { patterns }: NamespaceSyncMessage): void {
    const declared = session.namespaces.map(({ text }) => text);
    for (const pattern of patterns) {
      if (!declared.includes(pattern)) {
        return sendError(session, 403, `pattern '${pattern}' not covered by declared namespaces`);
      }
    }
    for (const text of patterns) {
      const pattern = parsePattern(text);
      this.#sendSnapshot(session, (address) => matches(pattern, address));
    }
    send(session, {
      type: "FEDERATION_SYNC",
      op: "SyncComplete",
      patterns,
      revisions: [],
      origin: "Clasp Router",
    });
  }

  #revisionVector(session: Session, { revisions }: NamespaceSyncMessage): void {
    if (revisions.length > REVISIONS_MAX) return sendError(session, 400, "too many entries");
    const known = new Map(revisions);
    const isNewer = (address: string) =>
      session.namespaces.some((pattern) => matches(pattern, address)) &&
      (this.params.get(address)?.revision ?? 0) > (known.get(address) ?? Infinity);
    if ([...known.keys()].some(isNewer)) this.#sendSnapshot(session, isNewer);
  }

  #sendSnapshot(session: Session, isWanted: (address: string) => boolean): void {
    const params = [...this.params]
      .filter(([address]) => isWanted(address))
      .map(([address, param]) => ({ address, ...param, writer: "someone", timestampMicros: 1 }));
    for (let start = 0; start === 0 || start < params.length; start += SNAPSHOT_PARAMS) {
      send(session, { type: "SNAPSHOT", params: params.slice(start, start + SNAPSHOT_PARAMS) });
    }
  }

  #subscribersOf(address: string, type: number): Session[] {
    return [...this.#sessions.values()].filter(({ subscriptions }) =>
      [...subscriptions.values()].some(({ pattern, types }) =>
        (types & type) !== 0 && matches(pattern, address)
      )
    );
  }

  #mayRead(pattern: string): boolean {
    const { readScopes } = this.#options;
    return readScopes === undefined || readScopes.includes(pattern);
  }
}

function isOfType<T extends Message["type"]>(
  message: Message,
  type: T,
): message is Message & { readonly type: T } {
  return message.type === type;
}

function isOutside({ isPeer, namespaces }: Session, address: string): boolean {
  return isPeer && namespaces.length > 0 &&
    !namespaces.some((pattern) => matches(pattern, address));
}

/** As the Rust codec writes what it has read: integers as i64. */
function written(value: EncodedValue): EncodedValue {
  const code = value[0] ?? VALUE_CODE.null;
  const decoded = decodeValue(value);
  const isSmall = code >= VALUE_CODE.i8 && code <= VALUE_CODE.i32;
  return encodeValue(isSmall && typeof decoded === "number" ? BigInt(decoded) : decoded);
}

function send(session: Session, message: Message): void {
  session.transport.send(encodeFrame(message));
}

function sendError(session: Session, code: number, message: string, address?: string): void {
  send(session, { type: "ERROR", code, message, address });
}
