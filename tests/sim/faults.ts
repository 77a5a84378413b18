import type { Prng } from "../support/prng.ts";
import { intrude } from "./intruder.ts";
import { cut, delay, halfOpen, slow, slowFor, stall, stallFor } from "./network_faults.ts";
import { crash, join, reconfigure, skewClock, suspend, takeOver } from "./process_faults.ts";
import type { RouterPlan } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";
import { addressesOf, isHub, type Topology } from "./topology.ts";

/** What can go wrong in a seed. */
export const FAULT_KINDS = [
  "cut",
  "half-open",
  "stall",
  "delay",
  "slow peer",
  "hub crash",
  "leaf crash",
  "stale crash",
  "current crash",
  "configuration",
  "change of owner",
  "late router",
  "clock skew",
  "suspended",
  "site freeze",
  "intruder",
  "client cut",
  "slow client",
] as const;
/** One of {@linkcode FAULT_KINDS}. */
export type FaultKind = typeof FAULT_KINDS[number];

/** Something that goes wrong at a moment. */
export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly inject: () => void;
}

/** Short enough for an answer that waits for it to be in time. */
const CLIENT_STALL_MAX_MS = 500;
const BURST_INTERVAL_MS = 13;
/** Bytes a second: some long values are behind by a second. */
const SLOW_CLIENT_RATE = 6_000;
/** What takes several steps begins early enough to be over when all is healed. */
const STEPS_MS = 12_000;
/** How likely each kind is, by seed: from quiet to everything at once. */
const SHARES = [0.15, 0.35, 0.35, 0.6];

