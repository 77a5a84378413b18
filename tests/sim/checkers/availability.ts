import { DIAL_TIMEOUT_MS } from "../../../src/limits.ts";
import type { Checker, Report } from "../checker.ts";
import type { SimRouter } from "../sim_router.ts";
import type { SimWorld } from "../sim_world.ts";

/** One dial that goes unanswered. */
const DIAL_MAX_MICROS = DIAL_TIMEOUT_MS * 1_000;
/** Of the delays before such dials and the next. */
const DELAYS_MAX_MICROS = 3_000_000;
const QUICK_MICROS = 100_000;
/** Whoever was refused comes back later on purpose. */
const REFUSALS = /409|ring|Superseded/;

/**
 * A router does not go on without a link while one of its hubs is there and can be reached. It tries
 * each hub in turn, and began with that one perhaps before it was there.
 */
export class Availability implements Checker {
  readonly name = "availability";
  readonly #report: Report;
  /** By router, and by router and hub: since when it searches, since when the hub is there. */
  readonly #since = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  ticked(world: SimWorld): void {
    for (const router of world.routers.values()) {
      const searchesSince = this.#lasts(router.id, isSearching(router, world), world);
      const { hubs = [] } = router.plan;
      const searchMaxMicros = hubs.length * DIAL_MAX_MICROS + DELAYS_MAX_MICROS;
      for (const hub of hubs) {
        const isThere = this.#lasts(
          `${router.id} ${hub}`,
          isReachable(router.id, hub, world),
          world,
        );
        const micros = Math.min(
          searchesSince,
          isThere,
          ranFor(hub, world),
          ranFor(router.id, world),
        );
        if (micros <= searchMaxMicros) continue;
        this.#report(`${router.id} has no link, though ${hub} was there for ${micros / 1e6} s`);
        this.#since.delete(router.id);
      }
    }
  }

  /** For how long something has been so, in microseconds. */
  #lasts(what: string, isSo: boolean, { clock }: SimWorld): number {
    if (!isSo) this.#since.delete(what);
    else if (!this.#since.has(what)) this.#since.set(what, clock.nowMicros);
    return clock.nowMicros - (this.#since.get(what) ?? clock.nowMicros);
  }
}

function isSearching(router: SimRouter, { network }: SimWorld): boolean {
  // In a dispute one is refused for good, for whatever reason it ended last.
  if (router.plan.dispute !== undefined) return false;
  if (!router.isUp || network.isSuspended(router.id) || REFUSALS.test(router.lastReason)) {
    return false;
  }
  const { state } = router.host.federation?.uplink ?? {};
  return state === "Connecting" || state === "Disconnected";
}

/** A process may have stood still for so short a time that no tick saw it. */
function ranFor(name: string, { clock, network }: SimWorld): number {
  return clock.nowMicros - (network.suspension(network.nodeOf(name)).endedMicros ?? -Infinity);
}

function isReachable(id: string, name: string, { network, routers }: SimWorld): boolean {
  const node = network.nodeOf(name);
  if (routers.get(node)?.isUp !== true || network.isSuspended(node)) return false;
  return [network.route(id, name), network.route(name, id)].every((route) =>
    !route.isStalled && route.latencyMicros < QUICK_MICROS && route.bytesPerSecond === Infinity
  );
}
