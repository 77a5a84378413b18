/**
 * Feeds mutated input to all that reads bytes of strangers: `deno task fuzz [--minutes=N]
 * [--target=NAME,...] [--seed=S] [--keep]`.
 *
 * Each target runs for so many minutes in a thread of its own. Prints how many executions there were,
 * how fast, the slowest one, how many different outcomes, and how memory grew. Exits with 1 when a
 * target crashed (threw anything but its typed error), hung (one execution over a second) or grew.
 * The input of a crash or a hang is written into the corpus, which `corpus_test.ts` runs from then on;
 * the same `--seed` makes the same inputs. `--keep` writes into the corpus, as small as it gets, an
 * input for each outcome that nothing in there had.
 *
 * @module
 */
import { keepInput, keepOutcomes } from "./fuzz_corpus.ts";
import { FUZZ_TARGETS } from "./fuzz_targets.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import type { FuzzJob, FuzzProgress } from "./fuzz_worker.ts";
import { mebibytes, memoryGrowth } from "./memory_growth.ts";

const NAMES = FUZZ_TARGETS.map(({ name }) => name);
const USAGE = `Usage: deno task fuzz [--minutes=N] [--target=NAME,...] (of ${NAMES.join(", ")}) ` +
  "[--seed=S] [--keep]";
/** One execution may take so long; most take a few microseconds. */
const HANG_MS = 1_000;
/** Without a word for so long, a thread is stuck in one execution. */
const STUCK_MS = 60_000;
/** Memory that may be in use more at the end than after the start. */
const GROWTH_BYTES_MAX = 48 * 1_048_576;
const INPUT_BYTES_MAX = 131_072;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly targets: readonly FuzzTarget[];
  readonly keep: boolean;
}

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  let failed = 0;
  for (const target of options.targets) {
    if (!await fuzz(target, options)) failed++;
  }
  console.log(`${options.targets.length} targets, seed ${options.seed}, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Whether a target did nothing that it must not. */
async function fuzz(target: FuzzTarget, options: Options): Promise<boolean> {
  const { seed, minutes, keep } = options;
  const current = new SharedArrayBuffer(INPUT_BYTES_MAX);
  const samples: number[] = [];
  const startedMs = performance.now();
  const last = await runWorker({
    target: target.name,
    seed,
    minutes,
    hangMs: HANG_MS,
    current,
    wantsOutcomes: keep,
  }, ({ heapBytes }) => samples.push(heapBytes));
  const seconds = (performance.now() - startedMs) / 1_000;
  if (last === "stuck") {
    const path = await keepInput(target, "hang", currentInput(current));
    console.log(`${target.name}: STUCK in one execution for ${STUCK_MS} ms: ${path}`);
    return false;
  }
  const growth = memoryGrowth(samples);
  console.log(
    `${target.name}: ${last.executions} executions in ${seconds.toFixed(0)} s, ` +
      `${(last.executions / seconds).toFixed(0)}/s, ${last.outcomes} outcomes, ` +
      `slowest ${last.slowestMs.toFixed(1)} ms, heap ${mebibytes(last.heapBytes)} ` +
      `(${growth < 0 ? "" : "+"}${mebibytes(growth)}), resident ${mebibytes(last.residentBytes)}`,
  );
  keepOutcomes(target, last.end?.newOutcomes ?? []);
  const { finding } = last.end ?? {};
  if (finding !== undefined) {
    const path = await keepInput(target, finding.kind, finding.input);
    console.log(`${target.name}: ${finding.kind.toUpperCase()}: ${finding.what}\n  ${path}`);
  }
  if (growth > GROWTH_BYTES_MAX) console.log(`${target.name}: GREW by ${mebibytes(growth)}`);
  return finding === undefined && growth <= GROWTH_BYTES_MAX;
}

function runWorker(
  job: FuzzJob,
  onProgress: (progress: FuzzProgress) => void,
): Promise<FuzzProgress | "stuck"> {
  const worker = new Worker(new URL("./fuzz_worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    const end = (result: FuzzProgress | "stuck"): void => {
      clearTimeout(watch);
      worker.terminate();
      resolve(result);
    };
    let watch = setTimeout(() => end("stuck"), STUCK_MS);
    worker.onmessage = ({ data }: MessageEvent<FuzzProgress>) => {
      clearTimeout(watch);
      if (data.end !== undefined) return end(data);
      watch = setTimeout(() => end("stuck"), STUCK_MS);
      onProgress(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      clearTimeout(watch);
      reject(new Error(event.message));
    };
    worker.postMessage(job);
  });
}

function currentInput(current: SharedArrayBuffer): Uint8Array<ArrayBuffer> {
  const length = new DataView(current).getUint32(0);
  return new Uint8Array(new Uint8Array(current, 4, length));
}

function parseOptions(args: readonly string[]): Options | undefined {
  let minutes = 1;
  let seed = Math.floor(Math.random() * 1_000_000);
  let targets = FUZZ_TARGETS;
  let keep = false;
  for (const arg of args) {
    const [, name, value = ""] = /^--(minutes|seed|target)=(.+)$/.exec(arg) ?? [];
    if (name === "minutes" && Number(value) > 0) minutes = Number(value);
    else if (name === "seed" && /^\d{1,15}$/.test(value)) seed = Number(value);
    else if (name === "target") {
      const wanted = value.split(",");
      targets = FUZZ_TARGETS.filter((target) => wanted.includes(target.name));
      if (targets.length < wanted.length) return undefined;
    } else if (arg === "--keep") keep = true;
    else return undefined;
  }
  return { minutes, seed, targets, keep };
}
