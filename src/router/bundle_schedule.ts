import {
  BUNDLE_CLOCK_CHECK_MS,
  BUNDLES_RUN_BYTES_MAX,
  BUNDLES_WAITING_BYTES_MAX,
  BUNDLES_WAITING_MAX,
} from "../limits.ts";
import type { Appointment } from "./agenda.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";

/** So that other things happen between what is due. */
const NEXT_TURN_MS = 1;

/** Who scheduled something, with what may wait of it. */
export interface Scheduler {
  readonly id: string;
  readonly waitingMax: number;
  readonly waitingBytesMax: number;
}

/** Something that waits for a moment of federation time. */
export interface Scheduled {
  readonly runAtMicros: number;
  readonly bytes: number;
  readonly sender: Scheduler;
  readonly run: () => void;
  /** It will not run. */
  readonly dropped: () => void;
}

/** What a {@linkcode BundleSchedule} needs of its router. */
export interface ScheduleSurroundings {
  /** Federation time, which may step. */
  readonly timeMicros: () => number;
  readonly after: (delayMs: number, action: () => void) => Appointment;
  readonly cancel: (appointment: Appointment) => void;
}

/**
 * What waits for its moment, in order of it, and of coming. The moment is of federation time: it comes
 * earlier or later when that time turns out to be another, so it is looked at now and then, and when
 * it is known to have changed.
 */
export class BundleSchedule {
  readonly #around: ScheduleSurroundings;
  readonly #waiting: Scheduled[] = [];
  readonly #bySender = new Map<string, { count: number; bytes: number }>();
  #bytes = 0;
  #plan: Appointment | undefined;

  constructor(around: ScheduleSurroundings) {
    this.#around = around;
  }

  /** What waits. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Bytes of it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Why there is no room for one more, or undefined. */
  problem({ bytes, sender }: Scheduled): Refusal | undefined {
    const own = this.#bySender.get(sender.id) ?? { count: 0, bytes: 0 };
    if (own.count + 1 > sender.waitingMax || own.bytes + bytes > sender.waitingBytesMax) {
      return {
        code: ERROR_CODE.tooMany,
        message: `Cannot schedule a bundle of ${bytes} bytes: ${own.count} of its sender with ` +
          `${own.bytes} bytes wait, at most ${sender.waitingMax} with ${sender.waitingBytesMax} ` +
          "may; send it later",
      };
    }
    if (
      this.size + 1 > BUNDLES_WAITING_MAX || this.#bytes + bytes > BUNDLES_WAITING_BYTES_MAX
    ) {
      return {
        code: ERROR_CODE.overload,
        message: `Cannot schedule a bundle of ${bytes} bytes: ${this.size} with ${this.#bytes} ` +
          `bytes wait on the router, at most ${BUNDLES_WAITING_MAX} with ` +
          `${BUNDLES_WAITING_BYTES_MAX} may; send it later`,
      };
    }
    return undefined;
  }

  /** Adds what `problem` found nothing about. */
  add(scheduled: Scheduled): void {
    this.#waiting.splice(this.#placeOf(scheduled.runAtMicros), 0, scheduled);
    this.#count(scheduled, 1);
    if (this.#waiting[0] === scheduled) this.#replan();
  }

  /** Takes back what has not run. */
  remove(scheduled: Scheduled): void {
    const index = this.#waiting.indexOf(scheduled);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    this.#count(scheduled, -1);
  }

  /** Takes back all that waits, and tells it so. */
  dropAll(): void {
    const dropped = this.#waiting.splice(0);
    for (const scheduled of dropped) this.#count(scheduled, -1);
    for (const scheduled of dropped) scheduled.dropped();
  }

  /** Federation time is known better, or has stepped. */
  timeChanged(): void {
    if (this.#waiting.length > 0) this.#replan();
  }

  /** Behind all of the same moment. */
  #placeOf(runAtMicros: number): number {
    let [low, high] = [0, this.#waiting.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#waiting[middle]?.runAtMicros ?? Infinity) <= runAtMicros) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #replan(): void {
    if (this.#plan !== undefined) this.#around.cancel(this.#plan);
    this.#plan = undefined;
    const [first] = this.#waiting;
    if (first === undefined) return;
    const aheadMs = (first.runAtMicros - this.#around.timeMicros()) / 1_000;
    const delayMs = aheadMs <= 0 ? NEXT_TURN_MS : Math.min(aheadMs, BUNDLE_CLOCK_CHECK_MS);
    this.#plan = this.#around.after(delayMs, () => this.#runDue());
  }

  #runDue(): void {
    this.#plan = undefined;
    try {
      this.#run();
    } finally {
      this.#replan();
    }
  }

  #run(): void {
    let bytes = 0;
    while (bytes < BUNDLES_RUN_BYTES_MAX) {
      const [first] = this.#waiting;
      if (first === undefined || first.runAtMicros > this.#around.timeMicros()) return;
      this.remove(first);
      bytes += first.bytes;
      first.run();
    }
  }

  #count({ sender: { id }, bytes }: Scheduled, sign: 1 | -1): void {
    this.#bytes += sign * bytes;
    const own = this.#bySender.get(id) ?? { count: 0, bytes: 0 };
    own.count += sign;
    own.bytes += sign * bytes;
    if (own.count === 0) this.#bySender.delete(id);
    else this.#bySender.set(id, own);
  }
}
