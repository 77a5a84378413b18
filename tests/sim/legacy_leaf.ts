import type { Transport } from "../../src/edge/transport.ts";
import { decodeFrame, encodeFrame } from "../../src/wire/frame.ts";
import {
  FEATURE,
  type Message,
  type NamespaceSyncMessage,
  type SetMessage,
  SIGNAL,
} from "../../src/wire/message.ts";
import { decodeValue, encodeValue, type Value } from "../../src/wire/value_codec.ts";
import type { SimWorld } from "./sim_world.ts";

const FEATURES = FEATURE.param | FEATURE.event | FEATURE.stream | FEATURE.federation;

/** How a {@linkcode LegacyLeaf} presents itself. */
export interface LegacyLeafOptions {
  /** Its router id; undefined: it tells none. */
  readonly id: string | undefined;
  readonly namespaces: readonly string[];
  /** Its name on the network. Default: its id. */
  readonly node?: string;
  /** Wait for the test to call `declare`. Default: it declares when it is welcome. */
  readonly isShy?: boolean;
}

/**
 * A leaf that behaves as the link of the public Rust federation crate does: HELLO with the
 * federation feature, DeclareNamespaces after WELCOME, what comes is taken as it is, PING is
 * answered, SYNC is ignored, one frame a message.
 */
export class LegacyLeaf {
  /** Values as it was told them, or set them. */
  readonly values: Map<string, Value> = new Map();
  /** Everything received, in order. */
  readonly received: Message[] = [];
  /** Messages with more behind their first frame: the public codec would not see it. */
  joined = 0;
  /** Reasons of the connections that ended. */
  readonly closes: string[] = [];
  /** Whether it answers PING. */
  isAlive = true;
  readonly #options: LegacyLeafOptions;
  readonly #node: string;
  readonly #revisions = new Map<string, number>();
  #transport: Transport | undefined;

  /** Dials at once. */
  constructor(world: SimWorld, hub: string, options: LegacyLeafOptions) {
    this.#options = options;
    this.#node = options.node ?? options.id ?? "legacy-leaf";
    world.network.dial(this.#node, `ws://${hub}:7330`, {
      onOpen: (transport) => {
        this.#transport = transport;
        this.send({ type: "HELLO", version: 1, features: FEATURES, name: "clasp-federation" });
        return {
          onMessage: (bytes) => this.#received(bytes),
          onText: () => {},
          onClose: (_code, reason) => this.closes.push(reason),
        };
      },
      onFailed: (reason) => this.closes.push(reason),
    });
  }

  /** What was received, of one type. */
  all<T extends Message["type"]>(type: T): readonly (Message & { readonly type: T })[] {
    return this.received.filter((message): message is Message & { readonly type: T } =>
      message.type === type
    );
  }

  send(message: Message): void {
    this.sendBytes(encodeFrame(message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#transport?.send(bytes);
  }

  close(): void {
    this.#transport?.close(1000, "");
  }

  declare(patterns: readonly string[] = this.#options.namespaces): void {
    this.sync("DeclareNamespaces", { patterns });
  }

  sync(op: NamespaceSyncMessage["op"], message: Partial<NamespaceSyncMessage> = {}): void {
    this.send({
      type: "FEDERATION_SYNC",
      op,
      patterns: [],
      revisions: [],
      origin: this.#options.id,
      ...message,
    });
  }

  /** Writes at home, and forwards it as the public crate does: with the revision that it has there. */
  set(address: string, value: Value): void {
    this.values.set(address, value);
    const revision = (this.#revisions.get(address) ?? 40) + 1;
    this.#revisions.set(address, revision);
    this.send({ ...setOf(address, value), revision });
  }

  publish(address: string, id: string): void {
    this.send(eventOf(address, id));
  }

  bundle(...messages: readonly Message[]): void {
    this.send({ type: "BUNDLE", messages });
  }

  #received(bytes: Uint8Array): void {
    const { header, message } = decodeFrame(bytes);
    if (bytes.length > header.payloadEnd) this.joined++;
    this.received.push(message);
    switch (message.type) {
      case "WELCOME":
        if (!this.#options.isShy) this.declare();
        return;
      case "SET":
        this.values.set(message.address, decodeValue(message.value));
        return;
      case "SNAPSHOT":
        for (const { address, value } of message.params) {
          this.values.set(address, decodeValue(value));
        }
        return;
      case "PING":
        if (this.isAlive) this.send({ type: "PONG" });
        return;
      default:
        return;
    }
  }
}

/** A SET without a revision. */
export function setOf(address: string, value: Value): SetMessage {
  return { type: "SET", address, value: encodeValue(value) };
}

/** An event. */
export function eventOf(address: string, id: string): Message {
  return { type: "PUBLISH", address, signal: SIGNAL.event, phase: 0, value: encodeValue(id) };
}
