import { REMOTE_GETS_WAITING_MAX, WRITE_LIFE_MS } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import { ERROR_CODE, type ErrorCode } from "../router/error_code.ts";
import type { GetAnswer } from "../router/federation_hook.ts";
import type { ErrorMessage, SnapshotParam } from "../wire/message.ts";
import type { FederationCore } from "./federation_core.ts";

const SWEEP_INTERVAL_MS = 500;

/** What a GET is answered with when there is nothing to tell. */
const ANSWER_CODES: readonly number[] = [
  ERROR_CODE.addressNotFound,
  ERROR_CODE.unavailable,
  ERROR_CODE.invalidAddress,
  /** The token of this router does not allow to read there. */
  ERROR_CODE.forbidden,
];

interface Question {
  readonly deadlineMicros: number;
  readonly answered: ((answer: GetAnswer) => void)[];
}

/**
 * GETs of what this router does not mirror: asked of the hub, answered, and not kept. One question
 * per address is on its way, however many ask.
 */
export class RemoteGets {
  readonly #core: FederationCore;
  readonly #questions = new Map<string, Question>();
  #waiting = 0;
  #sweep: Appointment | undefined;

  constructor(core: FederationCore) {
    this.#core = core;
  }

  /** GETs that wait for an answer. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Asks the hub. `answered` is called exactly once, perhaps before this returns. */
  ask(address: string, answered: (answer: GetAnswer) => void): void {
    const { hubLink, router } = this.#core;
    if (hubLink?.state !== "Active") {
      return answered(refused(ERROR_CODE.unavailable, address, "the hub cannot be reached now"));
    }
    if (this.#waiting >= REMOTE_GETS_WAITING_MAX) {
      const why = "too many GETs wait for the hub; try again later";
      return answered(refused(ERROR_CODE.unavailable, address, why));
    }
    this.#waiting++;
    const question = this.#questions.get(address);
    if (question !== undefined) {
      question.answered.push(answered);
      return;
    }
    const deadlineMicros = router.nowMicros + WRITE_LIFE_MS * 1_000;
    this.#questions.set(address, { deadlineMicros, answered: [answered] });
    hubLink.sendMessage({ type: "GET", address });
    this.#planSweep();
  }

  /** The hub sent a param that was asked for. */
  found(param: SnapshotParam): void {
    this.#answer(param.address, { kind: "found", param });
  }

  /** The hub refused something; false when it is not one of these questions. */
  refused({ code, message, address }: ErrorMessage): boolean {
    if (address === undefined || !this.#questions.has(address)) return false;
    // Anything else is about a write of ours at this address.
    if (!ANSWER_CODES.includes(code)) return false;
    this.#answer(address, {
      kind: "refused",
      refusal: { code: code as ErrorCode, message, address },
    });
    return true;
  }

  /** The link to the hub is gone. */
  hubLost(): void {
    for (const address of [...this.#questions.keys()]) {
      this.#answer(address, refused(ERROR_CODE.unavailable, address, "the hub was lost meanwhile"));
    }
  }

  #answer(address: string, answer: GetAnswer): void {
    const question = this.#questions.get(address);
    if (question === undefined) return;
    this.#questions.delete(address);
    this.#waiting -= question.answered.length;
    for (const answered of question.answered) answered(answer);
  }

  #planSweep(): void {
    this.#sweep ??= this.#core.router.after(SWEEP_INTERVAL_MS, () => {
      this.#sweep = undefined;
      const { nowMicros } = this.#core.router;
      for (const [address, { deadlineMicros }] of [...this.#questions]) {
        if (deadlineMicros > nowMicros) continue;
        this.#answer(address, refused(ERROR_CODE.unavailable, address, "the hub did not answer"));
      }
      if (this.#questions.size > 0) this.#planSweep();
    });
  }
}

function refused(code: ErrorCode, address: string, why: string): GetAnswer {
  return {
    kind: "refused",
    refusal: {
      code,
      message: `Cannot get "${address}": it is beyond what this router imports, and ${why}`,
      address,
    },
  };
}
