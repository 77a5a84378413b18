import { decodeValue } from "../../../src/wire/value_codec.ts";
import type { Checker, Report, Stamp } from "../checker.ts";
import type { SimWorld } from "../sim_world.ts";

/** What a share in a random bundle writes: its name, the number of the write, of how many. */
const VALUE = /^(\S+:b\d+ \S+) (\d+)\/(\d+)$/;

interface Begun {
  readonly name: string;
  readonly size: number;
  readonly atMicros: number;
  done: number;
}

/** What one owner decides of a bundle is done as a whole, in one turn, once, or not at all. */
export class WholeShares implements Checker {
  readonly name = "whole shares";
  readonly #report: Report;
  readonly #begun = new Map<string, Begun>();
  readonly #seen = new Set<string>();

  constructor(report: Report) {
    this.#report = report;
  }

  stamped({ router, value }: Stamp, world: SimWorld): void {
    const text = decodeValue(value);
    const [, name, index = "", size = ""] = VALUE.exec(typeof text === "string" ? text : "") ?? [];
    const begun = this.#begun.get(router);
    const isNext = begun !== undefined && begun.name === name &&
      begun.done + 1 === Number(index) && begun.atMicros === world.clock.nowMicros;
    if (isNext) {
      if (++begun.done === begun.size) this.#begun.delete(router);
      return;
    }
    this.#checkWhole(router);
    if (name === undefined) return;
    if (this.#seen.has(name)) this.#report(`${router} did "${name}", which was done before`);
    this.#seen.add(name);
    if (index !== "1") this.#report(`${router} began "${name}" with its write ${index}`);
    // Not begun, but done already.
    if (size === "1") return;
    const atMicros = world.clock.nowMicros;
    this.#begun.set(router, { name, size: Number(size), atMicros, done: Number(index) });
  }

  ticked(world: SimWorld): void {
    for (const [router, { atMicros }] of this.#begun) {
      if (atMicros < world.clock.nowMicros) this.#checkWhole(router);
    }
  }

  ended(): void {
    for (const router of [...this.#begun.keys()]) this.#checkWhole(router);
  }

  #checkWhole(router: string): void {
    const begun = this.#begun.get(router);
    if (begun === undefined) return;
    this.#begun.delete(router);
    const { name, done, size } = begun;
    this.#report(`${router} did ${done} of ${size} writes of "${name}" and then something else`);
  }
}
