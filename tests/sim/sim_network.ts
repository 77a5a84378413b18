import type { AcceptTransport } from "../../src/edge/transport.ts";
import { DIAL_TIMEOUT_MS } from "../../src/limits.ts";
import type { PeerFrame } from "./peer_frames.ts";
import { SimConnection } from "./sim_transport.ts";
import type { VirtualClock } from "./virtual_clock.ts";

/** One direction between two nodes. */
export interface Route {
  readonly from: string;
  readonly to: string;
  latencyMicros: number;
  /** Added to the latency, evenly spread; never reorders messages of one connection. */
  jitterMicros: number;
  /** Nothing gets through, and nobody is told. */
  isStalled: boolean;
  /** When it last began to stall. */
  stalledSinceMicros: number;
  /** What passes at most; what is more waits at the sender. */
  bytesPerSecond: number;
}

/** A time in which a process did not run. */
interface Suspension {
  readonly fromMicros: number;
  toMicros: number;
  /** What it will do when it runs again. */
  readonly held: (() => void)[];
}

/** A message that arrived. */
export interface Delivery {
  readonly from: string;
  readonly to: string;
  /** Of the connection. */
  readonly connectionId: number;
  /** When the sender handed it to its socket; since then it may have waited there. */
  readonly sentAtMicros: number;
  readonly bytes: Uint8Array;
  /** What the message holds; read when it is first asked for. */
  readonly frames: () => readonly PeerFrame[];
}

/** When the two ends of a broken connection are told; undefined: never. */
export interface Notice {
  readonly dialler: number | undefined;
  readonly acceptor: number | undefined;
}

const LATENCY_MICROS = 500;
/** Many small messages share a buffer: one of its own would cost each more than all the rest. */
const KEPT_BYTES = 65_536;
const KEPT_APART_BYTES = 8_192;

/**
 * A network of named nodes: connections are ordered and reliable while they live, messages take
 * time, directions stall, connections break between two messages and an end may not be told.
 */
export class SimNetwork {
  readonly clock: VirtualClock;
  readonly #random: () => number;
  readonly #listeners = new Map<string, AcceptTransport>();
  readonly #routes = new Map<string, Route>();
  /** Node by each of its further names. */
  readonly #nodes = new Map<string, string>();
  /** By node, the last one perhaps not over. */
  readonly #suspensions = new Map<string, Suspension[]>();
  readonly #connections = new Set<SimConnection>();
  readonly #observers: ((delivery: Delivery) => void)[] = [];
  #lastConnectionId = 0;
  #kept = new Uint8Array(KEPT_BYTES);
  #keptBytes = 0;

  /** `random` spreads the latency. */
  constructor(clock: VirtualClock, random: () => number = () => 0) {
    this.clock = clock;
    this.#random = random;
  }

  /** Tells of every message as it arrives, before it is handled. */
  observe(observer: (delivery: Delivery) => void): void {
    this.#observers.push(observer);
  }

  /** Takes in connections to a node, by this name or others that lead to it. */
  listen(node: string, accept: AcceptTransport, aliases: readonly string[] = []): void {
    this.#listeners.set(node, accept);
    for (const alias of aliases) this.#nodes.set(alias, node);
  }

  /** The node that a name leads to. */
  nodeOf(name: string): string {
    return this.#nodes.get(name) ?? name;
  }

