import { LATEST_TIME_MICROS } from "../limits.ts";
import type { RouterTrailer } from "../wire/message.ts";
import type { FederationCore } from "./federation_core.ts";
import { STEP_MICROS } from "./federation_clock.ts";
import type { PeerLink } from "./link.ts";

/**
 * Keeps this router's federation time in step with the federation's, and tells its leaves when it is
 * known for the first time or has stepped.
 *
 * Rules: `src/federation/README.md`, "Time".
 */
export class TimeKeeper {
  readonly #core: FederationCore;

  constructor(core: FederationCore) {
    this.#core = core;
  }

  /** What a HELLO or a WELCOME says of the time here. */
  told(): number {
    const { clock, router } = this.#core;
    return clock.timed ? this.#core.timeMicros() : router.params.newestTimestampMicros;
  }

  /** A round trip to the hub was measured: its time is taken. */
  measured(): void {
    this.#change(() => this.#core.clock.adopt());
  }

  /** A hub that is timed told its time, which is not what was measured of it. */
  toldBy(link: PeerLink, timeMicros: number): void {
    const { clock, router } = this.#core;
    const hereMicros = timeMicros + link.travelMicros;
    if (timeMicros > LATEST_TIME_MICROS) return;
    if (clock.timed && Math.abs(hereMicros - this.#core.timeMicros()) <= STEP_MICROS) return;
    this.#change(() => clock.set(hereMicros, router.nowMicros, link.roundTripMicros));
  }

  /**
   * A leaf said HELLO. The root goes forward to what the leaf knows, for a root that started anew
   * with a wrong clock would stamp below what was stamped before. A hub below the root that does not
   * know the time takes it from a leaf that does.
   */
  greeted(link: PeerLink, { timeMicros, timed }: RouterTrailer): void {
    const { clock, isRoot, router } = this.#core;
    if (timeMicros > LATEST_TIME_MICROS) return;
    const isBehind = timeMicros - this.#core.timeMicros() > STEP_MICROS;
    const takes = isRoot ? isBehind : timed && !clock.timed;
    // The leaf itself is told by WELCOME.
    if (takes) this.#change(() => clock.set(timeMicros, router.nowMicros), link);
  }

  #change(change: () => void, except?: PeerLink): void {
    const { clock, router } = this.#core;
    const wasTimed = clock.timed;
    const before = this.#core.timeMicros();
    change();
    if (!clock.timed) return;
    const isStep = Math.abs(this.#core.timeMicros() - before) > STEP_MICROS;
    if (wasTimed && !isStep) return;
    // Before anything else: what the leaves stamp from now on is to follow what is stamped here.
    for (const leaf of this.#core.leafLinks()) {
      if (leaf === except) continue;
      leaf.sendTimestamped({
        type: "FEDERATION_SYNC",
        op: "Time",
        timeMicros: this.#core.timeMicros(),
      });
    }
    if (!wasTimed) router.params.becameTimed((nowMicros) => clock.timeMicros(nowMicros));
  }
}
