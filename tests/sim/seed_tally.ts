import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import type { SeedResult } from "./run_seed.ts";
import { TOPOLOGY_KINDS, type TopologyKind } from "./topology.ts";

/** A fault kind that occurs in fewer seeds than this is not tried enough. */
const SHARE_MIN = 0.1;

/** Counts what seeds had in them. */
export class SeedTally {
  #seeds = 0;
  #failed = 0;
  readonly #topologies = new Map<TopologyKind, number>();
  readonly #faults = new Map<FaultKind, { seeds: number; times: number }>();

  /** Seeds counted. */
  get seeds(): number {
    return this.#seeds;
  }

  /** Those with a violation. */
  get failed(): number {
    return this.#failed;
  }

  add({ topology, faults, violations }: SeedResult): void {
    this.#seeds++;
    if (violations.length > 0) this.#failed++;
    this.#topologies.set(topology, (this.#topologies.get(topology) ?? 0) + 1);
    for (const [kind, times] of faults) {
      const sum = this.#faults.get(kind) ?? { seeds: 0, times: 0 };
      this.#faults.set(kind, { seeds: sum.seeds + 1, times: sum.times + times });
    }
  }

  /** Fault kinds that occur in less than a tenth of the seeds. */
  rareFaults(): readonly FaultKind[] {
    return FAULT_KINDS.filter((kind) => this.#shareOf(kind) < SHARE_MIN);
  }

  /** For people: how often each topology and each fault occurred. */
  lines(): string[] {
    const topologies = TOPOLOGY_KINDS.map((kind) => `${kind} ${this.#topologies.get(kind) ?? 0}`);
    const faults = FAULT_KINDS.map((kind) => {
      const percent = Math.round(100 * this.#shareOf(kind));
      return `${kind} ${percent} % (${this.#faults.get(kind)?.times ?? 0} times)`;
    });
    return [`topologies: ${topologies.join(", ")}`, `faults, share of seeds: ${faults.join(", ")}`];
  }

  #shareOf(kind: FaultKind): number {
    return (this.#faults.get(kind)?.seeds ?? 0) / Math.max(1, this.#seeds);
  }
}
