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
    const { id, host: { core, federation } } = router;
    // One that does not run has not heard of the connections that ended.
    if (!world.network.isSuspended(id)) {
      const open = world.network.openConnections(id);
      this.#atMost(open, core.connections, { id, what: "connections" });
    }
    this.#atMost(QUEUED_BYTES_MAX, core.queuedBytes, { id, what: "bytes queued" });
    this.#atMost(PARAMS_MAX, core.params.size, { id, what: "params" });
    this.#atMost(APPOINTMENTS_MAX, core.agenda.size, { id, what: "appointments" });
    if (federation === undefined) return;
    const { writes: { pending }, receiver: { eventsRemembered }, claims } = federation;
    this.#atMost(PENDING_MAX, pending, { id, what: "requests that wait" });
    this.#atMost(EVENTS_MAX, eventsRemembered, { id, what: "events remembered" });
    this.#atMost(CLAIMS_MAX, claims.size, { id, what: "claims" });
    if (pending > 0 && federation.links().length === 0) {
      this.#report(`${id} has no link, but requests that wait for an answer`);
    }
  }

  #atMost(max: number, count: number, of: { readonly id: string; readonly what: string }): void {
    if (count > max) this.#report(`${of.id} has ${count} ${of.what}, more than ${max}`);
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
