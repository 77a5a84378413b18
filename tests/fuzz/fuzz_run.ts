import { createPrng, type Prng } from "../support/prng.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { mutateBytes } from "./mutate_bytes.ts";

/** Outcomes that are told apart; the inputs that had them are mutated further. */
const OUTCOMES_MAX = 2_000;
/** One in so many inputs is made right again after it was mutated. */
const REPAIRED_ONE_IN = 2;

/** What an execution was found to do that it must not. */
export interface FuzzFinding {
  readonly kind: "crash" | "hang";
  readonly input: Uint8Array<ArrayBuffer>;
  /** The error, or how long it took. */
  readonly what: string;
}

/**
 * Executions of one target, one after the other: the seeds and the corpus first, then mutations of
 * them and of every input that had an outcome of its own. The same seed makes the same inputs.
 */
export class FuzzRun {
  readonly #target: FuzzTarget;
  readonly #hangMs: number;
  readonly #prng: Prng;
  readonly #started: readonly Uint8Array[];
  readonly #inputs: Uint8Array[];
  readonly #outcomes = new Map<string, Uint8Array<ArrayBuffer>>();
  /** Told of each input before it is executed: it may be the last. */
  readonly #before: (input: Uint8Array) => void;
  #executions = 0;
  #slowestMs = 0;

  constructor(
    target: FuzzTarget,
    options: {
      readonly seed: number;
      readonly corpus: readonly Uint8Array[];
      /** Milliseconds that one execution may take. */
      readonly hangMs: number;
      readonly before?: (input: Uint8Array) => void;
    },
  ) {
    this.#target = target;
    this.#hangMs = options.hangMs;
    this.#prng = createPrng(options.seed);
    this.#started = [...target.seeds(), ...options.corpus];
    this.#inputs = [...this.#started];
    this.#before = options.before ?? (() => {});
  }

  get executions(): number {
    return this.#executions;
  }

  get slowestMs(): number {
    return this.#slowestMs;
  }

  /** The first input of each outcome that there was. */
  get outcomes(): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
    return this.#outcomes;
  }

  /** One execution; what it did wrong, or undefined. */
  step(): FuzzFinding | undefined {
    const input = this.#nextInput();
    this.#executions++;
    this.#before(input);
    const startedMs = performance.now();
    const result = this.#execute(input);
    const tookMs = performance.now() - startedMs;
    this.#slowestMs = Math.max(this.#slowestMs, tookMs);
    if (typeof result !== "string") return result;
    if (tookMs > this.#hangMs && this.#isSlowAgain(input)) {
      return { kind: "hang", input, what: `${tookMs.toFixed(0)} ms, at most ${this.#hangMs}` };
    }
    if (!this.#outcomes.has(result) && this.#outcomes.size < OUTCOMES_MAX) {
      this.#outcomes.set(result, input);
      this.#inputs.push(input);
    }
    return undefined;
  }

  #nextInput(): Uint8Array<ArrayBuffer> {
    // Those to start from are executed as they are, once.
    const asItIs = this.#started[this.#executions];
    if (asItIs !== undefined) return asItIs.slice();
    const prng = this.#prng;
    const mutated = mutateBytes(prng.pick(this.#inputs), prng, this.#inputs);
    const { repair } = this.#target;
    return repair !== undefined && prng.nextInt(REPAIRED_ONE_IN) === 0 ? repair(mutated) : mutated;
  }

  #execute(input: Uint8Array<ArrayBuffer>): string | FuzzFinding {
    try {
      return this.#target.run(input);
    } catch (error) {
      const what = error instanceof Error ? error.stack ?? error.message : String(error);
      return { kind: "crash", input, what };
    }
  }

  /** A machine that is busy with something else is slow once, not each time. */
  #isSlowAgain(input: Uint8Array<ArrayBuffer>): boolean {
    for (let tries = 0; tries < 3; tries++) {
      const startedMs = performance.now();
      this.#execute(input);
      if (performance.now() - startedMs <= this.#hangMs) return false;
    }
    return true;
  }
}
