import type { Delivery } from "./sim_network.ts";
import type { SimWorld } from "./sim_world.ts";

/** Measurements that a link goes by; see `LinkClock`. */
const SAMPLES_KEPT = 8;
/** Until the next measurement, while a link lives. */
const MEASURED_AGAIN_MICROS = 8_000_000;

interface RoundTrip {
  readonly from: string;
  readonly to: string;
  readonly connectionId: number;
  readonly atMicros: number;
  readonly tookMicros: number;
}

/**
 * What the routers of a run can know of the way between them: the round trips of the SYNCs that were
 * answered.
 */
export class RoundTrips {
  readonly #roundTrips: RoundTrip[] = [];

  /** A message arrived, at whomever. */
  delivered({ from, to, connectionId, frames }: Delivery, world: SimWorld): void {
    const router = world.routers.get(to);
    if (router === undefined || !world.routers.has(from)) return;
    for (const { message } of frames()) {
      // An answer repeats when it was asked for, by the clock of who asked.
      if (message.type !== "SYNC" || message.t2 === undefined) continue;
      const tookMicros = router.nowMicros - message.t1;
      const { nowMicros: atMicros } = world.clock;
      this.#roundTrips.push({ from, to, connectionId, atMicros, tookMicros });
    }
  }

  /**
   * By how much an event that passed these routers since a moment may have been taken for younger
   * than it was: on each link by half of the round trip that its receiver measured.
   */
  unknownTravelMicros(routers: ReadonlySet<string>, sinceMicros: number): number {
    const samples = new Map<string, number[]>();
    const worst = new Map<string, number>();
    for (const { from, to, connectionId, atMicros, tookMicros } of this.#roundTrips) {
      if (!routers.has(from) || !routers.has(to)) continue;
      const key = `${connectionId} ${to}`;
      const kept = [...samples.get(key) ?? [], tookMicros].slice(-SAMPLES_KEPT);
      samples.set(key, kept);
      if (atMicros < sinceMicros - MEASURED_AGAIN_MICROS) continue;
      const link = [from, to].sort().join(" - ");
      worst.set(link, Math.max(worst.get(link) ?? 0, Math.min(...kept) / 2));
    }
    return [...worst.values()].reduce((sum, halfMicros) => sum + halfMicros, 0);
  }
}
