import type { Prng } from "../support/prng.ts";
import type { SimConnection } from "./sim_transport.ts";
import type { SimWorld } from "./sim_world.ts";

/** Two nodes, the one that dials first. */
export type Route = readonly [string, string];

const TOLD_AT_ONCE = { dialler: 0, acceptor: 0 } as const;

/** Breaks the connections of a link, at once or after some messages; both ends are told soon. */
export function cut(world: SimWorld, link: Route, random: Prng): () => void {
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

/** Breaks the connections of a link; at least one end is told late or never. */
export function halfOpen(world: SimWorld, link: Route, random: Prng): () => void {
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

/** Nothing passes in one direction of a link, or in both, for a time. */
export function stall(world: SimWorld, link: Route, random: Prng): () => void {
  const directions = directionsOf(link, random);
  const durationMs = random.pick([300, 3_000, 6_000, 12_000]) + random.nextInt(1_000);
  return stallFor(world, directions, durationMs);
}

/** Nothing passes in some directions for a time. */
export function stallFor(
  world: SimWorld,
  directions: readonly Route[],
  durationMs: number,
): () => void {
  return () => {
    world.say(() => `stall ${directions.map((it) => it.join(" > ")).join(", ")} ${durationMs} ms`);
    for (const [from, to] of directions) world.network.stall(from, to);
    world.clock.after(durationMs * 1_000, () => {
      for (const [from, to] of directions) world.network.resume(from, to);
    });
  };
}

/** A link is far from now on. */
export function delay(world: SimWorld, [a, b]: Route, random: Prng): () => void {
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

/** Few bytes a second pass on a link, for a time; perhaps it connects and syncs anew meanwhile. */
export function slow(world: SimWorld, link: Route, random: Prng): () => void {
  const directions = directionsOf(link, random);
  const bytesPerSecond = random.pick([400, 2_000, 10_000]);
  const durationMs = 1_000 + random.nextInt(12_000);
  const isCut = random.nextFloat() < 0.5;
  const begin = slowFor(world, directions, { bytesPerSecond, durationMs });
  return () => {
    if (isCut) eachConnection(world, link, (connection) => connection.cut(TOLD_AT_ONCE));
    begin();
  };
}

/** Few bytes a second pass in some directions, for a time. */
export function slowFor(
  world: SimWorld,
  directions: readonly Route[],
  { bytesPerSecond, durationMs }: { readonly bytesPerSecond: number; readonly durationMs: number },
): () => void {
  return () => {
    world.say(() => {
      const ways = directions.map((it) => it.join(" > ")).join(", ");
      return `${ways} passes ${bytesPerSecond} bytes/s for ${durationMs} ms`;
    });
    for (const [from, to] of directions) world.network.limit(from, to, bytesPerSecond);
    world.clock.after(durationMs * 1_000, () => {
      for (const [from, to] of directions) world.network.limit(from, to, Infinity);
    });
  };
}

function directionsOf([a, b]: Route, random: Prng): readonly Route[] {
  return random.pick<readonly Route[]>([[[a, b]], [[b, a]], [[a, b], [b, a]]]);
}

function eachConnection(world: SimWorld, [a, b]: Route, act: (it: SimConnection) => void): void {
  for (const connection of world.network.connections(a, b)) act(connection);
}
