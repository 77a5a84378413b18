import { createPrng, type Prng } from "../support/prng.ts";
import { type FaultKind, planFaults } from "./faults.ts";
import type { Ttl } from "../../src/wire/message.ts";
import type { SimClient, SimClientOptions } from "./sim_client.ts";
import { SimWorld } from "./sim_world.ts";
import { planBundles } from "./random_bundles.ts";
import { planSignals } from "./random_signals.ts";
import { linkProblems } from "./expectations.ts";
import { addressesOf, randomTopology, type Topology, type TopologyKind } from "./topology.ts";

/** Faults and traffic happen within this time. */
const BUSY_MS = 25_000;
/** Half-open links are noticed within this time. */
const NOTICE_MS = 10_000;
/** A router that was refused knocks again within this time. */
const JOINING_MAX_MS = 100_000;
/** All is synced so long after all links are up. */
const SETTLING_MS = 10_000;
const PROBES = 6;
/** Sliding, and longer than a run: it travels with its version and nothing expires. */
const LONG_TTL_SECONDS = 3_600;
const PROBE_MS = 400;
/** Longer than a client with a limit waits for an update. */
const LIMITED_MS = 1_400;
const TTL_SECONDS_MAX = 8;
/** Part of the writes that have a TTL. */
const TTL_SHARE = 0.2;
/** Of all actions, from 0 to 1, those above ask for a lock. */
const LOCKS_FROM = 0.85;
/** The longest that a client keeps a lock, if it can. */
const LOCK_MS = 8_000;

/** Part of the seeds in which routers show their links as params. */
const SHOWN_LINKS_SHARE = 0.3;
const MODEST_STREAM = 11;
/** Seeds in which the clients of a router with imports want nothing beyond them. */
const MODEST_SHARE = 0.5;
const SHOWN_LINKS_STREAM = 2;
const BUNDLES_STREAM = 3;
const CLIENT_KINDS_STREAM = 4;
const SIGNALS_STREAM = 5;
const V0_SHARE = 0.25;
const LIMITED_SHARE = 0.2;
const RATE_MAX = 20;

/** The run that a seed stands for: a federation, its clients, what they do and what goes wrong. */
export class Scenario {
  readonly world: SimWorld;
  readonly kind: TopologyKind;
  readonly topology: Topology;
  /** Faults injected, by kind. */
  readonly faults: Map<FaultKind, number> = new Map();
  readonly #seed: number;
  readonly #random: Prng;
  readonly #bundles: Prng;
  readonly #addresses: readonly string[];

  constructor(
    seed: number,
    options: {
      readonly keepTrace: boolean;
      readonly kinds?: readonly TopologyKind[] | undefined;
    },
  ) {
    this.#seed = seed;
    this.#random = createPrng(seed);
    this.#bundles = createPrng(seed * 1_000 + BUNDLES_STREAM);
    const { kind, plans } = randomTopology(this.#random, options.kinds);
    this.kind = kind;
    // A stream of its own: the rest of a seed stays as it is.
    const showsLinks =
      createPrng(seed * 1_000 + SHOWN_LINKS_STREAM).nextFloat() < SHOWN_LINKS_SHARE;
    this.topology = plans.map((plan) => ({ ...plan, showsLinks }));
    const longestTurnMicros = this.#random.pick([0, 100, 900, 3_000]);
    this.world = new SimWorld({
      seed,
      keepTrace: options.keepTrace,
      turnMicros: (random) => random.nextInt(longestTurnMicros + 1),
    });
    this.#addresses = addressesOf(this.topology);
    for (const plan of this.topology) this.world.addRouter(plan);
    const isModest = createPrng(seed * 1_000 + MODEST_STREAM).nextFloat() < MODEST_SHARE;
    const kinds = createPrng(seed * 1_000 + CLIENT_KINDS_STREAM);
    for (const { id, namespaces = [], imports } of this.topology) {
      // What clients want is followed beyond the imports, and would hide that these are not.
      const isInside = isModest && imports !== undefined;
      const wide = isInside ? imports : ["/**"];
      this.world.addClient({
        name: `${id}-1`,
        router: id,
        subscriptions: wide,
        ...randomKind(kinds),
      });
      const narrow = isInside ? imports : [namespaces[0] ?? "/nobodys/*", "/site-a/**"];
      this.world.addClient({
        name: `${id}-2`,
        router: id,
        subscriptions: narrow,
        ...randomKind(kinds),
      });
    }
  }

  /** Runs it from start to end. */
  run(): void {
    const { world } = this;
    this.#planFaults();
    for (const router of world.routers.values()) {
      const atMicros = this.#random.nextInt(2_000_000);
      if (router.plan.joinsLate) continue;
      world.clock.after(atMicros, () => {
        if (!router.isUp) router.start();
      });
    }
    for (const client of world.clients.values()) client.connect();
    this.#planTraffic();
    planBundles(world, this.#bundles, { addresses: this.#addresses, durationMs: BUSY_MS });
    planSignals(world, createPrng(this.#seed * 1_000 + SIGNALS_STREAM), { durationMs: BUSY_MS });
    world.clock.runFor(BUSY_MS);
    this.#heal();
    this.#awaitLinks();
    world.clock.runFor(SETTLING_MS);
    world.reached("settled");
    this.#probe();
    world.reached("ended");
  }

  #planFaults(): void {
    const { world, topology } = this;
    const random = this.#random;
    for (const fault of planFaults(world, { topology, durationMs: BUSY_MS, random })) {
      this.faults.set(fault.kind, (this.faults.get(fault.kind) ?? 0) + 1);
      if (fault.atMs === 0) fault.inject();
      else world.clock.after(fault.atMs * 1_000, fault.inject);
    }
  }

  #planTraffic(): void {
    const random = this.#random;
    const clients = [...this.world.clients.values()];
    const actions = 60 + random.nextInt(100);
    for (let index = 0; index < actions; index++) {
      const atMicros = random.nextInt(BUSY_MS * 1_000);
      const address = random.pick(this.#addresses);
      const client = random.pick(clients);
      // Some at one moment on one address, from everywhere.
      const actors = random.nextFloat() < 0.1 ? clients : [client];
      const kind = random.nextFloat();
      const padding = random.nextFloat() < 0.1 ? "x".repeat(2_000) : "";
      const ttl = randomTtl(random);
      for (const actor of actors) {
        this.world.clock.after(atMicros, () => {
          act(actor, { address, kind, padding, ttl });
          if (kind >= LOCKS_FROM) this.#planUnlock(actor, address, kind);
        });
      }
    }
  }

  /** Gives a lock back that the client has by then, some time later, and again until it is taken. */
  #planUnlock(client: SimClient, address: string, kind: number): void {
    const holdMs = 50 + LOCK_MS * (kind - LOCKS_FROM) / (1 - LOCKS_FROM);
    this.world.clock.after(holdMs * 1_000, () => {
      // Not before it is known whether the client got it.
      const isKnown = client.mayWrite(address);
      if (isKnown && !client.locked.has(address)) return;
      if (isKnown) client.set(address, { unlock: true });
      this.#planUnlock(client, address, kind);
    });
  }

  #heal(): void {
    const { world } = this;
    world.say(() => "-- healed");
    world.network.heal();
    // The end of a session ends its locks: all that is left must be free again.
    for (const client of world.clients.values()) {
      if (client.locked.size > 0) client.reconnect();
    }
    for (const router of world.routers.values()) {
      if (!router.isUp) router.start();
    }
  }

  /** Whoever is refused meanwhile knocks again later; what does not come up at all, a checker says. */
  #awaitLinks(): void {
    const { clock } = this.world;
    const endMicros = clock.nowMicros + JOINING_MAX_MS * 1_000;
    do clock.runFor(NOTICE_MS); while (
      linkProblems(this.world).length > 0 && clock.nowMicros < endMicros
    );
  }

