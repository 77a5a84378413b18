import type { Transport, TransportHandler } from "../../src/edge/transport.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import {
  ALL_SIGNALS,
  type EventEntry,
  FEATURE,
  type ForwardMessage,
  type Message,
  QOS,
  type RequestEntry,
  type RouterTrailer,
  SIGNAL,
} from "../../src/wire/message.ts";
import { encodeValue, type Value } from "../../src/wire/value_codec.ts";
import { type PeerFrame, readPeerFrames } from "./peer_frames.ts";
import { START_WALL_MICROS } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";

const EVERYTHING = "/**";
const FEATURES = FEATURE.param | FEATURE.event | FEATURE.stream | FEATURE.federation |
  FEATURE.envelope;

/** A version to be sent. */
export interface SentVersion {
  readonly kind?: "update" | "offer";
  readonly address: string;
  readonly value: Value;
  readonly revision: number;
  readonly timestampMicros: number;
  /** Default: the peer itself. */
  readonly origin?: string;
}

/** How a {@linkcode ScriptedPeer} presents itself. */
export interface PeerOptions {
  readonly id: string;
  readonly bootId?: number;
  readonly namespaces?: readonly string[];
  /** Of a leaf: what it wants to be told. Default: everything. */
  readonly subscriptions?: readonly string[];
  /** Of a hub: ids above it. */
  readonly above?: readonly string[];
}

/**
 * A peer made of frames, not of a router: it shakes hands, answers syncs, and beyond that sends only
 * what a test tells it to. What a production router would never send can be sent with it.
 */
export class ScriptedPeer {
  readonly id: string;
  /** Every frame received, contexts unpacked. */
  readonly received: PeerFrame[] = [];
  /** What the router at the other end said of itself. */
  peer: RouterTrailer | undefined;
  /** Whether the peer sends each event and each request back, as a ring would. */
  echoes = false;
  /** What the peer leaves unanswered. */
  ignores: "SYNC" | "RequestSync" | undefined;
  /** Reasons of the connections that ended. */
  readonly closes: string[] = [];
  readonly #world: SimWorld;
  readonly #options: PeerOptions;
  #transport: Transport | undefined;
  #hasAnswered = false;

  private constructor(world: SimWorld, options: PeerOptions) {
    this.id = options.id;
    this.#world = world;
    this.#options = options;
  }

  /** Dials a hub as its leaf. */
  static leafOf(hub: string, world: SimWorld, options: PeerOptions): ScriptedPeer {
    const peer = new ScriptedPeer(world, options);
    world.network.dial(peer.id, `ws://${hub}:7330`, {
      onOpen: (transport) => {
        peer.#transport = transport;
        peer.send({
          type: "HELLO",
          version: 1,
          features: FEATURES,
          name: peer.id,
          router: peer.#trailer(),
        });
        return peer.#handler((message) => peer.#asLeaf(message));
      },
      onFailed: (reason) => peer.closes.push(reason),
    });
    return peer;
  }

  /** Listens as a hub that a leaf of the world dials. */
  static hub(world: SimWorld, options: PeerOptions): ScriptedPeer {
    const peer = new ScriptedPeer(world, options);
    world.network.listen(peer.id, (transport) => {
      peer.#transport = transport;
      return peer.#handler((message) => peer.#asHub(message));
    });
    return peer;
  }

  /** Frames behind a context of a kind. */
  forwarded(kind: ForwardMessage["kind"]): readonly PeerFrame[] {
    return this.received.filter(({ context }) => context?.message.kind === kind);
  }

  /** Versions received for an address, oldest first. */
  versions(address: string): readonly PeerFrame[] {
    return [...this.forwarded("update"), ...this.forwarded("offer")].filter(({ message }) =>
      message.type === "SET" && message.address === address
    );
  }

  /** Ends the connection, if there is one. */
  disconnect(): void {
    this.#transport?.close(1000, "");
  }

  send(message: Message): void {
    this.#transport?.send(encodeFrame(message));
  }

