import type { Prng } from "../support/prng.ts";
import type { RouterPlan } from "./sim_router.ts";
import type { Disk, SimWorld } from "./sim_world.ts";

const HOUR_MICROS = 3_600_000_000;
/** How far clocks are off: seconds, hours, 1970, ten years ahead. */
export const CLOCK_OFFSETS_MICROS: readonly number[] = [
  -2_000_000,
  3_000_000,
  -5 * HOUR_MICROS,
  7 * HOUR_MICROS,
  -1_798_761_600_000_000,
  10 * 8_766 * HOUR_MICROS,
];

/** A process ends without a word and starts again later, perhaps with another clock. */
export function crash(world: SimWorld, id: string, options: {
  readonly random: Prng;
  readonly disk: "empty" | "stale" | "current";
}): () => void {
  const { random, disk } = options;
  const noticeMicros = random.pick([500, 500, undefined]);
  const downMs = random.pick([0, 200, 2_000, 10_000]) + random.nextInt(500);
  const savedBeforeMs = 500 + random.nextInt(8_000);
  const reclocks = random.nextFloat() < 0.2;
  const offset = random.pick(CLOCK_OFFSETS_MICROS);
  const end = (left: Disk) => {
    const router = world.router(id);
    if (!router.isUp) return;
    world.crash(id, noticeMicros, left);
    if (reclocks) router.clockOffsetMicros = offset;
    startLater(world, id, downMs);
  };
  if (disk !== "stale") return () => end(disk);
  return () => {
    const router = world.router(id);
    if (!router.isUp) return;
    const saved = router.copyOfStore();
    world.clock.after(savedBeforeMs * 1_000, () => end(saved));
  };
}

/**
 * A router is stopped, configured otherwise, and started, or takes other namespaces while it runs;
 * sometimes soon changed back.
 */
export function reconfigure(
  world: SimWorld,
  plan: RouterPlan,
  random: Prng,
): () => void {
  const { namespaces = [], imports = ["/**"] } = plan;
  const first = namespaces[0] ?? "/nobodys/**";
  const changes = random.pick([
    { namespaces: [] },
    { namespaces: [`${first.replace(/\/\*\*$/, "")}/1/**`] },
    { namespaces: [...namespaces, `/more-of-${plan.id}/**`] },
    { imports: [first] },
    { namespaces: [], imports: ["/nobodys/**"] },
  ]);
  const disk = random.pick(["empty", "current"] as const);
  const downMs = random.nextInt(400);
  const isChangedBack = random.nextFloat() < 0.5;
  const isLive = random.nextFloat() < 0.5;
  // In the middle of the sync that the first change began, or not.
  const backAfterMs = downMs + random.pick([5, 100, 3_000]) + random.nextInt(1_000);
  return () => {
    restartAs(world, plan.id, { changes, disk, downMs, isLive });
    if (!isChangedBack) return;
    world.clock.after(backAfterMs * 1_000, () => {
      restartAs(world, plan.id, { changes: { namespaces, imports }, disk, downMs, isLive });
    });
  };
}

/** While one router is away another gets its namespaces; it comes back, and gives them up later. */
export function takeOver(
  world: SimWorld,
  [from, to]: readonly [RouterPlan, RouterPlan],
  random: Prng,
): () => void {
  const disk = random.pick(["empty", "current"] as const);
  const noticeMicros = random.pick([500, undefined]);
  const takenAfterMs = random.nextInt(2_000);
  const insistsAfterMs = 2_000 + random.nextInt(3_000);
  const insists = random.nextFloat() < 0.5;
  const isLive = random.nextFloat() < 0.5;
  const yieldsAfterMs = 5_000 + random.nextInt(5_000);
  const namespaces = [...to.namespaces ?? [], ...from.namespaces ?? []];
  return () => {
    world.say(() => `the namespaces of ${from.id} move to ${to.id}`);
    if (world.router(from.id).isUp) world.crash(from.id, noticeMicros, disk);
    world.clock.after(takenAfterMs * 1_000, () => {
      restartAs(world, to.id, { changes: { namespaces }, disk: "current", downMs: 50, isLive });
    });
    if (insists) startLater(world, from.id, insistsAfterMs);
    world.clock.after(yieldsAfterMs * 1_000, () => {
      restartAs(world, from.id, { changes: { namespaces: [] }, disk, downMs: 50, isLive });
    });
  };
}

/** Processes stop and know nothing of it; later they run again. */
export function suspend(world: SimWorld, nodes: readonly string[], random: Prng): () => void {
  const durationMs = random.pick([500, 4_000, 12_000, 20_000]) - random.nextInt(400);
  return () => {
    const running = nodes.filter((node) => world.routers.get(node)?.isUp ?? true);
    world.suspend(running, durationMs);
  };
}

/** Clock of the next process; of the first one when nothing has started yet. */
export function skewClock(world: SimWorld, id: string, random: Prng): () => void {
  const offset = random.pick(CLOCK_OFFSETS_MICROS);
  return () => {
    world.say(() => `${id} has a clock ${offset / 1e6} s off`);
    world.router(id).clockOffsetMicros = offset;
  };
}

/** A router that was not there starts. */
export function join(world: SimWorld, id: string): () => void {
  return () => {
    const router = world.router(id);
    if (!router.isUp) router.start();
  };
}

function restartAs(world: SimWorld, id: string, options: {
  readonly changes: Partial<Omit<RouterPlan, "id">>;
  readonly disk: "empty" | "current";
  readonly downMs: number;
  /** Whether it goes on running, where it can. */
  readonly isLive: boolean;
}): void {
  const { changes, disk, downMs, isLive } = options;
  const router = world.router(id);
  const { imports = ["/**"] } = router.plan;
  const isSameImports = changes.imports === undefined || `${changes.imports}` === `${imports}`;
  router.reconfigure(changes);
  world.say(() => `${id} is configured anew: ${JSON.stringify(changes)}`);
  if (isLive && router.isUp && isSameImports) {
    const { namespaces = [] } = changes;
    const conflicts = router.host.reconfigure({}, { namespaces });
    world.say(() => `${id} goes on, with ${conflicts.length} conflicts`);
    if (conflicts.length === 0) return;
  }
  if (router.isUp) world.crash(id, 500, disk);
  startLater(world, id, downMs);
}

function startLater(world: SimWorld, id: string, delayMs: number): void {
  world.clock.after(delayMs * 1_000, () => {
    const router = world.router(id);
    if (!router.isUp) router.start();
  });
}
