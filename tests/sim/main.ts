/**
 * Runs federations under a virtual clock: `deno task sim [--seeds=N] [--seed=S] [--trace]
 * [--topology=KIND,...] [--jobs=N] [--until-failure]`.
 *
 * Prints the topologies and faults that occurred, and for each failing seed which checker saw what
 * and the command that replays it. Exits with 1 when a seed failed, or when a kind of fault occurs
 * in less than a tenth of many seeds.
 *
 * @module
 */
import { runSeed, type SeedResult } from "./run_seed.ts";
import { runSeeds } from "./run_seeds.ts";
import { SeedTally } from "./seed_tally.ts";
import { TOPOLOGY_KINDS, type TopologyKind } from "./topology.ts";

const USAGE = "Usage: deno task sim [--seeds=N] [--seed=S] [--trace] [--jobs=N] " +
  `[--until-failure] [--topology=KIND,...] (of ${TOPOLOGY_KINDS.join(", ")})`;
const SEEDS_DEFAULT = 300;
/** With fewer seeds chance decides how often a fault occurs. */
const SEEDS_FOR_SHARES = 300;
const VIOLATIONS_SHOWN = 5;

interface Options {
  readonly first: number;
  readonly count: number;
  readonly trace: boolean;
  readonly jobs: number;
  readonly untilFailure: boolean;
  readonly kinds: readonly TopologyKind[];
}

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const { first, count, kinds, jobs, untilFailure } = options;
  if (options.trace) return printTraces(options);
  const startedAtMs = performance.now();
  const tally = new SeedTally();
  await runSeeds({
    first,
    count,
    kinds,
    jobs,
    onResult: (result) => {
      tally.add(result);
      if (result.violations.length > 0) printFailure(result, options);
      return !untilFailure || result.violations.length === 0;
    },
  });
  for (const line of tally.lines()) console.log(line);
  const seconds = (performance.now() - startedAtMs) / 1_000;
  console.log(
    `${tally.seeds} seeds from ${first}, ${tally.failed} failed, ${seconds.toFixed(1)} s, ` +
      `${(tally.seeds / seconds).toFixed(0)} seeds/s in ${jobs} threads`,
  );
  return tally.failed > 0 || isOneSided(tally, options) ? 1 : 0;
}

function isOneSided(tally: SeedTally, { kinds }: Options): boolean {
  // Not every topology has room for every fault.
  if (tally.seeds < SEEDS_FOR_SHARES || kinds.length < TOPOLOGY_KINDS.length) return false;
  const rare = tally.rareFaults();
  if (rare.length > 0) console.log(`in less than a tenth of the seeds: ${rare.join(", ")}`);
  return rare.length > 0;
}

function printTraces(options: Options): number {
  const { first, count, kinds } = options;
  let failed = 0;
  for (let seed = first; seed < first + count; seed++) {
    const result = runSeed(seed, { keepTrace: true, kinds });
    console.log(result.trace);
    if (result.violations.length === 0) continue;
    failed++;
    printFailure(result, options);
  }
  return failed === 0 ? 0 : 1;
}

function printFailure({ seed, topology, violations }: SeedResult, { kinds }: Options): void {
  const restriction = kinds.length < TOPOLOGY_KINDS.length ? ` --topology=${kinds.join(",")}` : "";
  console.log(
    `seed ${seed} (${topology}) FAILED; replay: deno task sim --seed=${seed} --trace${restriction}`,
  );
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
  let jobs = navigator.hardwareConcurrency;
  let trace = false;
  let untilFailure = false;
  let kinds: readonly TopologyKind[] = TOPOLOGY_KINDS;
  for (const arg of args) {
    const [, name, number] = /^--(seeds?|jobs)=(\d{1,9})$/.exec(arg) ?? [];
    const [, list] = /^--topology=(.+)$/.exec(arg) ?? [];
    if (name === "seed") first = Number(number);
    else if (name === "seeds") count = Number(number);
    else if (name === "jobs") jobs = Math.max(1, Number(number));
    else if (arg === "--trace") trace = true;
    else if (arg === "--until-failure") untilFailure = true;
    else if (list !== undefined) {
      const wanted = list.split(",");
      kinds = TOPOLOGY_KINDS.filter((kind) => wanted.includes(kind));
      if (kinds.length < wanted.length) return undefined;
    } else return undefined;
  }
  return {
    first: first ?? 1,
    count: count ?? (first === undefined ? SEEDS_DEFAULT : 1),
    jobs: first !== undefined && count === undefined ? 1 : jobs,
    trace,
    untilFailure,
    kinds,
  };
}
