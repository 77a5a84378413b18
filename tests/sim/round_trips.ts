import type { Delivery } from "./sim_network.ts";
import type { SimWorld } from "./sim_world.ts";

/** Measurements that a link goes by; see `LinkClock`. */
const SAMPLES_KEPT = 8;
/** Until the next measurement, while a link lives. */
const MEASURED_AGAIN_MICROS = 8_000_000;

interface Arrival {
  readonly delivery: Delivery;
  readonly atMicros: number;
  /** The receiver's monotonic clock. */
  readonly routerMicros: number;
}

/**
 * What the routers of a run can know of the way between them: the round trips of the SYNCs that were
 * answered. Nothing is read before somebody asks.
 */
export class RoundTrips {
  readonly #arrivals: Arrival[] = [];

  /** A message arrived, at whomever. */
  delivered(delivery: Delivery, world: SimWorld): void {
    const router = world.routers.get(delivery.to);
    if (router === undefined || !world.routers.has(delivery.from)) return;
    const { nowMicros: atMicros } = world.clock;
    this.#arrivals.push({ delivery, atMicros, routerMicros: router.nowMicros });
  }

  /**
   * By how much an event that passed these routers since a moment may have been taken for younger
   * than it was: on each link by half of the round trip that its receiver measured.
   */
  unknownTravelMicros(routers: ReadonlySet<string>, sinceMicros: number): number {
    const samples = new Map<string, number[]>();
    const worst = new Map<string, number>();
    for (const arrival of this.#arrivals) {
      const { delivery: { from, to, connectionId }, atMicros } = arrival;
      if (!routers.has(from) || !routers.has(to)) continue;
      const key = `${connectionId} ${to}`;
      const kept = samples.get(key) ?? [];
      samples.set(key, kept);
      for (const roundTrip of roundTripsOf(arrival)) {
        kept.push(roundTrip);
        if (kept.length > SAMPLES_KEPT) kept.shift();
        if (atMicros < sinceMicros - MEASURED_AGAIN_MICROS) continue;
        const link = [from, to].sort().join(" - ");
        worst.set(link, Math.max(worst.get(link) ?? 0, Math.min(...kept) / 2));
      }
    }
    return [...worst.values()].reduce((sum, halfMicros) => sum + halfMicros, 0);
  }
}

/** An answer repeats when it was asked for, by the clock of who asked. */
function roundTripsOf({ delivery, routerMicros }: Arrival): number[] {
  return delivery.frames().flatMap(({ message }) =>
    message.type === "SYNC" && message.t2 !== undefined ? [routerMicros - message.t1] : []
  );
}
