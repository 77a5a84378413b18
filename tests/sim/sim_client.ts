import type { Transport } from "../../src/edge/transport.ts";
import { ERROR_CODE } from "../../src/router/error_code.ts";
import { timeToLiveMicros } from "../../src/state/time_to_live.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import {
  ALL_SIGNALS,
  type ErrorMessage,
  type Message,
  type PhaseCode,
  type PublishMessage,
  QOS,
  type Qos,
  SIGNAL,
  type SignalCode,
  type SubscribeOptions,
  type Ttl,
} from "../../src/wire/message.ts";
import { encodeTtl } from "../../src/wire/ttl.ts";
import { encodeV0Frame } from "../../src/wire/v0_frame.ts";
import { decodeValue, encodeValue } from "../../src/wire/value_codec.ts";
import type { ClientEvent, ClientUpdate, ClientWrite, SessionOfClient } from "./checker.ts";
import { readPeerFrames } from "./peer_frames.ts";
import type { SimNetwork } from "./sim_network.ts";

/** How a {@linkcode SimClient} sets a value. */
export interface SetOptions {
  readonly expectedRevision?: number;
  readonly padding?: string;
  readonly ttl?: Ttl;
  readonly lock?: boolean;
  readonly unlock?: boolean;
}

/** Who is told what a {@linkcode SimClient} does and sees. */
export interface ClientWatcher {
  wrote(write: ClientWrite): void;
  answered(write: ClientWrite): void;
  updated(update: ClientUpdate): void;
  received(event: ClientEvent): void;
  readPast(write: ClientWrite): void;
}

/** A P2P signal that a client sent. */
export interface ClientSignal {
  /** Unique. */
  readonly id: string;
  /** The sessions. */
  readonly from: string;
  readonly to: string;
  /** Codes of ERRORs; 0 for an ACK. */
  readonly answers: number[];
}

/** When a client was connected. */
export interface SessionTime {
  readonly fromMicros: number;
  /** Undefined while it is. */
  toMicros: number | undefined;
}

/** Who a {@linkcode SimClient} is. */
export interface SimClientOptions {
  readonly name: string;
  readonly router: string;
  /** Subscribed in each session. */
  readonly subscriptions?: readonly string[];
  /** Of these subscriptions. */
  readonly limits?: SubscribeOptions | undefined;
  /** It speaks MessagePack, as the first clients did. */
  readonly speaksV0?: boolean;
}

interface OpenSession extends SessionOfClient {
  readonly transport: Transport;
  /** The write that waits for its answer, by address. */
  readonly waiting: Map<string, ClientWrite>;
  /** Addresses whose lock the client has, as far as it was told. */
  readonly locked: Set<string>;
  /** As its router calls it; empty until then. */
  id: string;
  /** By address: for each GET not answered yet, the write before it, whose answer comes first. */
  readonly reads: Map<string, (ClientWrite | undefined)[]>;
}

/** Where clients tell of their sessions. */
export const P2P_ANNOUNCE: string = "/clasp/p2p/announce";
/** Before the session that a signal is for. */
export const P2P_SIGNAL: string = "/clasp/p2p/signal/";
/** Ids of signals, and what stands for one in what `announce` publishes. */
const SIGNAL_ID = /:s\d+$/;
const ANNOUNCED = String({});
const RECONNECT_MICROS = 300_000;

/** A CLASP client that does what it is told, speaks real frames, and remembers all it receives. */
export class SimClient {
  readonly name: string;
  readonly router: string;
  readonly subscriptions: readonly string[];
  readonly limits: SubscribeOptions | undefined;
  /** Everything received, all sessions. */
  readonly messages: Message[] = [];
  /** Values as SET and SNAPSHOT told them, in order. */
  readonly updates: ClientUpdate[] = [];
  /** Events received, in order. */
  readonly events: ClientEvent[] = [];
  /** P2P signals sent, all sessions. */
  readonly signals: ClientSignal[] = [];
  /** Those received, each with the session that got it. */
  readonly signalsReceived: { readonly id: string; readonly session: string }[] = [];
  /** All sessions, oldest first. */
  readonly sessions: SessionTime[] = [];
  readonly #encode: typeof encodeFrame;
  readonly #network: SimNetwork;
  readonly #watcher: ClientWatcher;
  /** Per address, for answers that nothing waits for. */
  readonly #answeredLast = new Map<string, ClientWrite>();
  #session: OpenSession | undefined;
  #sessions = 0;
  #writes = 0;
  readonly #published: string[] = [];
  #wantsConnection = false;

