import { LATEST_TIME_MICROS, TIME_FORWARD_MAX_MICROS, TIME_SEEN_MAX_MICROS } from "../limits.ts";
import { ERROR_CODE } from "../router/error_code.ts";
import type { RouterTrailer } from "../wire/message.ts";
import type { FederationCore } from "./federation_core.ts";
import { STEP_MICROS } from "./federation_clock.ts";
import { PeerLink } from "./link.ts";

/**
 * Keeps this router's federation time in step with the federation's, and tells its leaves when it is
 * known for the first time or has stepped.
 *
 * Rules: `src/federation/README.md`, "Time".
 */
export class TimeKeeper {
  readonly #core: FederationCore;
  /** How far leaves have moved the time here, in this process. */
  #forwardMicros = 0;

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
    this.#change(() => this.#core.clock.adopt(), this.#hub);
  }

  /**
   * A hub that is timed told its time, which is not what was measured of it. One who may not go back
   * yet measures it, and takes it later if it stays behind.
   */
  toldBy(link: PeerLink, timeMicros: number, mayGoBack: boolean): void {
    const { clock, router } = this.#core;
    const hereMicros = timeMicros + link.travelMicros;
    if (timeMicros > TIME_SEEN_MAX_MICROS) return;
    // What was measured before was the hub's old time, also when this router knew the new one.
    clock.restart();
    const byMicros = hereMicros - this.#core.timeMicros();
    if (clock.timed && (Math.abs(byMicros) <= STEP_MICROS || (byMicros < 0 && !mayGoBack))) return;
    this.#change(() => clock.set(hereMicros, router.nowMicros, link.roundTripMicros), link);
  }

  /**
   * A leaf has registered, which said HELLO with its time at `greetedMicros`. The root goes forward to
   * what the leaf knows, for a root that started anew with a wrong clock would stamp below what was
   * stamped before. A hub below the root that does not know the time takes it from a leaf that does;
   * one that does know it tells its own hub of a leaf that is ahead, and so on up to the root.
   *
   * Not at HELLO: whoever says that and no more has shown nothing.
   */
  registered(
    link: PeerLink,
    { timeMicros, timed }: RouterTrailer,
    greetedMicros: number,
  ): void {
    this.#takeFromLeaf(link, timeMicros + this.#core.router.nowMicros - greetedMicros, timed);
  }

  /** A leaf has heard the time from one of its own leaves: as if it had known it when it said HELLO. */
  toldByLeaf(link: PeerLink, timeMicros: number): void {
    this.#takeFromLeaf(link, timeMicros + link.travelMicros, true);
  }

  /** Tells the hub the time, which it does not know and this router has from a leaf. */
  tellHub(): void {
    this.#tell(this.#hub);
  }

  get #hub(): PeerLink | undefined {
    const { hubLink } = this.#core;
    return hubLink instanceof PeerLink ? hubLink : undefined;
  }

  #takeFromLeaf(link: PeerLink, hereMicros: number, timed: boolean): void {
    const { clock, isRoot, router } = this.#core;
    const byMicros = hereMicros - this.#core.timeMicros();
    const isAhead = byMicros > STEP_MICROS;
    const hub = this.#hub?.isRegistered ? this.#hub : undefined;
    if (isAhead && timed && clock.timed && hub !== undefined) {
      // As it is for the root to refuse, but a number that can be written.
      return this.#tell(hub, Math.floor(Math.min(hereMicros, LATEST_TIME_MICROS)));
    }
    // While its own hub is away it is the root of those below it.
    const isTop = isRoot || (timed && clock.timed);
    const takes = isTop ? isAhead : timed && !clock.timed;
    if (!takes) return;
    const forwardMicros = this.#forwardMicros + Math.max(0, byMicros);
    if (hereMicros > LATEST_TIME_MICROS || forwardMicros > TIME_FORWARD_MAX_MICROS) {
      return this.#core.emit({
        type: "refused",
        routerId: link.routerId,
        code: ERROR_CODE.refused,
        message: `Time of router "${link.routerId}" not taken: it is ` +
          `${Math.round(byMicros / 1_000_000)} s ahead`,
      });
    }
    this.#forwardMicros = forwardMicros;
    this.#change(() => clock.set(hereMicros, router.nowMicros));
    if (Math.abs(byMicros) <= STEP_MICROS) return;
    this.#core.emit({
      type: "timeMoved",
      routerId: link.routerId,
      timeMicros: this.#core.timeMicros(),
      byMicros,
    });
  }

  #change(change: () => void, except?: PeerLink): void {
    const { clock, router } = this.#core;
    const wasTimed = clock.timed;
    const before = this.#core.timeMicros();
    change();
    router.bundles.timeChanged();
    if (!clock.timed) return;
    const isStep = Math.abs(this.#core.timeMicros() - before) > STEP_MICROS;
    if (wasTimed && !isStep) return;
    // Before anything else: what the leaves stamp from now on is to follow what is stamped here.
    for (const leaf of this.#core.leafLinks()) {
      if (leaf !== except) this.#tell(leaf);
    }
    if (wasTimed) return;
    // One that is being shaken hands with is told when it has registered this router.
    if (this.#hub !== except && this.#hub?.isRegistered) this.tellHub();
    router.params.becameTimed((nowMicros) => clock.timeMicros(nowMicros));
  }

  #tell(link: PeerLink | undefined, timeMicros: number = this.#core.timeMicros()): void {
    link?.sendTimestamped({ type: "FEDERATION_SYNC", op: "Time", timeMicros });
  }
}
