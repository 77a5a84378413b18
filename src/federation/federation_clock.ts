import { TIME_SEEN_MAX_MICROS } from "../limits.ts";

/** One measurement of another router's clock, by SYNC. */
interface Sample {
  readonly roundTripMicros: number;
  readonly offsetMicros: number;
}

/** Measurements kept: the one with the shortest round trip of these counts. */
const SAMPLES_KEPT = 8;
/** Two measurements of one clock do not differ so much. */
export const STEP_MICROS: number = 1_000_000;

/**
 * Federation time, which is the root's. A router below the root has its own wall clock until it has
 * measured its parent's, then the parent's; it reads no wall clock after the start.
 */
export class FederationClock {
  #offsetMicros: number;
  #timed: boolean;
  #samples: Sample[] = [];

  /** `offsetMicros`: wall clock less monotonic time. The root's time is the federation's. */
  constructor(options: { readonly offsetMicros: number; readonly isRoot: boolean }) {
    this.#offsetMicros = options.offsetMicros;
    this.#timed = options.isRoot;
  }

  /** Whether this is the root's clock, or has been measured against it in this process. */
  get timed(): boolean {
    return this.#timed;
  }

  /** Federation time at a moment of monotonic time. */
  timeMicros(nowMicros: number): number {
    return Math.max(0, Math.floor(nowMicros + this.#offsetMicros));
  }

  /** Forgets the measurements of an earlier connection; the time runs on. */
  restart(): void {
    this.#samples = [];
  }

  /**
   * Takes in an answered SYNC: sent at `t1` and answered at `nowMicros` by this router's monotonic
   * time, received and answered at `t2` and `t3` by the parent's federation time.
   */
  measure(
    exchange: {
      readonly t1: number;
      readonly t2: number;
      readonly t3: number;
      readonly nowMicros: number;
    },
  ): void {
    const { t1, t2, t3, nowMicros } = exchange;
    const roundTripMicros = nowMicros - t1 - (t3 - t2);
    if (roundTripMicros < 0 || t3 > TIME_SEEN_MAX_MICROS) return;
    const offsetMicros = (t2 - t1 + t3 - nowMicros) / 2;
    // The parent's time has stepped: what was measured before tells nothing of it.
    // By half its round trip any measurement may be off.
    const isStep = this.#timed &&
      Math.abs(offsetMicros - this.#offsetMicros) > STEP_MICROS + roundTripMicros / 2;
    if (isStep) this.#samples = [];
    this.#samples.push({ roundTripMicros, offsetMicros });
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift();
  }

  /**
   * The time is told, not measured: what was measured before it says nothing any more. With the round
   * trip to the parent that told it, it counts as a measurement of such a length: one that took longer
   * says less.
   */
  set(timeMicros: number, nowMicros: number, roundTripMicros?: number): void {
    this.#offsetMicros = timeMicros - nowMicros;
    this.#samples = roundTripMicros === undefined
      ? []
      : [{ roundTripMicros, offsetMicros: this.#offsetMicros }];
    this.#timed = true;
  }

  /** Whether the parent's time, by the best measurement, is more than a step ahead of the time here. */
  get isBehind(): boolean {
    const best = this.#best();
    return best !== undefined && best.offsetMicros - this.#offsetMicros > STEP_MICROS;
  }

  /** Whether the time here is more than a step ahead of the parent's, by the best measurement. */
  get isAhead(): boolean {
    const best = this.#best();
    return best !== undefined && this.#offsetMicros - best.offsetMicros > STEP_MICROS;
  }

  /** Takes the parent's time, from the best measurement. */
  adopt(): void {
    const best = this.#best();
    if (best === undefined) return;
    this.#offsetMicros = best.offsetMicros;
    this.#timed = true;
  }

  #best(): Sample | undefined {
    return this.#samples.reduce<Sample | undefined>(
      (a, b) => a === undefined || b.roundTripMicros < a.roundTripMicros ? b : a,
      undefined,
    );
  }
}
