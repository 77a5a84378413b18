import type { ParamStore } from "../../src/state/param_store.ts";
import { createPrng, type Prng } from "../support/prng.ts";
import type { Checker } from "./checker.ts";
import { describeBytes } from "./describe_message.ts";
import { SimClient, type SimClientOptions } from "./sim_client.ts";
import { SimNetwork } from "./sim_network.ts";
import { type RouterPlan, SimRouter } from "./sim_router.ts";
import { Trace } from "./trace.ts";
import { VirtualClock } from "./virtual_clock.ts";

const TICK_MS = 250;
/** What checkers may watch. */
const HOOKS = [
  "wrote",
  "answered",
  "updated",
  "received",
  "readPast",
  "stamped",
  "delivered",
  "linkEvent",
  "crashed",
  "ticked",
  "settled",
  "ended",
] as const satisfies readonly (keyof Checker)[];
const CLIENT_NOTICE_MICROS = 1_000;

/** What a crashed process leaves: nothing, all it held, or what it held at an earlier moment. */
export type Disk = "empty" | "current" | ParamStore;

/** How a {@linkcode SimWorld} is set up. */
export interface WorldOptions {
  readonly seed?: number;
  readonly keepTrace?: boolean;
  /** Length of each event-loop turn; see `RouterSurroundings`. */
  readonly turnMicros?: (random: Prng) => number;
}

/** Routers and clients on one simulated network, under one virtual clock. */
export class SimWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly network: SimNetwork;
  readonly trace: Trace;
  readonly routers: Map<string, SimRouter> = new Map();
  readonly clients: Map<string, SimClient> = new Map();
  /** By what they watch: most checkers watch few things, and messages are many. */
  readonly #watching: Readonly<Record<typeof HOOKS[number], Checker[]>>;
  readonly #seed: number;
  readonly #turnMicros: (random: Prng) => number;

  constructor(options: WorldOptions = {}) {
    this.#seed = options.seed ?? 1;
    this.#turnMicros = options.turnMicros ?? (() => 0);
    this.trace = new Trace(options.keepTrace ?? false);
    this.#watching = newWatching();
    const latencies = this.#prng(1);
    this.network = new SimNetwork(this.clock, () => latencies.nextFloat());
    this.network.observe((delivery) => {
      const { from, to, connectionId, bytes } = delivery;
      this.say(() => `${from} > ${to} [${connectionId}] ${describeBytes(bytes)}`);
      for (const checker of this.#watching.delivered) checker.delivered?.(delivery, this);
    });
  }

  /** Adds checkers; to be done before anything runs. */
  watch(checkers: readonly Checker[]): void {
    for (const hook of HOOKS) {
      this.#watching[hook].push(...checkers.filter((checker) => checker[hook] !== undefined));
    }
    const tick = () => {
      for (const checker of this.#watching.ticked) checker.ticked?.(this);
      this.clock.after(TICK_MS * 1_000, tick);
    };
    tick();
  }

  /** Adds a router, which is not started. */
  addRouter(plan: RouterPlan): SimRouter {
    const random = this.#prng(100 + this.routers.size);
    const router = new SimRouter(plan, {
      network: this.network,
      random,
      turnMicros: () => this.#turnMicros(random),
      onLinkEvent: (event) => {
        for (const checker of this.#watching.linkEvent) checker.linkEvent?.(plan.id, event);
        if (event.type === "remoteSet" || event.type === "remotePublish") return;
        this.say(() => `${plan.id}: ${JSON.stringify(event)}`);
      },
      onStamp: (stamp) => {
        for (const checker of this.#watching.stamped) checker.stamped?.(stamp, this);
      },
    });
    this.routers.set(plan.id, router);
    return router;
  }

  /** Adds a client of a router, which is not connected. */
  addClient(options: SimClientOptions): SimClient {
    const client = new SimClient({
      ...options,
      network: this.network,
      watcher: {
        wrote: (write) => {
          for (const checker of this.#watching.wrote) checker.wrote?.(write);
        },
        answered: (write) => {
          for (const checker of this.#watching.answered) checker.answered?.(write);
        },
        updated: (update) => {
          for (const checker of this.#watching.updated) checker.updated?.(update);
        },
        received: (event) => {
          for (const checker of this.#watching.received) checker.received?.(event, this);
        },
        readPast: (write) => {
          for (const checker of this.#watching.readPast) checker.readPast?.(write);
        },
      },
    });
    this.clients.set(client.name, client);
    return client;
  }

  router(id: string): SimRouter {
    const router = this.routers.get(id);
    if (router === undefined) throw new Error(`There is no router "${id}"`);
    return router;
  }

  /**
   * Ends a router's process. Its peers are told after a time or never, its clients at once. What it
   * finds on its `disk` it has when it starts again.
   */
  crash(id: string, noticeMicros: number | undefined, disk: Disk = "empty"): void {
    this.say(() => `${id} crashes, its peers are told after ${noticeMicros ?? "never"}`);
    const router = this.router(id);
    const store = disk === "current" ? router.copyOfStore() : disk;
    router.crash((peer) => this.clients.has(peer) ? CLIENT_NOTICE_MICROS : noticeMicros);
    router.disk = store === "empty" ? undefined : store;
    const hasLost = disk === "current" ? "nothing" : "state";
    for (const checker of this.#watching.crashed) checker.crashed?.(id, this, hasLost);
  }

  /** Stops processes, and lets them run again after a time. */
  suspend(nodes: readonly string[], durationMs: number): void {
    this.say(() => `${nodes.join(", ")} suspended for ${durationMs} ms`);
    for (const node of nodes) this.network.suspend(node);
    this.clock.after(durationMs * 1_000, () => {
      this.say(() => `${nodes.join(", ")} running again`);
      for (const node of nodes) this.network.wakeUp(node);
    });
  }

  /** Tells the checkers where the run is. */
  reached(point: "settled" | "ended"): void {
    this.say(() => `-- ${point}`);
    for (const checker of this.#watching[point]) checker[point]?.(this);
  }

  /** Adds a line to the trace. */
  say(text: () => string): void {
    this.trace.add(this.clock.nowMicros, text);
  }

  // Streams of their own, so that one more number drawn here changes nothing there.
  #prng(stream: number): Prng {
    return createPrng(this.#seed * 1_000 + stream);
  }
}

function newWatching(): Record<typeof HOOKS[number], Checker[]> {
  return {
    wrote: [],
    answered: [],
    updated: [],
    received: [],
    readPast: [],
    stamped: [],
    delivered: [],
    linkEvent: [],
    crashed: [],
    ticked: [],
    settled: [],
    ended: [],
  };
}
