import { BUNDLE_LATE_MS } from "../limits.ts";
import { BundleSchedule } from "./bundle_schedule.ts";
import { type BundleShare, runShare, type ShareAnswers, waitingProblem } from "./bundle_share.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";
import type { RouterCore } from "./router_core.ts";

/** What fits the answer to a peer. */
const LATE_MAX_MS = 0xffff_ffff;
const STOPPING: Refusal = {
  code: ERROR_CODE.overload,
  message: "It is not done: the router that was to do it is stopping; send it anew",
};
const NOTHING_TO_TAKE_BACK = (): void => {};

/** The shares of bundles that this router decides: at once, or when their time has come. */
export class Bundles {
  readonly #router: RouterCore;
  readonly #schedule: BundleSchedule;
  #isStopping = false;

  constructor(router: RouterCore) {
    this.#router = router;
    this.#schedule = new BundleSchedule({
      timeMicros: () => router.timeMicros(),
      after: (delayMs, action) => router.after(delayMs, action),
      cancel: (appointment) => router.agenda.cancel(appointment),
    });
  }

  /** Shares that wait for their time. */
  get waiting(): number {
    return this.#schedule.size;
  }

  /** Bytes of them. */
  get waitingBytes(): number {
    return this.#schedule.bytes;
  }

  /**
   * Takes a share of which this router decides all. One whose time is past runs now. All others are
   * checked twice: now for what can never be done, and at their time for everything.
   *
   * Returns what takes it back, if it has not run.
   */
  take(share: BundleShare, answers: ShareAnswers): () => void {
    if (share.runAtMicros > this.#router.timeMicros()) return this.#wait(share, answers);
    const outcome = runShare(this.#router, share);
    answers.answered(
      outcome.kind === "refused"
        ? outcome
        : { kind: "accepted", revision: outcome.revision, lateMs: this.#lateMs(share) },
    );
    return NOTHING_TO_TAKE_BACK;
  }

  /** Federation time is known better, or has stepped. */
  timeChanged(): void {
    this.#schedule.timeChanged();
  }

  /** The router stops: what waits is not done, and who sent it is told so as long as that can be. */
  stop(): void {
    this.#isStopping = true;
    this.#schedule.dropAll();
  }

  #wait(share: BundleShare, answers: ShareAnswers): () => void {
    const { runAtMicros, bytes, sender } = share;
    const run = (): void => answers.ended(this.#run(share));
    const dropped = (): void => answers.ended(STOPPING);
    const scheduled = { runAtMicros, bytes, sender, run, dropped };
    const refusal = this.#isStopping
      ? STOPPING
      : waitingProblem(this.#router, share) ?? this.#schedule.problem(scheduled);
    if (refusal !== undefined) {
      answers.answered({ kind: "refused", refusal });
      return NOTHING_TO_TAKE_BACK;
    }
    this.#schedule.add(scheduled);
    answers.answered({ kind: "accepted", revision: undefined, lateMs: 0 });
    return () => this.#schedule.remove(scheduled);
  }

  #run(share: BundleShare): Refusal | undefined {
    // Also when its session is yet to be ended: shares of it elsewhere were taken back already.
    const over = share.sender.grant?.overProblem;
    if (over !== undefined) return over;
    const outcome = runShare(this.#router, share);
    if (outcome.kind === "refused") return outcome.refusal;
    const lateMs = this.#lateMs(share);
    return lateMs === 0 ? undefined : lateRefusal(lateMs);
  }

  #lateMs({ runAtMicros }: BundleShare): number {
    if (runAtMicros === 0) return 0;
    const lateMs = Math.floor((this.#router.timeMicros() - runAtMicros) / 1_000);
    // When the time steps by years, it does not matter how many.
    return lateMs < BUNDLE_LATE_MS ? 0 : Math.min(lateMs, LATE_MAX_MS);
  }
}

/** What is said of a share that was done, but not in time. */
export function lateRefusal(lateMs: number): Refusal {
  return { code: ERROR_CODE.late, message: `It was done ${lateMs} ms after its time` };
}
