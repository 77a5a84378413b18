import type { Checker, Report } from "../checker.ts";
import { LinkFlow } from "../link_flow.ts";
import type { Delivery } from "../sim_network.ts";
import type { SimWorld } from "../sim_world.ts";

/** A link is shown Active only while messages can flow both ways, within the time it takes to notice. */
export class LinkState implements Checker {
  readonly name = "link state";
  readonly #report: Report;
  readonly #flow = new LinkFlow();

  constructor(report: Report) {
    this.#report = report;
  }

  delivered(delivery: Delivery, world: SimWorld): void {
    this.#flow.delivered(delivery, world);
  }

  ticked(world: SimWorld): void {
    for (const router of world.routers.values()) {
      // A process that does not run shows nothing.
      if (!router.isUp || world.network.isSuspended(router.id)) continue;
      for (const { state, routerId } of router.host.federation?.links() ?? []) {
        if (state !== "Active") continue;
        const problem = this.#flow.problem(world, router.id, routerId);
        if (problem === undefined) continue;
        this.#report(`${router.id} shows its link to ${routerId} as Active, but ${problem}`);
      }
    }
  }
}