/** Plans the faults of a seed; some seeds have none. */
export function planFaults(
  world: SimWorld,
  options: { readonly topology: Topology; readonly durationMs: number; readonly random: Prng },
): Fault[] {
  const { topology, durationMs, random } = options;
  const late = topology.find(({ joinsLate }) => joinsLate);
  const faults: Fault[] = late === undefined ? [] : [{
    kind: "late router",
    atMs: 2_000 + random.nextInt(durationMs - 2_000),
    inject: join(world, late.id),
  }];
  if (random.nextFloat() < 0.05) return faults;
  const share = random.pick(SHARES);
  const planner = new Planner(world, topology, random);
  for (const kind of FAULT_KINDS) {
    if (random.nextFloat() >= share) continue;
    const count = 1 + random.nextInt(2);
    for (let index = 0; index < count; index++) {
      const inject = planner.plan(kind);
      const atMs = kind === "clock skew" ? 0 : random.nextInt(latestMs(kind, durationMs));
      if (inject !== undefined) faults.push({ kind, atMs, inject });
    }
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function latestMs(kind: FaultKind, durationMs: number): number {
  return kind === "change of owner" || kind === "configuration"
    ? durationMs - STEPS_MS
    : durationMs;
}

/** Makes faults for a topology. */
class Planner {
  readonly #world: SimWorld;
  readonly #topology: Topology;
  readonly #random: Prng;
  /** Routers whose configuration changes; once, so that two changes do not contradict. */
  readonly #reconfigured = new Set<RouterPlan>();

  constructor(world: SimWorld, topology: Topology, random: Prng) {
    this.#world = world;
    this.#topology = topology;
    this.#random = random;
  }

  /** What to do when the fault's time has come; undefined where there is nothing to be done it to. */
  plan(kind: FaultKind): (() => void) | undefined {
    const world = this.#world;
    const random = this.#random;
    const any = random.pick(this.#topology);
    switch (kind) {
      case "cut":
        return cut(world, this.#link(), random);
      case "half-open":
        return halfOpen(world, this.#link(), random);
      case "stall":
        return stall(world, this.#link(), random);
      case "delay":
        return delay(world, this.#link(), random);
      case "slow peer":
        return slow(world, this.#link(), random);
      case "hub crash":
        return crash(world, this.#router(true).id, { random, disk: "empty" });
      case "leaf crash":
        return crash(world, this.#router(false).id, { random, disk: "empty" });
      case "stale crash":
        return crash(world, any.id, { random, disk: "stale" });
      case "current crash":
        return crash(world, any.id, { random, disk: "current" });
      case "configuration":
        return this.#reconfigure();
      case "change of owner":
        return this.#changeOwner();
      case "late router":
        return undefined;
      case "clock skew":
        return skewClock(world, any.id, random);
      case "suspended":
        return suspend(world, [any.id], random);
      case "site freeze":
        return suspend(world, [any.id, ...this.#clientsOf(any.id)], random);
      case "intruder": {
        const addresses = addressesOf(this.#topology);
        return intrude(world, { hub: this.#router(true).id, addresses, random });
      }
      case "client cut": {
        const client = random.pick([...world.clients.values()]);
        return () => {
          if (!client.isSuspended) client.reconnect();
        };
      }
      case "slow client": {
        const { name, router } = random.pick([...world.clients.values()]);
        const durationMs = 100 + random.nextInt(CLIENT_STALL_MAX_MS);
        const begin = random.nextFloat() < 0.5
          ? stallFor(world, [[router, name]], durationMs)
          : slowFor(world, [[router, name]], { bytesPerSecond: SLOW_CLIENT_RATE, durationMs });
        const burst = this.#burst(router, durationMs);
        return () => {
          begin();
          burst();
        };
      }
    }
  }

  /**
   * Clients of a router write an address again and again, so who is slow there falls behind; and
   * others now and then, each for the last time while it is.
   */
  #burst(router: string, durationMs: number): () => void {
    const world = this.#world;
    const clients = this.#clientsOf(router);
    const addresses = addressesOf(this.#topology);
    const often = this.#random.pick(addresses);
    return () => {
      for (let atMs = 0; atMs < durationMs + BURST_INTERVAL_MS; atMs += BURST_INTERVAL_MS) {
        const number = atMs / BURST_INTERVAL_MS;
        const address = number % 4 === 3 ? addresses[(number >> 2) % addresses.length] : often;
        if (address === undefined) continue;
        world.clock.after(atMs * 1_000, () => {
          for (const client of clients.flatMap((name) => world.clients.get(name) ?? [])) {
            if (!client.isSuspended && client.mayWrite(address)) client.set(address);
          }
        });
      }
    };
  }

  #link(): readonly [string, string] {
    const { id, hubs = [] } = this.#random.pick(
      this.#topology.filter((plan) => (plan.hubs ?? []).length > 0),
    );
    return [id, this.#random.pick(hubs)];
  }

  #router(isWanted: boolean): RouterPlan {
    const topology = this.#topology;
    return this.#random.pick(topology.filter((plan) => isHub(plan, topology) === isWanted));
  }

  #clientsOf(id: string): string[] {
    return [...this.#world.clients.values()]
      .filter(({ router }) => router === id)
      .map(({ name }) => name);
  }

  /** Leaves whose configuration is still as it was, and as it should be. */
  #changeable(): readonly RouterPlan[] {
    return this.#topology.filter((plan) =>
      (plan.hubs ?? []).length > 0 && !isHub(plan, this.#topology) &&
      plan.dispute === undefined && !plan.joinsLate && !this.#reconfigured.has(plan)
    );
  }

  #reconfigure(): (() => void) | undefined {
    const plans = this.#changeable();
    if (plans.length === 0) return undefined;
    const plan = this.#random.pick(plans);
    this.#reconfigured.add(plan);
    return reconfigure(this.#world, plan, this.#random);
  }

  #changeOwner(): (() => void) | undefined {
    const plans = this.#changeable();
    if (plans.length < 2) return undefined;
    const from = this.#random.pick(plans);
    const to = this.#random.pick(plans.filter((plan) => plan !== from));
    this.#reconfigured.add(from);
    this.#reconfigured.add(to);
    return takeOver(this.#world, [from, to], this.#random);
  }
}
