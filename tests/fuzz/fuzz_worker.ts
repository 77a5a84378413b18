/// <reference lib="deno.worker" />
/**
 * Fuzzes one target in a thread of its own, which can be ended when an execution does not end: is
 * sent a {@linkcode FuzzJob}, tells a {@linkcode FuzzProgress} now and then.
 *
 * @module
 */
import { loadCorpus, minimise } from "./fuzz_corpus.ts";
import { type FuzzFinding, FuzzRun } from "./fuzz_run.ts";
import { FUZZ_TARGETS } from "./fuzz_targets.ts";

/** What to fuzz, and how. */
export interface FuzzJob {
  readonly target: string;
  readonly seed: number;
  readonly minutes: number;
  readonly hangMs: number;
  /** The input that is executed: a u32 length, then its bytes. */
  readonly current: SharedArrayBuffer;
  /** Whether inputs with an outcome that no seed and no file of the corpus has are asked for. */
  readonly wantsOutcomes: boolean;
}

/** How far it is. */
export interface FuzzProgress {
  readonly executions: number;
  readonly slowestMs: number;
  readonly outcomes: number;
  /** Of this thread's heap, and of the process. */
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** Absent while it goes on. */
  readonly end?: {
    readonly finding?: FuzzFinding | undefined;
    /** As small as they get. */
    readonly newOutcomes: readonly Uint8Array<ArrayBuffer>[];
  };
}

const TOLD_EVERY_MS = 500;
/** Of the outcomes of one run: those that came first are the most common. */
const OUTCOMES_KEPT = 60;

self.onmessage = ({ data }: MessageEvent<FuzzJob>) => fuzz(data);

function fuzz(job: FuzzJob): void {
  const target = FUZZ_TARGETS.find(({ name }) => name === job.target);
  if (target === undefined) throw new RangeError(`There is no target ${job.target}`);
  const corpus = loadCorpus(target).map(({ input }) => input);
  const current = new Uint8Array(job.current);
  const length = new DataView(job.current);
  const run = new FuzzRun(target, {
    seed: job.seed,
    corpus,
    hangMs: job.hangMs,
    before: (input) => {
      const kept = input.subarray(0, current.length - 4);
      length.setUint32(0, kept.length);
      current.set(kept, 4);
    },
  });
  const started = target.seeds().length + corpus.length;
  let known = 0;
  const endMs = performance.now() + job.minutes * 60_000;
  for (let tellMs = 0;;) {
    let finding: FuzzFinding | undefined;
    for (let i = 0; i < 100 && finding === undefined; i++) {
      finding = run.step();
      if (run.executions === started) known = run.outcomes.size;
    }
    const nowMs = performance.now();
    if (finding !== undefined) return tell(run, { finding: minimised(finding), newOutcomes: [] });
    if (nowMs >= endMs) {
      const added = job.wantsOutcomes ? [...run.outcomes].slice(known, known + OUTCOMES_KEPT) : [];
      const newOutcomes = added.map(([outcome, input]) =>
        minimise(input, (smaller) => outcomeUnlessThrown(smaller) === outcome)
      );
      return tell(run, { newOutcomes });
    }
    if (nowMs < tellMs) continue;
    tellMs = nowMs + TOLD_EVERY_MS;
    tell(run);
  }

  function outcomeUnlessThrown(input: Uint8Array): string | undefined {
    try {
      return target?.run(input);
    } catch {
      return undefined;
    }
  }

  /** A crash that keeps its first line. One that needs what came before it stays as it is. */
  function minimised(finding: FuzzFinding): FuzzFinding {
    if (finding.kind === "hang") return finding;
    const input = minimise(finding.input, (smaller) => {
      try {
        target?.run(smaller);
        return false;
      } catch (error) {
        return error instanceof Error && finding.what.startsWith(firstLine(error));
      }
    });
    return { ...finding, input };
  }
}

function firstLine({ name, message }: Error): string {
  return `${name}: ${message}`.split("\n")[0] ?? "";
}

function tell(run: FuzzRun, end?: FuzzProgress["end"]): void {
  const { heapUsed, rss } = Deno.memoryUsage();
  const progress: FuzzProgress = {
    executions: run.executions,
    slowestMs: run.slowestMs,
    outcomes: run.outcomes.size,
    heapBytes: heapUsed,
    residentBytes: rss,
    ...(end === undefined ? {} : { end }),
  };
  self.postMessage(progress);
}
