/** One measurement of the peer's clock. */
interface Sample {
  readonly roundTripMicros: number;
  /** The peer's clock less this router's. */
  readonly offsetMicros: number;
}

/** Measurements kept: the one with the shortest round trip of these counts. */
const SAMPLES_KEPT = 8;
/** Two measurements of one clock do not differ so much, but for what the way took. */
const STEP_MICROS = 1_000_000;

/**
 * The monotonic clock of the router at the other end of one connection, measured by SYNC: it tells
 * how long a message was on its way, also when it lay in a buffer for seconds. Nothing but that is
 * read from it, and nobody else's time is compared with it.
 *
 * Monotonic, because federation time steps when a router learns it better, and a message on its way
 * meanwhile would seem late, or early.
 */
export class LinkClock {
  #samples: Sample[] = [];
  #best: Sample | undefined;
  #roundTripMicros: number | undefined;

  /** Of the last answered SYNC. */
  get roundTripMicros(): number | undefined {
    return this.#roundTripMicros;
  }

  /** By how much `travelMicros` may be less than what a message took. */
  get uncertaintyMicros(): number {
    return (this.#best?.roundTripMicros ?? this.#roundTripMicros ?? 0) / 2;
  }

  /**
   * A SYNC that was sent at `sentMicros` was answered when the peer's clock showed `peerMicros`, which
   * a peer that is not timestamping its answers leaves out.
   */
  measure(
    exchange: {
      readonly sentMicros: number;
      readonly peerMicros: number | undefined;
      readonly nowMicros: number;
    },
  ): void {
    const { sentMicros, peerMicros, nowMicros } = exchange;
    const roundTripMicros = Math.max(0, nowMicros - sentMicros);
    this.#roundTripMicros = roundTripMicros;
    if (peerMicros === undefined) return;
    const offsetMicros = peerMicros - (sentMicros + nowMicros) / 2;
    // One of the machines slept: what was measured before tells nothing any more.
    const isStep = this.#best !== undefined &&
      Math.abs(offsetMicros - this.#best.offsetMicros) > STEP_MICROS + roundTripMicros / 2;
    if (isStep) this.#samples = [];
    this.#samples.push({ roundTripMicros, offsetMicros });
    if (this.#samples.length > SAMPLES_KEPT) this.#samples.shift();
    this.#best = this.#samples.reduce((a, b) => b.roundTripMicros < a.roundTripMicros ? b : a);
  }

  /**
   * How long a message took that the peer wrote at `sentMicros` by its clock: at least half a round
   * trip. Without that time, or before the clock was measured, half the last round trip.
   */
  travelMicros(sentMicros: number | undefined, nowMicros: number): number {
    const best = this.#best;
    if (sentMicros === undefined || best === undefined) return (this.#roundTripMicros ?? 0) / 2;
    return Math.max(best.roundTripMicros / 2, nowMicros + best.offsetMicros - sentMicros);
  }
}
