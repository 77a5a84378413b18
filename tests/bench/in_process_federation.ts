import {
  FEDERATION_CORE_DEFAULTS,
  type FederationCoreConfig,
} from "../../src/federation/federation_config.ts";
import { FederationCore } from "../../src/federation/federation_core.ts";
import type { ConnectionId, RouterPort } from "../../src/router/port.ts";
import { ROUTER_CORE_DEFAULTS } from "../../src/router/router_config.ts";
import { RouterCore } from "../../src/router/router_core.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { FEATURE, type Message, QOS } from "../../src/wire/message.ts";

const CLIENT: ConnectionId = 1_000;
const WALL_MICROS = 1_700_000_000_000_000;

/** One router of an {@linkcode InProcessFederation}. */
export interface InProcessRouter {
  readonly core: RouterCore;
  /** Says something as the n-th client of this router. */
  say(message: Message, client?: number): void;
  /** The same with a frame that was encoded before. */
  sayFrame(frame: Uint8Array, client?: number): void;
  /** WebSocket messages, and bytes of them, that its clients got. */
  readonly sent: { messages: number; bytes: number };
}

/**
 * Routers without sockets, clocks or timers: what one sends the other gets when `run` is called. So
 * what is measured is the routers' own work.
 */
export class InProcessFederation {
  readonly #routers = new Map<string, HopRouter>();
  readonly #inFlight: (() => void)[] = [];
  #nowMicros = 0;

  /** Adds a router; one with a hub dials it when `run` is called. */
  add(
    routerId: string,
    options: {
      readonly hub?: string;
      readonly namespace?: string;
      readonly imports?: readonly string[];
    } = {},
  ): InProcessRouter {
    const { hub, namespace, imports } = options;
    const router = new HopRouter(routerId, {
      later: (act) => this.#inFlight.push(act),
      nowMicros: () => this.#nowMicros,
      find: (id) => this.#routers.get(id),
      config: {
        ...FEDERATION_CORE_DEFAULTS,
        ...(hub === undefined ? {} : { hubUrls: [`ws://${hub}:7330`] }),
        namespaces: namespace === undefined ? [] : [namespace],
        ...(imports === undefined ? {} : { imports }),
      },
      isLeaf: hub !== undefined,
    });
    this.#routers.set(routerId, router);
    router.federation.start(this.#nowMicros);
    return router;
  }

  /** Lets all that is in flight arrive, and what follows from it. */
  run(): void {
    for (;;) {
      for (let act = this.#inFlight.shift(); act !== undefined; act = this.#inFlight.shift()) act();
      const router = [...this.#routers.values()].find(({ core }) => core.wantsFlush);
      if (router === undefined) return;
      router.core.flush(this.#nowMicros);
    }
  }

  /** Lets time pass, with all that is planned in it. */
  advance(ms: number): void {
    this.run();
    const untilMicros = this.#nowMicros + ms * 1_000;
    for (;;) {
      const next = [...this.#routers.values()].map(({ core }) => core)
        .reduce((a, b) => (b.nextWakeMicros ?? Infinity) < (a.nextWakeMicros ?? Infinity) ? b : a);
      const atMicros = next.nextWakeMicros ?? Infinity;
      if (atMicros > untilMicros) break;
      this.#nowMicros = Math.max(this.#nowMicros, atMicros);
      next.wake(this.#nowMicros);
      this.run();
    }
    this.#nowMicros = untilMicros;
  }
}

interface HopOptions {
  readonly later: (act: () => void) => void;
  readonly nowMicros: () => number;
  readonly find: (routerId: string) => HopRouter | undefined;
  readonly config: FederationCoreConfig;
  readonly isLeaf: boolean;
}

class HopRouter implements InProcessRouter, RouterPort {
  readonly core: RouterCore;
  readonly federation: FederationCore;
  readonly sent = { messages: 0, bytes: 0 };
  readonly #options: HopOptions;
  readonly #peers = new Map<ConnectionId, { router: HopRouter; connection: ConnectionId }>();
  #lastId = 0;

  constructor(routerId: string, options: HopOptions) {
    this.#options = options;
    this.core = new RouterCore({
      // No time passes here: limits by the second would end what is measured.
      config: {
        ...ROUTER_CORE_DEFAULTS,
        ...{ routerId, bootId: 1, messagesPerSecondMax: 0, bytesPerSecondMax: 0 },
        paramsMax: 2_000_000,
        sessionsMax: 10_000,
        sessionsPerAddressMax: 10_000,
      },
      port: this,
      nowMicros: options.nowMicros(),
      wallMicros: WALL_MICROS,
    });
    const { config, isLeaf } = options;
    this.federation = new FederationCore({ router: this.core, config, isLeaf });
  }

  say(message: Message, client: number = 0): void {
    this.sayFrame(encodeFrame(message, { qos: QOS.fire }), client);
  }

  sayFrame(frame: Uint8Array, client: number = 0): void {
    const id = CLIENT + client;
    if (this.core.connection(id) === undefined) {
      this.core.accepted(id, "bench", this.#options.nowMicros());
      const hello = { type: "HELLO", version: 1, features: FEATURE.param, name: "bench" } as const;
      this.core.received(id, encodeFrame(hello), this.#options.nowMicros());
    }
    this.core.received(id, frame, this.#options.nowMicros());
  }

  send(connection: ConnectionId, bytes: Uint8Array): void {
    const peer = this.#peers.get(connection);
    if (peer === undefined) {
      this.sent.messages++;
      this.sent.bytes += bytes.length;
      return;
    }
    const copy = bytes.slice();
    const { nowMicros, later } = this.#options;
    later(() => peer.router.core.received(peer.connection, copy, nowMicros()));
  }

  dial(url: string): ConnectionId {
    const connection = ++this.#lastId;
    const { later, find, nowMicros } = this.#options;
    later(() => {
      const router = find(new URL(url).hostname);
      if (router === undefined) return this.core.dialFailed(connection, "nobody", nowMicros());
      const accepted = ++router.#lastId;
      this.#peers.set(connection, { router, connection: accepted });
      router.#peers.set(accepted, { router: this, connection });
      router.core.accepted(accepted, "bench", nowMicros());
      this.core.opened(connection, "bench", nowMicros());
    });
    return connection;
  }

  bufferedBytes(): number {
    return 0;
  }
  close(): void {}
  random(): number {
    return 0.5;
  }
  newId(): string {
    return `session-${++this.#lastId}`;
  }
  failed(error: unknown): void {
    throw error;
  }
}
