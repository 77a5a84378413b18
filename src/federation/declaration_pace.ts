import { CLAIMS_DECLARED_PER_MS } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";

/** What takes less than this is told at the end of the turn. */
const AT_ONCE_MAX_MS = 10;

/** What a {@linkcode DeclarationPace} needs around it. */
export interface PaceSurroundings {
  readonly nowMicros: number;
  after(delayMs: number, action: () => void): Appointment;
  flushAtEndOfTurn(flush: () => void): void;
}

/**
 * When a hub tells its leaves of claims that have changed. A declaration replaces the one before, so
 * with many leaves, each with claims, one that joins makes a message that grows with them for every
 * other one: a thousand that come back one after the other would keep the hub busy for minutes. The
 * more there is to tell, the longer changes are gathered.
 */
export class DeclarationPace {
  readonly #around: PaceSurroundings;
  readonly #tell: () => number;
  readonly #flush: () => void = () => this.#tellNow();
  #nextMicros = -Infinity;
  #plan: Appointment | undefined;

  /** `tell` declares to all leaves, and returns how many claims it looked at in all. */
  constructor(around: PaceSurroundings, tell: () => number) {
    this.#around = around;
    this.#tell = tell;
  }

  /** There is something to tell. */
  changed(): void {
    if (this.#plan !== undefined) return;
    const waitMs = (this.#nextMicros - this.#around.nowMicros) / 1_000;
    if (waitMs <= 0) return this.#around.flushAtEndOfTurn(this.#flush);
    this.#plan = this.#around.after(waitMs, this.#flush);
  }

  #tellNow(): void {
    this.#plan = undefined;
    const tookMs = this.#tell() / CLAIMS_DECLARED_PER_MS;
    if (tookMs > AT_ONCE_MAX_MS) this.#nextMicros = this.#around.nowMicros + tookMs * 1_000;
  }
}
