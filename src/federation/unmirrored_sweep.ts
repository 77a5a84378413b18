import type { Appointment } from "../router/agenda.ts";
import type { Param } from "../state/param_store.ts";
import type { FederationCore } from "./federation_core.ts";

/** Params looked at in one go, so that a walk never holds up the event loop. */
const SWEPT_PER_CALL = 5_000;
const NEXT_DELAY_MS = 1;

/** Forgets params that were mirrored only while somebody wanted them, a part of the store at a time. */
export class UnmirroredSweep {
  readonly #core: FederationCore;
  #walk: Iterator<Param, undefined> | undefined;
  #plan: Appointment | undefined;

  constructor(core: FederationCore) {
    this.#core = core;
  }

  /** Looks at everything from now on, also when it has begun already. */
  start(): void {
    this.#walk = this.#core.router.params.store.walk();
    this.#planNext();
  }

  #planNext(): void {
    this.#plan ??= this.#core.router.after(NEXT_DELAY_MS, () => {
      this.#plan = undefined;
      this.#sweep();
    });
  }

  #sweep(): void {
    const { params } = this.#core.router;
    for (let looked = 0; looked < SWEPT_PER_CALL; looked++) {
      const next = this.#walk?.next();
      if (next === undefined || next.done) {
        this.#walk = undefined;
        return;
      }
      const { address } = next.value;
      if (!this.#core.mirrors(address)) params.forget(address);
    }
    this.#planNext();
  }
}