  /** One thing at a time, so that its effects can be counted. */
  #probe(): void {
    const clients = [...this.world.clients.values()];
    for (let probe = 0; probe < PROBES; probe++) {
      const address = this.#random.pick(this.#addresses);
      const client = this.#random.pick(clients);
      if (probe % 3 === 2) client.publish(address);
      else client.set(address);
      this.world.clock.runFor(PROBE_MS);
    }
    // Others decide for a router that is refused for good, and where a claim was given up unheard.
    // They give no locks.
    const isPlain = [...this.world.routers.values()].every(({ isReconfigured, plan }) =>
      !isReconfigured && plan.dispute === undefined
    );
    if (isPlain) this.#probeLock();
    // Who wants one update a second gets it then.
    this.world.clock.runFor(LIMITED_MS);
  }

  /** What a client has locked is free as soon as it goes. */
  #probeLock(): void {
    const { clock, clients } = this.world;
    const address = this.#random.pick(this.#addresses);
    const holder = this.#random.pick([...clients.values()]);
    const next = this.#random.pick([...clients.values()].filter((client) => client !== holder));
    holder.set(address, { lock: true });
    clock.runFor(PROBE_MS);
    holder.disconnect();
    clock.runFor(PROBE_MS);
    next.set(address);
  }
}

/** How a client speaks, and what it asks of its subscriptions. */
function randomKind(random: Prng): Pick<SimClientOptions, "speaksV0" | "limits"> {
  const speaksV0 = random.nextFloat() < V0_SHARE;
  const isLimited = random.nextFloat() < LIMITED_SHARE;
  const maxRate = 1 + random.nextInt(RATE_MAX);
  return { speaksV0, limits: isLimited ? { maxRate } : undefined };
}

/** Short, so that much expires while links are down; most writes have none. */
function randomTtl(random: Prng): Ttl {
  const kind = random.pick(["sliding", "absolute"] as const);
  const seconds = 1 + random.nextInt(TTL_SECONDS_MAX);
  return random.nextFloat() < TTL_SHARE ? { kind, seconds } : { kind: "never" };
}

function act(
  client: SimClient,
  what: {
    readonly address: string;
    readonly kind: number;
    readonly padding: string;
    readonly ttl: Ttl;
  },
): void {
  const { address, kind, padding, ttl } = what;
  if (!client.isConnected || client.isSuspended) return;
  if (kind < 0.3) {
    client.publish(address);
  } else if (kind < 0.35) {
    // Behind a write of its own, which it must read.
    if (kind < 0.33 && client.mayWrite(address)) {
      client.set(address, { ttl: { kind: "sliding", seconds: LONG_TTL_SECONDS } });
    }
    client.get(address);
  } else if (client.mayWrite(address)) {
    const expectedRevision = client.updates.findLast((it) => it.address === address)?.revision ?? 0;
    client.set(address, {
      padding,
      ttl,
      ...(kind < 0.45 ? { expectedRevision } : {}),
      ...(kind < LOCKS_FROM ? {} : { lock: true }),
    });
  }
}
