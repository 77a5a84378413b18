import type { ConnectionId } from "../../../src/router/port.ts";
import { ByteWriter } from "../../../src/wire/byte_writer.ts";
import { decodeFrame, type FrameOptions, writeFrame } from "../../../src/wire/frame.ts";
import {
  type ClaimFacts,
  FEATURE,
  type ForwardMessage,
  type HelloMessage,
  type Message,
  type NamespaceSyncMessage,
  type RouterTrailer,
  type SetMessage,
} from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import type { FederationNode } from "./federation_node.ts";

const FEATURES = FEATURE.param | FEATURE.federation | FEATURE.envelope;

/** One frame to send. */
export type Frame = Message | readonly [Message, FrameOptions];

/** A peer of a {@linkcode FederationNode} that says what a test writes, right or wrong. */
export class TestPeer {
  readonly id: ConnectionId;
  readonly #node: FederationNode;

  constructor(node: FederationNode, id: ConnectionId) {
    this.#node = node;
    this.id = id;
  }

  /** Sends frames as one WebSocket message. */
  send(...frames: readonly Frame[]): void {
    const writer = new ByteWriter();
    for (const frame of frames) {
      if ("type" in frame) writeFrame(writer, frame);
      else writeFrame(writer, ...frame);
    }
    const bytes = writer.copy();
    this.#node.core.received(this.id, bytes, this.#node.nowMicros);
    // They are the transport's again: whoever kept them shall notice.
    bytes.fill(0xee);
    this.#node.flush();
  }

  /** All frames that came since the last call. */
  read(): Message[] {
    const { port } = this.#node;
    const sent = port.sentOn(this.id);
    port.actions = port.actions.filter((action) =>
      action.kind !== "send" || action.connection !== this.id
    );
    return sent.flatMap((bytes) => {
      const messages: Message[] = [];
      for (let offset = 0; offset < bytes.length;) {
        const { header, message } = decodeFrame(bytes, offset);
        messages.push(message);
        offset = header.payloadEnd;
      }
      return messages;
    });
  }

  /** Sends, and returns all that comes for it. */
  ask(...frames: readonly Frame[]): Message[] {
    this.send(...frames);
    return this.read();
  }

  /** How the router closed this connection. */
  get closed(): { readonly code: number; readonly reason: string } | undefined {
    for (const action of this.#node.port.actions) {
      if (action.kind === "close" && action.connection === this.id) return action;
    }
    return undefined;
  }
}

let lastConnection = 0;

/** A peer that has connected to a hub and said nothing. */
export function connectPeer(hub: FederationNode): TestPeer {
  const id = 500_000 + ++lastConnection;
  hub.core.accepted(id, `peer:${id}`, hub.nowMicros);
  return new TestPeer(hub, id);
}

/** A leaf by hand: connected to a hub, greeted and registered; what came for it was read. */
export function registerLeaf(
  hub: FederationNode,
  routerId: string,
  patterns: readonly string[],
): TestPeer {
  const leaf = connectPeer(hub);
  leaf.send(peerHello(routerId));
  assertEquals(leaf.read().map(({ type }) => type), ["WELCOME"]);
  leaf.send(declaration(routerId, patterns));
  // Before it, perhaps TIME: a hub that did not know the time has it from this leaf.
  assert(leaf.read().some(({ type }) => type === "ACK"));
  return leaf;
}

/** A hub by hand: a leaf has dialled it, is registered and Active; what came from it was read. */
export function registerHub(leaf: FederationNode, routerId: string): TestPeer {
  const hub = greetedHub(leaf, routerId);
  answerSyncs(hub);
  hub.send({ type: "ACK" }, {
    type: "SUBSCRIBE",
    id: 49_999,
    pattern: "/**",
    types: 0xff,
  }, {
    ...declaration(routerId, []),
  });
  answerSyncs(hub);
  hub.send(namespaceSync("SyncComplete", ["/**"]));
  assertEquals(leaf.linkState(), "Active");
  hub.read();
  return hub;
}

/** A hub by hand that a leaf has dialled, and that has said WELCOME. */
export function greetedHub(
  leaf: FederationNode,
  routerId: string,
  trailer: Partial<RouterTrailer> = {},
): TestPeer {
  const hub = dialledHub(leaf);
  hub.send(peerWelcome(routerId, trailer));
  return hub;
}

/** A hub by hand that a leaf has dialled, and that has not answered its HELLO. */
export function dialledHub(leaf: FederationNode): TestPeer {
  leaf.federation.start(leaf.nowMicros);
  const dial = leaf.port.take().find(({ kind }) => kind === "dial");
  assert(dial !== undefined);
  leaf.core.opened(dial.connection, "hub:1", leaf.nowMicros);
  leaf.flush();
  const hub = new TestPeer(leaf, dial.connection);
  assertEquals(hub.read().map(({ type }) => type), ["HELLO"]);
  return hub;
}

