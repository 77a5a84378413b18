import type { Checker, ClientWrite, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { federationOf } from "../expectations.ts";
import { type SimRouter, START_WALL_MICROS } from "../sim_router.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors, rootOf } from "../topology.ts";

/** Federation time is measured; on slow links it is off by as much. */
const TIME_ERROR_MICROS = 4_000_000;
/** Clocks tick in whole microseconds. */
const CLOCK_STEP_MICROS = 1;

/**
 * An acknowledged write is overridden only by a later or a concurrent one: never by one that was
 * answered before it was sent, whatever the clocks of sites say.
 *
 * Not where nobody can know: when the root's process ended, and the federation's time with it; when
 * a router that did not know the time yet ended with what it had to raise, or had a fast clock; and
 * while some router has not heard that the root went forward to what a leaf knew.
 */
export class RealTimeOrder implements Checker {
  readonly name = "real time order";
  readonly #report: Report;
  readonly #byValue = new Map<string, ClientWrite>();
  /** Addresses that were written by different times: by a fast clock, or by the time before a step. */
  readonly #unordered = new Set<string>();
  /** As of the last look. */
  #untimed: ReadonlySet<string> = new Set();
  readonly #lostState = new Set<string>();
  #lastUntimedEndMicros = -1;
  #hasRootEnded = false;
  #world: SimWorld | undefined;

  constructor(report: Report) {
    this.#report = report;
  }

  ticked(world: SimWorld): void {
    this.#world = world;
    this.#untimed = new Set(untimedOf(world).map(({ id }) => id));
  }

  crashed(router: string, _world: SimWorld, hasLost: "state" | "nothing"): void {
    const { plan } = this.#world?.router(router) ?? {};
    if ((plan?.hubs ?? []).length === 0) this.#hasRootEnded = true;
    if (hasLost === "state") this.#lostState.add(router);
    if (this.#untimed.has(router)) {
      this.#lastUntimedEndMicros = this.#world?.clock.nowMicros ?? 0;
    }
  }

  answered(write: ClientWrite): void {
    if (write.answers[0]?.kind !== "accepted" || this.#world === undefined) return;
    this.#byValue.set(describeValue(write.value), write);
    if (hasFastClocks(this.#world) || hasLaggards(this.#world)) this.#unordered.add(write.address);
  }

  settled(world: SimWorld): void {
    const hasRoot = [...world.routers.values()].some(({ plan }) => (plan.hubs ?? []).length === 0);
    if (this.#hasRootEnded || !hasRoot) return;
    for (const write of this.#byValue.values()) {
      const isKnown = mirrors(world.router(write.router).plan)(write.address) &&
        !this.#lostState.has(write.router) && !this.#unordered.has(write.address);
      if (isKnown && write.sentAtMicros > this.#lastUntimedEndMicros) this.#check(write, world);
    }
  }

  #check({ router: id, address, value, sentAtMicros }: ClientWrite, world: SimWorld): void {
    for (const router of federationOf(id, world)) {
      if (!mirrors(world.router(router).plan)(address)) continue;
      const text = describeValue(world.router(router).version(address)?.value);
      const answeredAtMicros = this.#byValue.get(text)?.answers[0]?.atMicros ?? Infinity;
      if (answeredAtMicros > sentAtMicros - TIME_ERROR_MICROS) continue;
      this.#report(
        `${router} holds "${address}" = ${text}, which was accepted ` +
          `${(sentAtMicros - answeredAtMicros) / 1e6} s before ${describeValue(value)} was sent`,
      );
    }
  }
}

/** Whether a router that does not know the root's time takes it for later than it is. */
function hasFastClocks(world: SimWorld): boolean {
  const root = rootOf(world);
  const rightMicros = START_WALL_MICROS + world.clock.nowMicros;
  const rootOffsetMicros = root?.isUp
    ? root.timeMicros - rightMicros
    : root?.clockOffsetMicros ?? 0;
  return untimedOf(world).some(({ clockOffsetMicros }) =>
    clockOffsetMicros - rootOffsetMicros > CLOCK_STEP_MICROS
  );
}

/** Whether the time of some router is not the root's. */
function hasLaggards(world: SimWorld): boolean {
  const root = rootOf(world);
  if (!root?.isUp) return false;
  return [...world.routers.values()].some((router) =>
    router.isUp && router.host.federation?.isTimed === true &&
    Math.abs(router.timeMicros - root.timeMicros) > TIME_ERROR_MICROS
  );
}

function untimedOf(world: SimWorld): SimRouter[] {
  return [...world.routers.values()].filter((router) =>
    router.isUp && router.host.federation?.clock.timed === false
  );
}