  /** The process on a node stops, and knows nothing of it: all that comes waits. */
  suspend(node: string): void {
    if (this.#suspensionOf(node) !== undefined) return;
    const suspensions = this.#suspensions.get(node) ?? [];
    suspensions.push({ fromMicros: this.clock.nowMicros, toMicros: Infinity, held: [] });
    this.#suspensions.set(node, suspensions);
  }

  /** The process on a node runs again; what came meanwhile is there at once. */
  wakeUp(node: string): void {
    const suspension = this.#suspensionOf(node);
    if (suspension === undefined) return;
    suspension.toMicros = this.clock.nowMicros;
    for (const action of suspension.held.splice(0)) this.whenRunning(node, action);
  }

  /** Does what a process does: now, or when it runs again. */
  whenRunning(node: string, action: () => void): void {
    const suspension = this.#suspensionOf(node);
    if (suspension === undefined) action();
    else suspension.held.push(action);
  }

  isSuspended(node: string): boolean {
    return this.#suspensionOf(node) !== undefined;
  }

  /** How long a process did not run, from a moment to another one, or to now. */
  suspendedMicros(
    node: string,
    sinceMicros: number,
    untilMicros: number = this.clock.nowMicros,
  ): number {
    return (this.#suspensions.get(node) ?? []).reduce(
      (sum, { fromMicros, toMicros }) =>
        sum + Math.max(0, Math.min(toMicros, untilMicros) - Math.max(fromMicros, sinceMicros)),
      0,
    );
  }

  /** When a process stopped that does not run, and when it last began to run again, if ever. */
  suspension(node: string): { readonly sinceMicros?: number; readonly endedMicros?: number } {
    const last = this.#suspensions.get(node)?.at(-1);
    if (last === undefined) return {};
    return last.toMicros === Infinity
      ? { sinceMicros: last.fromMicros }
      : { endedMicros: last.toMicros };
  }

  /** A copy of a message, for whoever gets it: the sender uses its buffer again. */
  keep(bytes: Uint8Array): Uint8Array {
    if (bytes.length > KEPT_APART_BYTES) return bytes.slice();
    if (this.#kept.length - this.#keptBytes < bytes.length) {
      this.#kept = new Uint8Array(KEPT_BYTES);
      this.#keptBytes = 0;
    }
    const start = this.#keptBytes;
    this.#keptBytes += bytes.length;
    this.#kept.set(bytes, start);
    return this.#kept.subarray(start, this.#keptBytes);
  }

  /** The direction between two nodes, to read and to change. */
  route(from: string, to: string): Route {
    const key = `${from} > ${to}`;
    let route = this.#routes.get(key);
    if (route === undefined) {
      route = {
        from,
        to,
        latencyMicros: LATENCY_MICROS,
        jitterMicros: 0,
        isStalled: false,
        stalledSinceMicros: 0,
        bytesPerSecond: Infinity,
      };
      this.#routes.set(key, route);
    }
    return route;
  }

  stall(from: string, to: string): void {
    const route = this.route(from, to);
    if (!route.isStalled) route.stalledSinceMicros = this.clock.nowMicros;
    route.isStalled = true;
  }

  resume(from: string, to: string): void {
    this.route(from, to).isStalled = false;
    for (const connection of this.connections(from, to)) connection.resume(from);
  }

  /** A direction passes so many bytes a second from now on. */
  limit(from: string, to: string, bytesPerSecond: number): void {
    this.route(from, to).bytesPerSecond = bytesPerSecond;
    for (const connection of this.connections(from, to)) connection.resume(from);
  }

  /** No direction stalls any more, all are quick, and every process runs. */
  heal(): void {
    for (const node of this.#suspensions.keys()) this.wakeUp(node);
    for (const route of this.#routes.values()) {
      route.latencyMicros = LATENCY_MICROS;
      route.jitterMicros = 0;
      if (route.bytesPerSecond !== Infinity) this.limit(route.from, route.to, Infinity);
      if (route.isStalled) this.resume(route.from, route.to);
    }
  }

  /** Connections between two nodes that at least one end takes for open, oldest first. */
  connections(nameA: string, nameB: string): readonly SimConnection[] {
    const a = this.nodeOf(nameA);
    const b = this.nodeOf(nameB);
    const found: SimConnection[] = [];
    for (const connection of this.#connections) {
      const { dialler: { node: from }, acceptor: { node: to } } = connection;
      if ((from === a && to === b) || (from === b && to === a)) found.push(connection);
    }
    return found;
  }

  /** Connections that the process on a node takes for open. */
  openConnections(node: string): number {
    let open = 0;
    for (const { dialler, acceptor } of this.#connections) {
      for (const end of [dialler, acceptor]) if (end.node === node && end.isOpen) open++;
    }
    return open;
  }

  /**
   * The process on a node ends: it hears of nothing any more. Each peer is told after the time that
   * `noticeMicros` gives for it, or never.
   */
  nodeDied(node: string, noticeMicros: (peer: string) => number | undefined): void {
    this.#listeners.delete(node);
    const suspension = this.#suspensionOf(node);
    if (suspension !== undefined) suspension.toMicros = this.clock.nowMicros;
    for (const connection of [...this.#connections]) {
      const { dialler, acceptor } = connection;
      if (dialler.node !== node && acceptor.node !== node) continue;
      const peer = dialler.node === node ? acceptor.node : dialler.node;
      connection.nodeDied(node, noticeMicros(peer));
    }
  }

  /** Connects; see `Environment.dial`. */
  dial(
    from: string,
    url: string,
    handlers: {
      readonly onOpen: AcceptTransport;
      readonly onFailed: (reason: string) => void;
    },
  ): { abort(): void } {
    const to = new URL(url).hostname;
    const dial = { isOver: false, connection: undefined as SimConnection | undefined };
    const fail = (reason: string) => {
      if (dial.isOver) return;
      dial.isOver = true;
      handlers.onFailed(reason);
    };
    const there = this.route(from, to);
    const back = this.route(to, from);
    const node = this.nodeOf(to);
    if (there.isStalled || back.isStalled || this.isSuspended(node)) {
      this.clock.after(DIAL_TIMEOUT_MS * 1_000, () => fail(`No answer from ${url}`));
    } else {
      this.clock.after(there.latencyMicros, () => {
        if (dial.isOver) return;
        const accept = this.#listeners.get(node);
        if (accept === undefined) {
          this.clock.after(back.latencyMicros, () => fail(`Connection to ${url} refused`));
          return;
        }
        const connection = this.#connect(from, to, accept);
        dial.connection = connection;
        this.clock.after(back.latencyMicros, () => {
          if (dial.isOver || connection.dialler.isClosed) return fail("Connection reset");
          dial.isOver = true;
          connection.dialler.attach(handlers.onOpen);
        });
      });
    }
    return {
      abort: () => {
        if (dial.isOver) return;
        dial.isOver = true;
        dial.connection?.cut({ dialler: undefined, acceptor: there.latencyMicros });
      },
    };
  }

  #connect(from: string, to: string, accept: AcceptTransport): SimConnection {
    const connection = new SimConnection({
      id: ++this.#lastConnectionId,
      clock: this.clock,
      random: this.#random,
      there: this.route(from, to),
      back: this.route(to, from),
      network: this,
      delivered: (delivery) => this.#observers.forEach((observer) => observer(delivery)),
      ended: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    connection.acceptor.attach(accept);
    return connection;
  }

  #suspensionOf(node: string): Suspension | undefined {
    const last = this.#suspensions.get(node)?.at(-1);
    return last?.toMicros === Infinity ? last : undefined;
  }
}
