import { ERROR_CODE } from "../../../src/router/error_code.ts";
import type { Checker, ClientUpdate, ClientWrite, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import type { SimWorld } from "../sim_world.ts";

/** A write that was refused is applied nowhere, unless its answer said "outcome unknown". */
export class RefusedWrites implements Checker {
  readonly name = "refused writes";
  readonly #report: Report;
  readonly #refused = new Map<string, number>();
  readonly #seen = new Set<string>();

  constructor(report: Report) {
    this.#report = report;
  }

  updated({ value }: ClientUpdate): void {
    this.#seen.add(describeValue(value));
  }

  answered({ value, answers }: ClientWrite): void {
    const answer = answers.at(-1);
    if (answer?.kind === "refused" && answer.code !== ERROR_CODE.outcomeUnknown) {
      this.#refused.set(describeValue(value), answer.code);
    }
  }

  ended(world: SimWorld): void {
    for (const router of world.routers.values()) {
      for (const { value } of router.params().values()) this.#seen.add(describeValue(value));
    }
    for (const [value, code] of this.#refused) {
      if (this.#seen.has(value)) this.#report(`${value} was refused with ${code}, yet applied`);
    }
  }
}
