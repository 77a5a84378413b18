import { ERROR_CODE } from "../../../src/router/error_code.ts";
import type { Checker, ClientWrite, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import type { SimWorld } from "../sim_world.ts";

const ANSWER_MAX_MICROS = 6_000_000;
/** What a well-formed write may be refused with, here and now. */
const LEGAL_CODES: readonly number[] = [
  ERROR_CODE.revisionConflict,
  ERROR_CODE.lockHeld,
  ERROR_CODE.unavailable,
  ERROR_CODE.outcomeUnknown,
];

/**
 * Each write with QoS Confirm is answered exactly once, in time (in which both its ends run), with ACK
 * or a fitting ERROR.
 */
export class Answers implements Checker {
  readonly name = "answers";
  readonly #report: Report;
  readonly #writes: ClientWrite[] = [];
  readonly #locked = new Set<string>();
  /** Refused with 401 at an address whose lock nobody had asked for. */
  readonly #unlocked = new Set<ClientWrite>();

  constructor(report: Report) {
    this.#report = report;
  }

  wrote(write: ClientWrite): void {
    this.#writes.push(write);
    if (write.lock) this.#locked.add(write.address);
  }

  answered(write: ClientWrite): void {
    const answer = write.answers.at(-1);
    const isLockHeld = answer?.kind === "refused" && answer.code === ERROR_CODE.lockHeld;
    if (isLockHeld && !this.#locked.has(write.address)) this.#unlocked.add(write);
  }

  ended({ network }: SimWorld): void {
    for (const write of this.#writes) {
      const { client, router, sentAtMicros } = write;
      const suspendedMicros = network.suspendedMicros(client, sentAtMicros) +
        network.suspendedMicros(router, sentAtMicros);
      const problem = this.#unlocked.has(write)
        ? "was refused with 401, though nobody had locked it"
        : problemOf(write, ANSWER_MAX_MICROS + suspendedMicros);
      if (problem === undefined) continue;
      this.#report(
        `SET "${write.address}" = ${describeValue(write.value)} at ${write.router} ${problem}`,
      );
    }
  }
}

function problemOf(
  { answers, isAbandoned, sentAtMicros }: ClientWrite,
  answerMaxMicros: number,
): string | undefined {
  const [answer] = answers;
  if (answer === undefined) return isAbandoned ? undefined : "was never answered";
  if (answers.length > 1) return `was answered ${answers.length} times`;
  const tookMicros = answer.atMicros - sentAtMicros;
  if (tookMicros > answerMaxMicros) return `was answered after ${tookMicros / 1e6} s`;
  if (answer.kind === "refused" && !LEGAL_CODES.includes(answer.code)) {
    return `was answered with ERROR ${answer.code}`;
  }
  return undefined;
}
