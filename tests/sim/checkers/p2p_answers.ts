import { ERROR_CODE } from "../../../src/router/error_code.ts";
import type { Checker, Report } from "../checker.ts";
import type { SimWorld } from "../sim_world.ts";

/** Of an ACK. */
const DELIVERED = 0;

/**
 * A P2P signal is answered once. It reaches the session that it is for, at most once, and no other;
 * never one that was answered with anything but "delivered" or "unknown".
 */
export class P2pAnswers implements Checker {
  readonly name = "P2P signals";
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  settled(world: SimWorld): void {
    const clients = [...world.clients.values()];
    const received = new Map<string, string[]>();
    for (const { signalsReceived } of clients) {
      for (const { id, session } of signalsReceived) {
        received.set(id, [...received.get(id) ?? [], session]);
      }
    }
    for (const { name, sessionId, signals } of clients) {
      for (const { id, from, to, answers } of signals) {
        const sessions = received.get(id) ?? [];
        const tell = (what: string) => this.#report(`signal ${id} of client ${name}: ${what}`);
        if (answers.length === 0 && from === sessionId) tell("no answer");
        if (answers.length > 1) tell(`answers ${answers.join(", ")}`);
        if (sessions.length > 1) tell(`delivered ${sessions.length} times`);
        if (sessions.some((session) => session !== to)) tell(`for ${to}, came to ${sessions}`);
        const [code] = answers;
        const mayArrive = code === undefined || code === DELIVERED ||
          code === ERROR_CODE.outcomeUnknown;
        if (sessions.length > 0 && !mayArrive) tell(`delivered, and answered ${code}`);
      }
    }
  }
}