  sendVersion(version: SentVersion): void {
    const { kind = "update", address, value, revision, timestampMicros, origin } = version;
    this.#forward({ ...this.#context(origin), kind }, [
      encodeFrame(
        { type: "SET", address, value: encodeValue(value), revision, ttl: 0 },
        { qos: QOS.fire, timestampMicros },
      ),
    ]);
  }

  sendEvent(
    event: {
      readonly address: string;
      readonly id: string;
      readonly origin?: string;
      readonly bootId?: number;
      readonly entry: EventEntry;
    },
  ): void {
    const { address, id, origin, bootId = 1, entry } = event;
    this.#forward({ ...this.#context(origin), kind: "event", bootId, entries: [entry] }, [
      encodeFrame({
        type: "PUBLISH",
        address,
        signal: SIGNAL.event,
        phase: 0,
        value: encodeValue(id),
      }),
    ]);
  }

  sendRequest(
    request: {
      readonly address: string;
      readonly value: string;
      readonly origin?: string;
      readonly bootId?: number;
      readonly entry: RequestEntry;
    },
  ): void {
    const { address, value, origin, bootId = 1, entry } = request;
    this.#forward({ ...this.#context(origin), kind: "request", bootId, entries: [entry] }, [
      encodeFrame({ type: "SET", address, value: encodeValue(value) }, { qos: QOS.confirm }),
    ]);
  }

  /** Answers a request of a router, whether it was asked or not. */
  sendReply(
    reply: SentVersion & { readonly requestId: number; readonly bootId?: number },
  ): void {
    const { address, value, revision, timestampMicros, origin, requestId, bootId = 1 } = reply;
    const entries = [{ requestId, stamperId: this.id, locked: false }];
    this.#forward({ ...this.#context(origin), kind: "reply", bootId, entries }, [
      encodeFrame(
        { type: "SET", address, value: encodeValue(value), revision, ttl: 0 },
        { qos: QOS.fire, timestampMicros },
      ),
    ]);
  }

  /** Sends an event, a request or a reply that came in, as it came. */
  sendBack({ context, bytes }: PeerFrame): void {
    if (context === undefined) throw new Error("Cannot send a frame without a context");
    const { message, index } = context;
    if (message.kind === "event") {
      this.#forward({ ...message, count: 1, entries: message.entries.slice(index, index + 1) }, [
        bytes,
      ]);
    } else if (message.kind === "request") {
      this.#forward({ ...message, count: 1, entries: message.entries.slice(index, index + 1) }, [
        bytes,
      ]);
    } else if (message.kind === "reply") {
      this.#forward({ ...message, count: 1, entries: message.entries.slice(index, index + 1) }, [
        bytes,
      ]);
    } else {
      throw new Error(`Cannot send back a frame of kind ${message.kind}`);
    }
  }

  #asLeaf(message: Message): void {
    if (message.type === "WELCOME") {
      this.peer = message.router;
      return this.#declare([]);
    }
    if (message.type === "ACK") {
      for (const [id, pattern] of (this.#options.subscriptions ?? [EVERYTHING]).entries()) {
        this.send({ type: "SUBSCRIBE", id, pattern, types: ALL_SIGNALS });
      }
      this.#requestSync();
    }
  }

  #asHub(message: Message): void {
    if (message.type === "HELLO") {
      this.send({
        type: "WELCOME",
        version: 1,
        features: FEATURES,
        timeMicros: this.#timeMicros(),
        session: "scripted",
        name: this.id,
        router: this.#trailer(),
      });
    } else if (message.type === "FEDERATION_SYNC" && message.op === "DeclareNamespaces") {
      this.send({ type: "ACK" });
      this.send({ type: "SUBSCRIBE", id: 1, pattern: EVERYTHING, types: ALL_SIGNALS });
      this.#declare(this.#options.above ?? []);
    }
  }

  #handler(handshake: (message: Message) => void): TransportHandler {
    return {
      onMessage: (bytes) => {
        for (const frame of readPeerFrames(bytes.slice())) {
          this.received.push(frame);
          if (frame.context === undefined) this.#answer(frame.message, handshake);
          else if (this.echoes) this.#echo(frame);
        }
      },
      onText: () => {},
      onClose: (_code, reason) => this.closes.push(reason),
    };
  }

  #echo(frame: PeerFrame): void {
    const kind = frame.context?.message.kind;
    if (kind === "event" || kind === "request") this.sendBack(frame);
  }

  #answer(message: Message, handshake: (message: Message) => void): void {
    if (message.type === "SYNC") {
      if (message.t2 !== undefined || this.ignores === "SYNC") return;
      const timeMicros = this.#timeMicros();
      this.send({ type: "SYNC", t1: message.t1, t2: timeMicros, t3: timeMicros });
    } else if (message.type === "FEDERATION_SYNC" && message.op === "RequestSync") {
      // A leaf asks; as a hub the peer has nothing to compare.
      if (this.ignores !== "RequestSync") this.#completeSync();
    } else if (message.type === "FEDERATION_SYNC" && message.op === "Digest") {
      // A hub compares; as a leaf the peer has nothing to say, and hears nothing.
      if (this.ignores === "RequestSync" || this.#hasAnswered) return;
      this.#hasAnswered = true;
      this.send({ ...message, root: undefined, groups: [], lists: [], wants: [], idle: true });
      this.#completeSync();
    } else {
      handshake(message);
    }
  }

  #declare(above: readonly string[]): void {
    const patterns = this.#options.namespaces ?? [];
    this.send({
      type: "FEDERATION_SYNC",
      op: "DeclareNamespaces",
      patterns,
      revisions: [],
      origin: this.id,
      declare: {
        more: false,
        claims: patterns.map(() => ({ ownerId: this.id, live: true })),
        path: [this.id, ...above],
      },
    });
  }

  #completeSync(): void {
    this.send({
      type: "FEDERATION_SYNC",
      op: "SyncComplete",
      patterns: [EVERYTHING],
      revisions: [],
      origin: this.id,
    });
  }

  #requestSync(): void {
    this.send({
      type: "FEDERATION_SYNC",
      op: "RequestSync",
      patterns: [EVERYTHING],
      revisions: [],
      origin: this.id,
    });
  }

  #context(origin: string = this.id) {
    return { type: "FEDERATION_SYNC", op: "Forward", origin, count: 1 } as const;
  }

  #forward(context: ForwardMessage, frames: readonly Uint8Array[]): void {
    const parts = [encodeFrame(context), ...frames];
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    this.#transport?.send(bytes);
  }

  #trailer(): RouterTrailer {
    return {
      routerId: this.id,
      bootId: this.#options.bootId ?? 1,
      timeMicros: this.#timeMicros(),
      timed: true,
    };
  }

  #timeMicros(): number {
    return START_WALL_MICROS + this.#world.clock.nowMicros;
  }
}
