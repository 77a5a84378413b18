import type { Checker, ClientEvent, Report } from "../checker.ts";
import type { SimWorld } from "../sim_world.ts";

/**
 * No client receives an event twice, nor one of its own, also when a router on the way has crashed
 * and forgotten what it had delivered: who may have sent it then does not send it again.
 *
 * A router with several hubs is different: what one of them keeps for it may have come by another.
 * When it crashes and changes its hub, its clients may receive an event again.
 */
export class EventsOnce implements Checker {
  readonly name = "events once";
  readonly #report: Report;
  readonly #received = new Set<string>();
  readonly #crashes = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  crashed(router: string): void {
    this.#crashes.set(router, (this.#crashes.get(router) ?? 0) + 1);
  }

  received({ session: { client, router }, id }: ClientEvent, world: SimWorld): void {
    const hasManyHubs = (world.router(router).plan.hubs ?? []).length > 1;
    const life = hasManyHubs ? this.#crashes.get(router) ?? 0 : 0;
    const key = `${client} ${life} ${id}`;
    if (this.#received.has(key)) this.#report(`client ${client} received event ${id} twice`);
    if (id.startsWith(`${client}:`)) this.#report(`client ${client} received its own event ${id}`);
    this.#received.add(key);
  }
}
