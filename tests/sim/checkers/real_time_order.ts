import type { Checker, ClientWrite, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { federationOf } from "../expectations.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors } from "../topology.ts";

/** Federation time is measured; on slow links it is off by as much. */
const TIME_ERROR_MICROS = 4_000_000;

/**
 * An acknowledged write is overridden only by a later or a concurrent one: never by one that was
 * answered before it was sent, whatever the clocks of sites say. As long as no process ended: the
 * root's takes the federation's time with it, any other's may not have known it.
 */
export class RealTimeOrder implements Checker {
  readonly name = "real time order";
  readonly #report: Report;
  readonly #byValue = new Map<string, ClientWrite>();
  #hasCrashed = false;

  constructor(report: Report) {
    this.#report = report;
  }

  crashed(): void {
    this.#hasCrashed = true;
  }

  answered(write: ClientWrite): void {
    if (write.answers[0]?.kind === "accepted") this.#byValue.set(describeValue(write.value), write);
  }

  settled(world: SimWorld): void {
    const hasRoot = [...world.routers.values()].some(({ plan: { hubs = [] } }) =>
      hubs.length === 0
    );
    if (this.#hasCrashed || !hasRoot) return;
    for (const write of this.#byValue.values()) this.#check(write, world);
  }

  #check({ router: id, address, value, sentAtMicros }: ClientWrite, world: SimWorld): void {
    if (!mirrors(world.router(id).plan)(address)) return;
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
