import { runSeed, type SeedResult } from "./run_seed.ts";
import type { SeedJob } from "./seed_worker.ts";
import type { TopologyKind } from "./topology.ts";

/** Seeds that a worker is given ahead of its answers, so that it never waits. */
const AHEAD = 4;

/** Which seeds to run, and how. */
export interface SeedRun {
  readonly first: number;
  readonly count: number;
  readonly kinds: readonly TopologyKind[];
  /** Threads; 1 runs them in this one. */
  readonly jobs: number;
  /** Told in the order of the seeds. Ends the run when it returns false. */
  readonly onResult: (result: SeedResult) => boolean;
}

/** Runs seeds, several at a time. What comes out does not depend on how many. */
export async function runSeeds(run: SeedRun): Promise<void> {
  const { first, count, kinds, jobs, onResult } = run;
  if (jobs > 1) return await runInWorkers(run);
  for (let seed = first; seed < first + count; seed++) {
    if (!onResult(runSeed(seed, { kinds }))) return;
  }
}

function runInWorkers({ first, count, kinds, jobs, onResult }: SeedRun): Promise<void> {
  const results = new Map<number, SeedResult>();
  let next = first;
  let told = first;
  return new Promise((resolve, reject) => {
    const workers: Worker[] = [];
    const end = (settle: () => void) => {
      for (const worker of workers) worker.terminate();
      settle();
    };
    const give = (worker: Worker) => {
      if (next >= first + count) return;
      worker.postMessage({ seed: next++, kinds } satisfies SeedJob);
    };
    const answered = (worker: Worker, result: SeedResult) => {
      give(worker);
      results.set(result.seed, result);
      for (let ready = results.get(told); ready !== undefined; ready = results.get(++told)) {
        results.delete(told);
        if (!onResult(ready)) return end(resolve);
      }
      if (told >= first + count) end(resolve);
    };
    for (let index = 0; index < Math.min(jobs, count); index++) {
      const worker = new Worker(new URL("./seed_worker.ts", import.meta.url), { type: "module" });
      worker.onmessage = ({ data }: MessageEvent<SeedResult>) => answered(worker, data);
      worker.onerror = (event) => end(() => reject(new Error(event.message)));
      workers.push(worker);
      for (let ahead = 0; ahead < AHEAD; ahead++) give(worker);
    }
  });
}
