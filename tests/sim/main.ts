/**
 * Runs federations under a virtual clock: `deno task sim [--seeds=N] [--seed=S] [--trace]`.
 *
 * Prints the faults that were injected, and for each failing seed which checker saw what and the
 * command that replays it. Exits with 1 when a seed failed.
 *
 * @module
 */
import { FAULT_KINDS, type FaultKind } from "./faults.ts";
import { runSeed, type SeedResult } from "./run_seed.ts";

const USAGE = "Usage: deno task sim [--seeds=N] [--seed=S] [--trace]";
const SEEDS_DEFAULT = 300;
const VIOLATIONS_SHOWN = 5;

interface Options {
  readonly first: number;
  readonly count: number;
  readonly trace: boolean;
}

if (import.meta.main) Deno.exit(main(Deno.args));

function main(args: readonly string[]): number {
  const options = parseOptions(args);
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const { first, count, trace } = options;
  const startedAtMs = performance.now();
  const tally = new Map<FaultKind, { seeds: number; times: number }>();
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const result = runSeed(seed, { keepTrace: trace });
    for (const [kind, times] of result.faults) {
      const sum = tally.get(kind) ?? { seeds: 0, times: 0 };
      tally.set(kind, { seeds: sum.seeds + 1, times: sum.times + times });
    }
    if (trace) console.log(result.trace);
    if (result.violations.length === 0) continue;
    failed++;
    printFailure(result);
  }
  const faults = FAULT_KINDS.map((kind) => {
    const { seeds, times } = tally.get(kind) ?? { seeds: 0, times: 0 };
    return `${kind} ${times} in ${seeds}`;
  });
  console.log(`faults (times in seeds): ${faults.join(", ")}`);
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  console.log(`${count} seeds from ${first}, ${failed} failed, ${seconds} s`);
  return failed === 0 ? 0 : 1;
}

function printFailure({ seed, violations }: SeedResult): void {
  console.log(`seed ${seed} FAILED; replay: deno task sim --seed=${seed} --trace`);
  for (const { checker, what } of violations.slice(0, VIOLATIONS_SHOWN)) {
    console.log(`  ${checker}: ${what}`);
  }
  const more = violations.length - VIOLATIONS_SHOWN;
  if (more > 0) console.log(`  and ${more} more`);
}

/** `--seed` alone runs that one; with `--seeds`, so many from it on. */
function parseOptions(args: readonly string[]): Options | undefined {
  let first: number | undefined;
  let count: number | undefined;
  let trace = false;
  for (const arg of args) {
    const [, name, number] = /^--(seeds?)=(\d{1,9})$/.exec(arg) ?? [];
    if (name === "seed") first = Number(number);
    else if (name === "seeds") count = Number(number);
    else if (arg === "--trace") trace = true;
    else return undefined;
  }
  return {
    first: first ?? 1,
    count: count ?? (first === undefined ? SEEDS_DEFAULT : 1),
    trace,
  };
}