/** Answers SYNC until none comes. Returns what else came. */
export function answerSyncs(peer: TestPeer): Message[] {
  const others: Message[] = [];
  for (;;) {
    const messages = peer.read();
    const syncs = messages.filter((message) => message.type === "SYNC");
    others.push(...messages.filter((message) => message.type !== "SYNC"));
    if (syncs.length === 0) return others;
    for (const { t1 } of syncs) peer.send({ type: "SYNC", t1, t2: 5_000_000, t3: 5_000_000 });
  }
}

export function peerHello(
  routerId: string,
  trailer: Partial<RouterTrailer> = {},
): HelloMessage {
  return {
    type: "HELLO",
    version: 1,
    features: FEATURES,
    name: "peer",
    router: { routerId, bootId: 1, timeMicros: 0, timed: true, ...trailer },
  };
}

export function peerWelcome(routerId: string, trailer: Partial<RouterTrailer> = {}): Message {
  return {
    type: "WELCOME",
    version: 1,
    features: FEATURES,
    timeMicros: 0,
    session: "s",
    name: "hub",
    router: { routerId, bootId: 1, timeMicros: 0, timed: true, ...trailer },
  };
}

export function declaration(
  routerId: string,
  patterns: readonly string[],
  options: {
    readonly claims?: readonly ClaimFacts[];
    readonly path?: readonly string[];
    readonly more?: boolean;
  } = {},
): NamespaceSyncMessage {
  return {
    ...namespaceSync("DeclareNamespaces", patterns),
    origin: routerId,
    declare: {
      more: options.more ?? false,
      claims: options.claims ?? patterns.map(() => ({ ownerId: routerId, live: true })),
      path: options.path ?? [routerId],
    },
  };
}

export function namespaceSync(
  op: NamespaceSyncMessage["op"],
  patterns: readonly string[],
): NamespaceSyncMessage {
  return { type: "FEDERATION_SYNC", op, patterns, revisions: [] };
}

/** A context of one frame, and the frame. */
export function forwardVersion(
  kind: "update" | "offer",
  address: string,
  version: {
    readonly origin?: string;
    readonly revision?: number | undefined;
    readonly timestampMicros?: number | undefined;
    readonly ttl?: number;
    readonly value?: SetMessage["value"];
  } = {},
): readonly [ForwardMessage, Frame] {
  const { origin = "other" } = version;
  const { revision, timestampMicros } = { revision: 1, timestampMicros: 1, ...version };
  const { value = encodeValue(1), ttl } = version;
  return [
    { type: "FEDERATION_SYNC", op: "Forward", kind, origin, count: 1 },
    [{ type: "SET", address, value, revision, ttl }, { timestampMicros }],
  ];
}

/** A context of one write request, and its SET. */
export function forwardRequest(
  set: SetMessage,
  options: {
    readonly origin?: string;
    readonly requestId?: number;
    readonly remainingLifeMs?: number;
    readonly knownTimestampMicros?: number;
    readonly knownRevision?: number;
    readonly holder?: string;
  } = {},
): readonly [ForwardMessage, SetMessage] {
  const { origin = "elsewhere", ...entry } = options;
  return [{
    type: "FEDERATION_SYNC",
    op: "Forward",
    kind: "request",
    origin,
    bootId: 1,
    count: 1,
    entries: [{
      requestId: 1,
      remainingLifeMs: 5_000,
      knownTimestampMicros: 0,
      knownRevision: 0,
      holder: "",
      ...entry,
    }],
  }, set];
}

/** A context of one answer, and its frame. */
export function forwardReply(
  to: { readonly origin: string; readonly bootId: number; readonly requestId: number },
  frame: Frame,
  stamperId: string = "stamper",
  locked: boolean = false,
): readonly [ForwardMessage, Frame] {
  const { origin, bootId, requestId } = to;
  return [{
    type: "FEDERATION_SYNC",
    op: "Forward",
    kind: "reply",
    origin,
    bootId,
    count: 1,
    entries: [{ requestId, stamperId, locked }],
  }, frame];
}

/** A context of one event, and its PUBLISH. */
export function forwardEvent(
  publish: Message,
  options: {
    readonly origin?: string;
    readonly sequence?: number;
    readonly remainingLifeMs?: number;
    readonly ageMs?: number;
  } = {},
): readonly [ForwardMessage, Message] {
  const { origin = "elsewhere", sequence = 1, remainingLifeMs = 5_000, ageMs = 0 } = options;
  return [{
    type: "FEDERATION_SYNC",
    op: "Forward",
    kind: "event",
    origin,
    bootId: 1,
    count: 1,
    entries: [{ sequence, remainingLifeMs, ageMs }],
  }, publish];
}
