import type { ConnectionId } from "../../../src/router/port.ts";
import { decodeFrame } from "../../../src/wire/frame.ts";
import type { DigestMessage, Message } from "../../../src/wire/message.ts";
import { assert } from "../../support/assert.ts";
import type { PortAction } from "../router/fake_port.ts";
import { START_MICROS } from "../router/test_router.ts";
import { FederationNode, type NodeOptions } from "./federation_node.ts";

interface End {
  readonly node: FederationNode;
  readonly connection: ConnectionId;
}

/** One frame that travelled. */
export interface Traced {
  readonly from: string;
  readonly to: string;
  readonly message: Message;
}

/**
 * Routers in one process, joined by their fake ports. Messages of a connection arrive in order, after
 * `latencyMicros`; nothing is lost but by `cut`.
 */
export class TestNetwork {
  /** One way. */
  latencyMicros = 0;
  /** Every frame between routers so far. */
  readonly trace: Traced[] = [];
  readonly #nodes = new Map<string, FederationNode>();
  readonly #ends = new Map<string, End>();
  readonly #inFlight: { readonly dueMicros: number; readonly arrive: () => void }[] = [];
  #nowMicros = START_MICROS;
  #lastAccepted = 0;

  /** Adds a router; it starts to dial at once. */
  add(options: NodeOptions): FederationNode {
    const node = new FederationNode(options);
    node.nowMicros = this.#nowMicros;
    this.#nodes.set(options.routerId, node);
    node.federation.start(this.#nowMicros);
    return node;
  }

  /** Lets everything arrive that is in flight, and what follows from it. */
  settle(): void {
    for (let steps = 0;; steps++) {
      assert(steps < 200_000, "the network must come to rest");
      this.#collect();
      const next = this.#inFlight.shift();
      if (next !== undefined) {
        this.#setTime(Math.max(this.#nowMicros, next.dueMicros));
        next.arrive();
        continue;
      }
      const asked = [...this.#nodes.values()].find(({ authenticator }) =>
        authenticator !== undefined && authenticator.asked.length > 0
      );
      if (asked !== undefined) {
        asked.answerTokens();
        continue;
      }
      const node = [...this.#nodes.values()].find(({ core }) => core.wantsFlush);
      if (node === undefined) return;
      node.flush();
    }
  }

  /** Settles, and lets time pass with all that is planned in it. */
  advance(ms: number): void {
    this.settle();
    const untilMicros = this.#nowMicros + ms * 1_000;
    for (;;) {
      const due = [...this.#nodes.values()]
        .map((node) => ({ node, atMicros: node.core.nextWakeMicros ?? Infinity }))
        .reduce((a, b) => b.atMicros < a.atMicros ? b : a);
      if (due.atMicros > untilMicros) break;
      this.#setTime(Math.max(this.#nowMicros, due.atMicros));
      due.node.core.wake(this.#nowMicros);
      this.settle();
    }
    this.#setTime(Math.max(this.#nowMicros, untilMicros));
  }

  /** Ends all connections between two routers, on both sides; what is in flight is lost. */
  cut(a: FederationNode, b: FederationNode): void {
    this.#collect();
    this.#inFlight.length = 0;
    for (const end of [...this.#ends.values()]) {
      const other = this.#ends.get(keyOf(end));
      if (other?.node !== a || end.node !== b) continue;
      for (const { node, connection } of [end, other]) {
        this.#ends.delete(keyOf({ node, connection }));
        node.core.closed(connection, "cut", this.#nowMicros);
      }
    }
  }

  /** A router that is gone: its connections are cut and nobody can dial it. */
  remove(node: FederationNode): void {
    for (const other of this.#nodes.values()) {
      this.cut(node, other);
      this.cut(other, node);
    }
    this.#nodes.delete(node.routerId);
  }

  /** The frames from one router to another since the last call, as text. */
  takeTrace(): string[] {
    return this.trace.splice(0).map(({ from, to, message }) =>
      `${from} > ${to}: ${describe(message)}`
    );
  }

  #collect(): void {
    for (const node of this.#nodes.values()) {
      const actions = node.port.take();
      // What goes to clients stays for the test to read.
      node.port.actions = actions.filter((action) => !this.#carry(node, action));
    }
  }

  #carry(node: FederationNode, action: PortAction): boolean {
    const { connection } = action;
    if (action.kind === "dial") {
      this.#later(() => this.#connect({ node, connection }, new URL(action.url).hostname));
      return true;
    }
    const other = this.#ends.get(keyOf({ node, connection }));
    if (other === undefined) return false;
    if (action.kind === "send") {
      const { bytes } = action;
      for (let offset = 0; offset < bytes.length;) {
        const { header, message } = decodeFrame(bytes, offset);
        offset = header.payloadEnd;
        this.trace.push({ from: node.routerId, to: other.node.routerId, message });
      }
      this.#later(() => {
        other.node.core.received(other.connection, bytes, this.#nowMicros);
        // They are the transport's again: whoever kept them shall notice.
        bytes.fill(0xee);
      });
    } else {
      this.#ends.delete(keyOf({ node, connection }));
      this.#later(() => {
        if (!this.#ends.delete(keyOf(other))) return;
        other.node.core.closed(other.connection, action.reason, this.#nowMicros);
      });
    }
    return true;
  }

  #connect(dialler: End, routerId: string): void {
    const node = this.#nodes.get(routerId);
    if (node === undefined) {
      dialler.node.core.dialFailed(dialler.connection, "nobody listens", this.#nowMicros);
      return;
    }
    const accepted: End = { node, connection: 1_000_000 + ++this.#lastAccepted };
    this.#ends.set(keyOf(dialler), accepted);
    this.#ends.set(keyOf(accepted), dialler);
    const address = `${dialler.node.routerId}:1`;
    node.core.accepted(accepted.connection, address, this.#nowMicros);
    dialler.node.core.opened(dialler.connection, `${routerId}:1`, this.#nowMicros);
  }

  #later(arrive: () => void): void {
    this.#inFlight.push({ dueMicros: this.#nowMicros + this.latencyMicros, arrive });
  }

  #setTime(nowMicros: number): void {
    this.#nowMicros = nowMicros;
    for (const node of this.#nodes.values()) node.nowMicros = nowMicros;
  }
}

function keyOf({ node, connection }: End): string {
  return `${node.routerId} ${connection}`;
}

/** A message in a few words. */
export function describe(message: Message): string {
  switch (message.type) {
    case "FEDERATION_SYNC":
      if (message.op === "Forward") return `${message.kind} x${message.count} ${message.origin}`;
      if (message.op === "Digest") return describeDigest(message);
      if (message.op === "Time") return `Time ${message.timeMicros}`;
      if (message.op === "Lease") return `Lease ${message.kind} x${message.entries.length}`;
      if (message.op === "LinkAck") return `LINK_ACK ${message.events}`;
      if (message.op === "SignalAnswer") return `signal ${message.code}`;
      if (message.op === "Signals") return "Signals";
      if (message.op === "ShareCancel") return `ShareCancel ${message.requestId}`;
      return `${message.op} ${message.patterns.join(" ")}`;
    case "SUBSCRIBE":
      return `SUBSCRIBE ${message.pattern}`;
    case "SET":
    case "PUBLISH":
      return `${message.type} ${message.address}`;
    case "SYNC":
      return message.t2 === undefined ? "SYNC" : "SYNC answered";
    case "ERROR":
      return `ERROR ${message.code}`;
    default:
      return message.type;
  }
}

function describeDigest({ root, groups, lists, wants, idle }: DigestMessage): string {
  const parts = [
    ...(root === undefined ? [] : [`root of ${root.count}`]),
    ...groups.map(() => "group"),
    ...lists.map(({ versions }) => `list of ${versions.length}`),
    ...wants.map((address) => `want ${address}`),
    ...(idle ? ["idle"] : []),
  ];
  return `Digest ${parts.join(", ")}`;
}
