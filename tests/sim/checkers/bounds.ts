import type { Checker, Report } from "../checker.ts";
import type { SimRouter } from "../sim_router.ts";
import type { SimWorld } from "../sim_world.ts";

/** Many times what the traffic of a seed can make a router keep. */
const QUEUED_BYTES_MAX = 500_000;
const PENDING_MAX = 100;
const EVENTS_MAX = 300;
const PARAMS_MAX = 100;
const CLAIMS_MAX = 150;
const APPOINTMENTS_MAX = 150;

/** What a router keeps is bounded at all times; in quiet it keeps nothing of what is over. */
export class Bounds implements Checker {
  readonly name = "bounds";
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  ticked(world: SimWorld): void {
    for (const router of world.routers.values()) {
      if (router.isUp) this.#checkMost(router, world);
    }
  }

  ended(world: SimWorld): void {
    for (const router of world.routers.values()) {
      if (router.isUp) this.#checkQuiet(router, world);
    }
  }

  #checkMost(router: SimRouter, world: SimWorld): void {
    const { core, federation } = router.host;
    const open = world.network.openConnections(router.id);
    const kept = [
      { what: "connections", count: core.connections, max: open },
      { what: "bytes queued", count: core.queuedBytes, max: QUEUED_BYTES_MAX },
      { what: "requests that wait", count: federation?.writes.pending ?? 0, max: PENDING_MAX },
      {
        what: "events remembered",
        count: federation?.receiver.eventsRemembered ?? 0,
        max: EVENTS_MAX,
      },
      { what: "params", count: core.params.size, max: PARAMS_MAX },
      { what: "claims", count: federation?.claims.size ?? 0, max: CLAIMS_MAX },
      { what: "appointments", count: core.agenda.size, max: APPOINTMENTS_MAX },
    ];
    if ((federation?.links().length ?? 0) === 0 && (federation?.writes.pending ?? 0) > 0) {
      this.#report(`${router.id} has no link, but requests that wait for an answer`);
    }
    // One that does not run has not heard of the connections that ended.
    const isAwake = !world.network.isSuspended(router.id);
    for (const { what, count, max } of isAwake ? kept : kept.slice(1)) {
      if (count > max) this.#report(`${router.id} has ${count} ${what}, more than ${max}`);
    }
  }

  #checkQuiet(router: SimRouter, world: SimWorld): void {
    const { core, federation } = router.host;
    const open = world.network.openConnections(router.id);
    const left = [
      { what: "connections", count: core.connections, wanted: open },
      { what: "bytes queued", count: core.queuedBytes, wanted: 0 },
      { what: "requests that wait", count: federation?.writes.pending ?? 0, wanted: 0 },
    ];
    for (const { what, count, wanted } of left) {
      if (count !== wanted) {
        this.#report(`${router.id} has ${count} ${what} in quiet, instead of ${wanted}`);
      }
    }
    // What is kept for peers that are away, and whoever watches the stamps here.
    const others = (federation?.records.all().length ?? 0) + 1;
    if (core.subscriptions.subscribers > core.connections + others) {
      this.#report(
        `${router.id} has ${core.subscriptions.subscribers} subscribers on ` +
          `${core.connections} connections and ${others} others`,
      );
    }
  }
}
