import type { Checker, ClientWrite, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { federationOf } from "../expectations.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors } from "../topology.ts";

/**
 * What was acknowledged by a mirror of its address that never lost its state is held in the end by all
 * that it is joined with, or its tombstone, or something with a higher revision is: a router merges a
 * version before it acknowledges it.
 */
export class AcknowledgedWrites implements Checker {
  readonly name = "acknowledged writes";
  readonly #report: Report;
  readonly #writes: ClientWrite[] = [];
  readonly #crashed = new Set<string>();

  constructor(report: Report) {
    this.#report = report;
  }

  answered(write: ClientWrite): void {
    this.#writes.push(write);
  }

  crashed(router: string, _world: SimWorld, hasLost: "state" | "nothing"): void {
    if (hasLost === "state") this.#crashed.add(router);
  }

  settled(world: SimWorld): void {
    for (const write of this.#writes) {
      const isMirror = mirrors(world.router(write.router).plan);
      if (isMirror(write.address) && !this.#crashed.has(write.router)) this.#check(write, world);
    }
  }

  #check({ answers, address, value, router: id }: ClientWrite, world: SimWorld): void {
    const [answer] = answers;
    if (answer?.kind !== "accepted") return;
    const joined = federationOf(id, world);
    for (const router of world.routers.values()) {
      if (!joined.has(router.id) || !mirrors(router.plan)(address)) continue;
      const held = router.version(address);
      const text = describeValue(value);
      const isKept = held !== undefined && (held.revision > answer.revision ||
        (held.revision === answer.revision &&
          (held.value === undefined || describeValue(held.value) === text)));
      if (isKept) continue;
      this.#report(
        `"${address}" = ${text} was acknowledged as revision ${answer.revision}, but ${router.id} ` +
          `holds revision ${held?.revision ?? 0}`,
      );
    }
  }
}
