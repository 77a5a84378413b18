import type { Checker, Report } from "../checker.ts";
import type { SimWorld } from "../sim_world.ts";
import { rootOf } from "../topology.ts";

/** Federation time is measured; on slow links it is off by as much. */
const TIME_ERROR_MICROS = 4_000_000;

/**
 * Federation time does not go back: not at a router whose process goes on and which knows the time,
 * whatever clock the root shows when it starts again.
 *
 * Without a root there is no such time: who is told one by a stray router may be told another.
 */
export class TimeOrder implements Checker {
  readonly name = "time order";
  readonly #report: Report;
  /** By router: how far its time is ahead of the simulation's. */
  readonly #offsets = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  crashed(router: string): void {
    this.#offsets.delete(router);
  }

  ticked(world: SimWorld): void {
    if (rootOf(world) === undefined) return;
    for (const router of world.routers.values()) {
      if (!router.isUp || router.host.federation?.isTimed !== true) continue;
      const offsetMicros = router.timeMicros - world.clock.nowMicros;
      const backMicros = (this.#offsets.get(router.id) ?? -Infinity) - offsetMicros;
      this.#offsets.set(router.id, offsetMicros);
      if (backMicros <= TIME_ERROR_MICROS) continue;
      this.#report(`the time of ${router.id} went back by ${backMicros / 1e6} s`);
    }
  }
}
