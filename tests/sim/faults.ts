import type { Prng } from "../support/prng.ts";
import type { SimConnection } from "./sim_transport.ts";
import type { SimWorld } from "./sim_world.ts";
import { isHub, type Topology } from "./topology.ts";

/** What can go wrong in a seed. */
export const FAULT_KINDS = [
  "cut",
  "half-open",
  "stall",
  "delay",
  "hub crash",
  "leaf crash",
  "clock skew",
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

const HOUR_MICROS = 3_600_000_000;
const CLOCK_OFFSETS_MICROS = [
  -2_000_000,
  3_000_000,
  -5 * HOUR_MICROS,
  7 * HOUR_MICROS,
  // 1970 and ten years ahead.
  -1_798_761_600_000_000,
  10 * 8_766 * HOUR_MICROS,
];

/** Short enough for an answer that waits for it to be in time. */
const CLIENT_STALL_MAX_MS = 500;

/** Plans the faults of a seed; some seeds have none. */
export function planFaults(
  world: SimWorld,
  options: { readonly topology: Topology; readonly durationMs: number; readonly random: Prng },
): Fault[] {
  const { topology, durationMs, random } = options;
  if (random.nextFloat() < 0.05) return [];
  const faults: Fault[] = [];
  for (const kind of FAULT_KINDS) {
    if (random.nextFloat() < 0.5) continue;
    const count = 1 + random.nextInt(3);
    for (let index = 0; index < count; index++) {
      const atMs = kind === "clock skew" ? 0 : random.nextInt(durationMs);
      faults.push({ kind, atMs, inject: faultOf(kind, world, { topology, random }) });
    }
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function faultOf(
  kind: FaultKind,
  world: SimWorld,
  { topology, random }: { readonly topology: Topology; readonly random: Prng },
): () => void {
  const leaf = random.pick(topology.filter(({ hubs = [] }) => hubs.length > 0));
  const link = [leaf.id, random.pick(leaf.hubs ?? [])] as const;
  const any = random.pick(topology);
  switch (kind) {
    case "cut":
      return cut(world, link, random);
    case "half-open":
      return halfOpen(world, link, random);
    case "stall":
      return stall(world, link, random);
    case "delay":
      return delay(world, link, random);
    case "hub crash":
      return crash(world, random.pick(topology.filter((plan) => isHub(plan, topology))).id, random);
    case "leaf crash":
      return crash(
        world,
        random.pick(topology.filter((plan) => !isHub(plan, topology))).id,
        random,
      );
    case "clock skew": {
      const offset = random.pick(CLOCK_OFFSETS_MICROS);
      return () => {
        world.say(() => `${any.id} has a clock ${offset / 1e6} s off`);
        world.router(any.id).clockOffsetMicros = offset;
      };
    }
    case "client cut": {
      const client = random.pick([...world.clients.values()]);
      return () => client.reconnect();
    }
    case "slow client": {
      const { name, router } = random.pick([...world.clients.values()]);
      return stallFor(world, [[router, name]], 100 + random.nextInt(CLIENT_STALL_MAX_MS));
    }
  }
}

type Link = readonly [string, string];

function eachConnection(world: SimWorld, [a, b]: Link, act: (it: SimConnection) => void): void {
  for (const connection of world.network.connections(a, b)) act(connection);
}

function cut(world: SimWorld, link: Link, random: Prng): () => void {
  const deliveries = 1 + random.nextInt(8);
  const isNow = random.nextFloat() < 0.5;
  const notice = { dialler: random.nextInt(50_000), acceptor: random.nextInt(50_000) };
  return () => {
    world.say(() => `cut ${link.join(" - ")} ${isNow ? "now" : `after ${deliveries} messages`}`);
    eachConnection(world, link, (connection) => {
      if (isNow) connection.cut(notice);
      else connection.cutAfter(deliveries, notice);
    });
  };
}

function halfOpen(world: SimWorld, link: Link, random: Prng): () => void {
  const early = random.nextInt(20_000);
  const late = random.pick([undefined, 1_000_000 + random.nextInt(20_000_000)]);
  const notice = random.pick([
    { dialler: early, acceptor: late },
    { dialler: late, acceptor: early },
    { dialler: late, acceptor: undefined },
  ]);
  return () => {
    world.say(() => `break ${link.join(" - ")}, told: ${JSON.stringify(notice)}`);
    eachConnection(world, link, (connection) => connection.cut(notice));
  };
}

function stall(world: SimWorld, link: Link, random: Prng): () => void {
  const [a, b] = link;
  const directions = random.pick([[[a, b]], [[b, a]], [[a, b], [b, a]]] as const);
  const durationMs = random.pick([300, 3_000, 6_000, 12_000]) + random.nextInt(1_000);
  return stallFor(world, directions, durationMs);
}

function stallFor(world: SimWorld, directions: readonly Link[], durationMs: number): () => void {
  return () => {
    world.say(() => `stall ${directions.map((it) => it.join(" > ")).join(", ")} ${durationMs} ms`);
    for (const [from, to] of directions) world.network.stall(from, to);
    world.clock.after(durationMs * 1_000, () => {
      for (const [from, to] of directions) world.network.resume(from, to);
    });
  };
}

function delay(world: SimWorld, [a, b]: Link, random: Prng): () => void {
  const latencyMicros = random.pick([5_000, 60_000, 400_000]);
  const jitterMicros = random.nextInt(latencyMicros);
  return () => {
    world.say(() => `delay ${a} - ${b} ${latencyMicros} to ${latencyMicros + jitterMicros} us`);
    for (const route of [world.network.route(a, b), world.network.route(b, a)]) {
      route.latencyMicros = latencyMicros;
      route.jitterMicros = jitterMicros;
    }
  };
}

function crash(world: SimWorld, id: string, random: Prng): () => void {
  const noticeMicros = random.pick([500, 500, undefined]);
  const downMs = random.pick([0, 200, 2_000, 10_000]) + random.nextInt(500);
  const reclocks = random.nextFloat() < 0.2;
  const offset = random.pick(CLOCK_OFFSETS_MICROS);
  return () => {
    const router = world.router(id);
    if (!router.isUp) return;
    world.crash(id, noticeMicros);
    if (reclocks) router.clockOffsetMicros = offset;
    world.clock.after(downMs * 1_000, () => {
      if (!router.isUp) router.start();
    });
  };
}
