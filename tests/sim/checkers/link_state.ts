import { HEARTBEAT_MS, HEARTBEATS_UNANSWERED_MAX } from "../../../src/limits.ts";
import type { Checker, Report } from "../checker.ts";
import type { Delivery } from "../sim_network.ts";
import type { SimWorld } from "../sim_world.ts";

/** Heartbeats, and the slowest round trip of the simulated network. */
const NOTICE_MAX_MICROS = (HEARTBEAT_MS * (HEARTBEATS_UNANSWERED_MAX + 1) + 2_000) * 1_000;

/** A link is shown Active only while messages can flow both ways, within the time it takes to notice. */
export class LinkState implements Checker {
  readonly name = "link state";
  readonly #report: Report;
  /** By router and peer: when the last answer to a heartbeat came, which may have waited on its way. */
  readonly #answeredMicros = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  delivered({ from, to, frames }: Delivery, world: SimWorld): void {
    if (!world.routers.has(to) || world.clients.has(from)) return;
    const isAnswer = frames().some(({ message }) =>
      message.type === "SYNC" && message.t2 !== undefined
    );
    if (isAnswer) this.#answeredMicros.set(`${to} ${from}`, world.clock.nowMicros);
  }

  ticked(world: SimWorld): void {
    for (const router of world.routers.values()) {
      // A process that does not run shows nothing.
      if (!router.isUp || world.network.isSuspended(router.id)) continue;
      for (const link of router.host.federation?.links() ?? []) {
        if (link.state === "Active") this.#check(world, router.id, link.routerId);
      }
    }
  }

  #check(world: SimWorld, id: string, peer: string): void {
    const open = world.network.connections(id, peer).filter((it) => !it.endOf(id).isClosed);
    // Nor did it notice anything before it ran again.
    const ranSinceMicros = world.network.suspension(id).endedMicros ?? 0;
    const answeredMicros = this.#answeredMicros.get(`${id} ${peer}`) ?? 0;
    const flows = open.some(({ blockedSinceMicros: since }) =>
      since === undefined ||
      world.clock.nowMicros - Math.max(since, ranSinceMicros, answeredMicros) <= NOTICE_MAX_MICROS
    );
    if (flows) return;
    this.#report(
      `${id} shows its link to ${peer} as Active, but nothing has passed since ` +
        `${open.map((it) => it.blockedSinceMicros).join(", ")}`,
    );
  }
}
