import type { Appointment } from "./agenda.ts";

/** Addresses looked at in one go: each look may go through a thousand subscriptions. */
const REVIEWED_PER_TURN = 20;
/** So that other things happen between, for the most part. */
const NEXT_TURN_MS = 5;

/** How {@linkcode Reviews} are done. */
export interface ReviewsOptions {
  /** Plans an action, milliseconds from now. */
  readonly after: (delayMs: number, action: () => void) => Appointment;
  readonly cancel: (appointment: Appointment | undefined) => void;
  /** Looks at an address; `isAtOnce`: nothing has happened since it was added. */
  readonly review: (address: string, isAtOnce: boolean) => void;
}

/** Addresses that are to be looked at again: a few at once, the rest turn by turn. */
export class Reviews {
  readonly #options: ReviewsOptions;
  readonly #addresses = new Set<string>();
  #plan: Appointment | undefined;

  constructor(options: ReviewsOptions) {
    this.#options = options;
  }

  /** Addresses that have not had their turn. */
  get size(): number {
    return this.#addresses.size;
  }

  add(addresses: Iterable<string>): void {
    for (const address of addresses) this.#addresses.add(address);
    if (this.#plan === undefined) this.#turn(true);
  }

  /** Forgets what has not had its turn. */
  close(): void {
    this.#addresses.clear();
    this.#options.cancel(this.#plan);
    this.#plan = undefined;
  }

  #turn(isAtOnce: boolean): void {
    let reviewed = 0;
    for (const address of this.#addresses) {
      if (reviewed++ >= REVIEWED_PER_TURN) break;
      this.#addresses.delete(address);
      this.#options.review(address, isAtOnce);
    }
    if (this.#addresses.size === 0) return;
    this.#plan = this.#options.after(NEXT_TURN_MS, () => {
      this.#plan = undefined;
      this.#turn(false);
    });
  }
}
