import { createCheckers } from "./checkers/all.ts";
import type { FaultKind } from "./faults.ts";
import { Scenario } from "./scenario.ts";
import type { TopologyKind } from "./topology.ts";

/** What a checker saw. */
export interface Violation {
  readonly checker: string;
  readonly what: string;
}

/** How a seed's run went. */
export interface SeedResult {
  readonly seed: number;
  /** In the order they were found; empty when all is well. */
  readonly violations: readonly Violation[];
  readonly topology: TopologyKind;
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** Empty unless it was asked for. */
  readonly trace: string;
}

/** Runs the scenario of a seed under all checkers. */
export function runSeed(
  seed: number,
  options: {
    readonly keepTrace?: boolean;
    /** Topologies that a seed may have; default: all. */
    readonly kinds?: readonly TopologyKind[] | undefined;
  } = {},
): SeedResult {
  const { keepTrace = false, kinds } = options;
  const scenario = new Scenario(seed, { keepTrace, kinds });
  const { world, faults } = scenario;
  const violations: Violation[] = [];
  const found = (checker: string, what: string): void => {
    violations.push({ checker, what });
    world.say(() => `!! ${checker}: ${what}`);
  };
  world.watch(createCheckers(found));
  try {
    scenario.run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    found("exception", error.stack ?? error.message);
  }
  return { seed, violations, topology: scenario.kind, faults, trace: world.trace.text };
}