  constructor(
    options: SimClientOptions & {
      readonly network: SimNetwork;
      readonly watcher: ClientWatcher;
    },
  ) {
    this.name = options.name;
    this.router = options.router;
    this.subscriptions = options.subscriptions ?? [];
    this.limits = options.limits;
    this.#encode = options.speaksV0 === true ? encodeV0Frame : encodeFrame;
    this.#network = options.network;
    this.#watcher = options.watcher;
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** Its process does not run at the moment. */
  get isSuspended(): boolean {
    return this.#network.isSuspended(this.name);
  }

  /** Connects, and again whenever the connection is lost, until `disconnect`. */
  connect(): void {
    this.#wantsConnection = true;
    this.#network.dial(this.name, `ws://${this.router}:7330`, {
      onOpen: (transport) => this.#opened(transport),
      onFailed: () => this.#reconnect(),
    });
  }

  /** Ends the connection for good. */
  disconnect(): void {
    this.#wantsConnection = false;
    this.#session?.transport.close(1000, "");
  }

  /** Whether it has ended its connection for good. */
  get hasLeft(): boolean {
    return !this.#wantsConnection;
  }

  /** Ends the connection; a new session follows. */
  reconnect(): void {
    this.#session?.transport.close(1000, "");
  }

  /** Id of the session, as its router calls it; undefined without one. */
  get sessionId(): string | undefined {
    return this.#session?.id;
  }

  /** Addresses whose lock the session has, as far as it was told. */
  get locked(): ReadonlySet<string> {
    return this.#session?.locked ?? new Set();
  }

  /** Whether a write to this address would be the only one that waits. */
  mayWrite(address: string): boolean {
    return this.#session !== undefined && !this.#session.waiting.has(address);
  }

  /** SETs a value nobody else sets, and asks for an answer. One write waits per address. */
  set(address: string, options: SetOptions = {}): ClientWrite {
    const session = this.#open();
    const { expectedRevision, padding = "", ttl, lock = false, unlock = false } = options;
    const write: ClientWrite = {
      client: this.name,
      router: this.router,
      address,
      value: encodeValue(`${this.name}:${++this.#writes}${padding}`),
      sentAtMicros: this.#network.clock.nowMicros,
      lifeMicros: ttl === undefined ? Infinity : timeToLiveMicros(encodeTtl(ttl)),
      session,
      lock,
      unlock,
      answers: [],
      isAbandoned: false,
    };
    session.waiting.set(address, write);
    this.#send({
      type: "SET",
      address,
      value: write.value,
      revision: expectedRevision,
      ttl: ttl === undefined ? undefined : encodeTtl(ttl),
      lock,
      unlock,
    });
    this.#watcher.wrote(write);
    return write;
  }

  /** Publishes an event, or another signal, with an id nobody else uses. Returns the id. */
  publish(
    address: string,
    what: { readonly signal?: SignalCode; readonly phase?: PhaseCode } = {},
  ): string {
    const id = `${this.name}:e${this.#published.push(address)}`;
    this.#send({
      type: "PUBLISH",
      address,
      signal: SIGNAL.event,
      phase: 0,
      ...what,
      value: encodeValue(id),
    });
    return id;
  }

  /** Sends a bundle, for now or for a moment of federation time, and asks for an answer. */
  bundle(messages: readonly Message[], timestampMicros?: number): void {
    this.#send({ type: "BUNDLE", timestampMicros, messages }, QOS.confirm);
  }

  /** The id in a publication of any client. */
  idOf({ value }: PublishMessage): string {
    return value === undefined ? "" : String(decodeValue(value));
  }

  /** Says that its session can be signalled to. */
  announce(): void {
    // Before WELCOME it could not say who it is.
    if (this.sessionId === undefined || this.sessionId === "") return;
    this.#send({
      type: "PUBLISH",
      address: P2P_ANNOUNCE,
      signal: SIGNAL.event,
      phase: 0,
      value: encodeValue({ session_id: this.sessionId ?? "" }),
    });
  }

  /** Sends a P2P signal, unless one to the same session waits for its answer. */
  signal(to: string): void {
    const { id: from } = this.#open();
    if (this.#signalTo(to)?.answers.length === 0) return;
    const id = `${this.name}:s${this.signals.length + 1}`;
    this.signals.push({ id, from, to, answers: [] });
    this.#send({
      type: "PUBLISH",
      address: P2P_SIGNAL + to,
      signal: SIGNAL.event,
      phase: 0,
      value: encodeValue(id),
    }, QOS.confirm);
  }

  /** The last one of this session to another. */
  #signalTo(to: string): ClientSignal | undefined {
    return this.signals.findLast((it) => it.to === to && it.from === this.sessionId);
  }

  get(address: string): void {
    const { waiting, reads } = this.#open();
    reads.set(address, [...reads.get(address) ?? [], waiting.get(address)]);
    this.#send({ type: "GET", address });
  }

  /** Subscribes for this session only; the answer is an ACK. */
  subscribe(id: number, pattern: string): void {
    this.#send({ type: "SUBSCRIBE", id, pattern, types: ALL_SIGNALS }, QOS.confirm);
  }

  /** Ends a subscription for this session; those of the constructor count from 0. */
  unsubscribe(id: number): void {
    this.#send({ type: "UNSUBSCRIBE", id });
  }

  /** Events of this client's, so far; the last part of the newest one's id. */
  get publications(): number {
    return this.#published.length;
  }

  /** Where an event was published, by its number, from 1. */
  addressOf(publication: number): string {
    return this.#published[publication - 1] ?? "";
  }

  #opened(transport: Transport): ReturnType<Parameters<SimNetwork["dial"]>[2]["onOpen"]> {
    const session: OpenSession = {
      client: this.name,
      router: this.router,
      number: ++this.#sessions,
      transport,
      waiting: new Map(),
      locked: new Set(),
      id: "",
      reads: new Map(),
    };
    this.#session = session;
    const time: SessionTime = { fromMicros: this.#network.clock.nowMicros, toMicros: undefined };
    this.sessions.push(time);
    this.#send({ type: "HELLO", version: 1, features: 0xf8, name: this.name });
    for (const [id, pattern] of this.subscriptions.entries()) {
      this.#send({ type: "SUBSCRIBE", id, pattern, types: ALL_SIGNALS, options: this.limits });
    }
    return {
      onMessage: (bytes) => {
        // Like the public codecs: what follows the first frame is ignored.
        const [frame] = readPeerFrames(bytes);
        if (frame !== undefined) this.#received(session, frame.message);
      },
      onText: () => {},
      onClose: () => {
        time.toMicros = this.#network.clock.nowMicros;
        for (const write of session.waiting.values()) write.isAbandoned = true;
        if (this.#session === session) this.#session = undefined;
        this.#reconnect();
      },
    };
  }

  #reconnect(): void {
    this.#network.clock.after(RECONNECT_MICROS, () => {
      this.#network.whenRunning(this.name, () => {
        if (this.#wantsConnection) this.connect();
      });
    });
  }

  #received(session: OpenSession, message: Message): void {
    this.messages.push(message);
    switch (message.type) {
      case "WELCOME":
        session.id = message.session;
        return;
      case "SET":
        return this.#updated(session, { ...message, revision: message.revision ?? 0 });
      case "SNAPSHOT":
        if (message.params.length === 1) this.#read(session, message.params[0]?.address ?? "");
        return message.params.forEach((param) => this.#updated(session, param));
      case "PUBLISH": {
        const id = this.idOf(message);
        if (id === ANNOUNCED) return;
        if (SIGNAL_ID.test(id)) {
          this.signalsReceived.push({ id, session: session.id });
          return;
        }
        const atMicros = this.#network.clock.nowMicros;
        const event = { session, address: message.address, id, atMicros };
        this.events.push(event);
        return this.#watcher.received(event);
      }
      case "ACK":
      case "ERROR":
        return this.#answered(session, message);
      default:
        return;
    }
  }

  #updated(
    session: OpenSession,
    { address, value, revision }: Pick<ClientUpdate, "address" | "value" | "revision">,
  ): void {
    const update = { session, address, value, revision };
    this.updates.push(update);
    this.#watcher.updated(update);
  }

  #answered(session: OpenSession, message: Message & { readonly type: "ACK" | "ERROR" }): void {
    if (message.type === "ERROR" && isAboutGet(message)) {
      return this.#read(session, message.address ?? "");
    }
    const signal = message.address?.startsWith(P2P_SIGNAL)
      ? this.#signalTo(message.address.slice(P2P_SIGNAL.length))
      : undefined;
    if (signal !== undefined) {
      signal.answers.push(message.type === "ACK" ? 0 : message.code);
      return;
    }
    const write = this.#writeOf(session, message.address ?? "");
    if (write === undefined) return;
    const atMicros = this.#network.clock.nowMicros;
    write.answers.push(
      message.type === "ACK"
        ? { kind: "accepted", revision: message.revision ?? 0, atMicros, holder: message.holder }
        : { kind: "refused", code: message.code, atMicros },
    );
    if (message.type === "ACK" && message.locked) session.locked.add(write.address);
    else if (message.type === "ACK" && write.unlock) session.locked.delete(write.address);
    session.waiting.delete(write.address);
    this.#answeredLast.set(write.address, write);
    this.#watcher.answered(write);
  }

  // The answer to a GET.
  #read({ reads }: OpenSession, address: string): void {
    const write = reads.get(address)?.shift();
    if (write?.answers.length === 0) this.#watcher.readPast(write);
  }

  // A second answer belongs to the write that was answered already, when no other waits.
  #writeOf(session: OpenSession, address: string): ClientWrite | undefined {
    return session.waiting.get(address) ?? this.#answeredLast.get(address);
  }

  // Only a SET is to be answered: an ACK does not say what it answers.
  #send(
    message: Message,
    qos: Qos = message.type === "SET" ? QOS.confirm : QOS.fire,
  ): void {
    this.#open().transport.send(this.#encode(message, { qos }));
  }

  #open(): OpenSession {
    if (this.#session === undefined) throw new Error(`Client "${this.name}" is not connected`);
    return this.#session;
  }
}

/** An ERROR names an address, not what it answers. */
function isAboutGet({ code, message }: ErrorMessage): boolean {
  return code === ERROR_CODE.addressNotFound || message.startsWith("Cannot get ");
}
