import type { AcceptTransport } from "../../src/edge/transport.ts";
import { DIAL_TIMEOUT_MS } from "../../src/limits.ts";
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
}

/** A message that arrived. */
export interface Delivery {
  readonly from: string;
  readonly to: string;
  /** Of the connection. */
  readonly connectionId: number;
  readonly bytes: Uint8Array;
}

/** When the two ends of a broken connection are told; undefined: never. */
export interface Notice {
  readonly dialler: number | undefined;
  readonly acceptor: number | undefined;
}

const LATENCY_MICROS = 500;

/**
 * A network of named nodes: connections are ordered and reliable while they live, messages take
 * time, directions stall, connections break between two messages and an end may not be told.
 */
export class SimNetwork {
  readonly clock: VirtualClock;
  readonly #random: () => number;
  readonly #listeners = new Map<string, AcceptTransport>();
  readonly #routes = new Map<string, Route>();
  readonly #connections = new Set<SimConnection>();
  readonly #observers: ((delivery: Delivery) => void)[] = [];
  #lastConnectionId = 0;

  /** `random` spreads the latency. */
  constructor(clock: VirtualClock, random: () => number = () => 0) {
    this.clock = clock;
    this.#random = random;
  }

  /** Tells of every message as it arrives, before it is handled. */
  observe(observer: (delivery: Delivery) => void): void {
    this.#observers.push(observer);
  }

  listen(node: string, accept: AcceptTransport): void {
    this.#listeners.set(node, accept);
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

  /** No direction stalls any more, and all are quick. */
  heal(): void {
    for (const route of this.#routes.values()) {
      route.latencyMicros = LATENCY_MICROS;
      route.jitterMicros = 0;
      if (route.isStalled) this.resume(route.from, route.to);
    }
  }

  /** Connections between two nodes that at least one end takes for open, oldest first. */
  connections(a: string, b: string): readonly SimConnection[] {
    return [...this.#connections].filter(({ dialler, acceptor }) =>
      (dialler.node === a && acceptor.node === b) || (dialler.node === b && acceptor.node === a)
    );
  }

  /**
   * The process on a node ends: it hears of nothing any more. Each peer is told after the time that
   * `noticeMicros` gives for it, or never.
   */
  nodeDied(node: string, noticeMicros: (peer: string) => number | undefined): void {
    this.#listeners.delete(node);
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
    if (there.isStalled || back.isStalled) {
      this.clock.after(DIAL_TIMEOUT_MS * 1_000, () => fail(`No answer from ${url}`));
    } else {
      this.clock.after(there.latencyMicros, () => {
        if (dial.isOver) return;
        const accept = this.#listeners.get(to);
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
      delivered: (delivery) => this.#observers.forEach((observer) => observer(delivery)),
      ended: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    connection.acceptor.attach(accept);
    return connection;
  }
}
