import { timeToLiveMicros } from "../../../src/state/time_to_live.ts";
import { isLive, type Version } from "../../../src/state/version.ts";
import type { EncodedValue } from "../../../src/wire/message.ts";
import type { Checker, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { readPeerFrames } from "../peer_frames.ts";
import type { Delivery } from "../sim_network.ts";
import { START_WALL_MICROS } from "../sim_router.ts";
import type { SimWorld } from "../sim_world.ts";
import { rootOf } from "../topology.ts";

/** A router is off the root's time by up to half a round trip, and a client's message takes a while. */
const TOLD_LATE_MAX_MICROS = 1_500_000;
/** Links are quick after healing, and times agree to a millisecond. */
const HELD_LATE_MAX_MICROS = 1_000_000;
/** A router that became timed so recently may have said what is on its way before. */
const UNTIMED_MICROS = 1_000_000;

/**
 * Nothing expired comes back: no client is told a value more than 1.5 s after its expiry. After
 * healing no router holds one for more than 1 s past it. And nothing goes early: where no clock is
 * wrong, nobody has a tombstone more than 1.5 s before its time.
 *
 * The time that counts is the root's. What wrong clocks do to it, by right:
 *
 * - A router that does not know the time counts each TTL from when the version came to it. What it
 *   tells its clients meanwhile is not judged.
 * - A root that starts again with another clock takes the federation's time along, to each router when
 *   it hears of it. The earliest of the times that the root has shown counts: a site that is cut off
 *   goes on by an earlier one.
 * - A version that was stamped by a clock ahead expires by its timestamp, so late.
 * - A router without its hub may have a time from a leaf, which it takes to other leaves. The latest of
 *   those times counts with the root's.
 */
export class Expiry implements Checker {
  readonly name = "expiry";
  readonly #report: Report;
  /** By address and value: when it expires, by the newest of its stamps that was seen. */
  readonly #expiries = new Map<string, number>();
  /** By address and timestamp: when such a version was seen first, by virtual time. */
  readonly #firstSeenMicros = new Map<string, number>();
  /** Versions never change: a look at each is enough. */
  readonly #looked = new WeakSet<Version>();
  readonly #untimedSeenMicros = new Map<string, number>();
  #earliestOffsetMicros = Infinity;
  #latestOffsetMicros = -Infinity;

  constructor(report: Report) {
    this.#report = report;
  }

  ticked(world: SimWorld): void {
    this.#lookAtClocks(world);
    for (const { id, isUp, params } of this.#stores(world)) {
      if (!isUp) continue;
      for (const [address, version] of params) {
        if (this.#looked.has(version)) continue;
        this.#looked.add(version);
        if (isLive(version)) this.#learn(address, version, world);
        else this.#checkNotEarly(id, { address, version }, world);
      }
    }
  }

  delivered({ from, to, bytes }: Delivery, world: SimWorld): void {
    if (!world.routers.has(from)) return;
    // Each time: a root may be seen no oftener, and a router may be timed a moment after its start.
    this.#lookAtClocks(world);
    if (world.clients.has(to)) this.#checkTold(from, to, { bytes, world });
    else this.#learnFrom(bytes, world);
  }

  settled(world: SimWorld): void {
    this.#checkHeld(world);
  }

  ended(world: SimWorld): void {
    this.#checkHeld(world);
  }

  #lookAtClocks(world: SimWorld): void {
    const nowMicros = world.clock.nowMicros;
    const root = rootOf(world);
    for (const router of world.routers.values()) {
      if (!router.isUp) continue;
      const isTimed = router.host.federation?.isTimed === true;
      if (!isTimed) this.#untimedSeenMicros.set(router.id, nowMicros);
      const hasHub = router.host.federation?.uplink?.state === "Active";
      // Without a root, a ring that is, everybody has a time that may become that of others.
      const isRoot = router === (root ?? router);
      if (!isTimed || (!isRoot && hasHub)) continue;
      const offsetMicros = router.timeMicros - START_WALL_MICROS - nowMicros;
      this.#latestOffsetMicros = Math.max(this.#latestOffsetMicros, offsetMicros);
      if (!isRoot) continue;
      this.#earliestOffsetMicros = Math.min(this.#earliestOffsetMicros, offsetMicros);
    }
  }

  #stores(world: SimWorld): {
    readonly id: string;
    readonly isUp: boolean;
    readonly params: ReadonlyMap<string, Version>;
  }[] {
    return [...world.routers.values()].map((router) => ({
      id: router.id,
      isUp: router.isUp,
      params: router.isUp ? router.params() : new Map(),
    }));
  }

  #learn(
    address: string,
    { value, timestampMicros, ttl }: Pick<Version, "value" | "timestampMicros" | "ttl">,
    world: SimWorld,
  ): void {
    if (value === undefined) return;
    const stamp = stampOf(address, timestampMicros);
    const { nowMicros } = world.clock;
    if (!this.#firstSeenMicros.has(stamp)) this.#firstSeenMicros.set(stamp, nowMicros);
    const key = keyOf(address, value);
    const expiryMicros = timestampMicros + timeToLiveMicros(ttl);
    this.#expiries.set(key, Math.max(this.#expiries.get(key) ?? 0, expiryMicros));
  }

  #learnFrom(bytes: Uint8Array, world: SimWorld): void {
    for (const { message, context, timestampMicros } of readPeerFrames(bytes)) {
      if (message.type !== "SET" || context === undefined || timestampMicros === undefined) {
        continue;
      }
      if ("tombstones" in context.message) continue;
      const { address, value, ttl = 0 } = message;
      this.#learn(address, { value, timestampMicros, ttl }, world);
    }
  }

  #checkTold(
    router: string,
    client: string,
    { bytes, world }: { readonly bytes: Uint8Array; readonly world: SimWorld },
  ): void {
    for (const { message } of readPeerFrames(bytes)) {
      if (message.type === "SET") {
        this.#checkValue(router, client, { ...message, world });
      } else if (message.type === "SNAPSHOT") {
        for (const param of message.params) {
          this.#checkValue(router, client, { ...param, world });
        }
      }
    }
  }

  #checkValue(
    router: string,
    client: string,
    told: { readonly address: string; readonly value: EncodedValue; readonly world: SimWorld },
  ): void {
    const { address, value, world } = told;
    const { isUp, host } = this.#running(router, world);
    const held = isUp ? host?.core.params.store.get(address) : undefined;
    if (held !== undefined) this.#learn(address, held, world);
    const expiryMicros = this.#expiries.get(keyOf(address, value));
    const untimedMicros = this.#untimedSeenMicros.get(router) ?? -Infinity;
    if (expiryMicros === undefined) return;
    if (world.clock.nowMicros - untimedMicros <= UNTIMED_MICROS) return;
    const lateMicros = this.#timeMicros(world) - expiryMicros;
    // What was said before waits for a process that does not run, at either end.
    const sinceMicros = world.clock.nowMicros - lateMicros;
    const waitedMicros = world.network.suspendedMicros(router, sinceMicros) +
      world.network.suspendedMicros(client, sinceMicros);
    if (lateMicros <= TOLD_LATE_MAX_MICROS + waitedMicros) return;
    this.#report(
      `${router} told client ${client} of "${address}" = ${describeValue(value)}, which expired ` +
        `${lateMicros / 1e6} s ago`,
    );
  }

  #running(id: string, world: SimWorld): {
    readonly isUp: boolean;
    readonly host?: ReturnType<SimWorld["router"]>["host"];
  } {
    const router = world.router(id);
    return router.isUp ? { isUp: true, host: router.host } : { isUp: false };
  }

  #checkNotEarly(
    id: string,
    tombstone: { readonly address: string; readonly version: Version },
    world: SimWorld,
  ): void {
    const { address, version } = tombstone;
    const expiryMicros = version.timestampMicros + timeToLiveMicros(version.ttl);
    const { nowMicros } = world.clock;
    const latestMicros = START_WALL_MICROS + nowMicros + this.#latestOffsetMicros;
    // Who does not know the time counts from when the version came, at the earliest.
    const seenMicros = this.#firstSeenMicros.get(stampOf(address, version.timestampMicros)) ??
      Infinity;
    const earlyMicros = Math.min(
      expiryMicros - latestMicros,
      seenMicros + timeToLiveMicros(version.ttl) - nowMicros,
    );
    if (earlyMicros <= TOLD_LATE_MAX_MICROS) return;
    this.#report(`${id} has a tombstone of "${address}" ${earlyMicros / 1e6} s too early`);
  }

  #checkHeld(world: SimWorld): void {
    const nowMicros = rootOf(world)?.timeMicros ?? 0;
    for (const { id, params } of this.#stores(world)) {
      for (const [address, version] of params) {
        const lateMicros = nowMicros - version.timestampMicros - timeToLiveMicros(version.ttl);
        if (!isLive(version) || lateMicros <= HELD_LATE_MAX_MICROS) continue;
        this.#report(
          `${id} holds "${address}" = ${describeValue(version.value)}, which expired ` +
            `${lateMicros / 1e6} s ago`,
        );
      }
    }
  }

  #timeMicros(world: SimWorld): number {
    return START_WALL_MICROS + world.clock.nowMicros + this.#earliestOffsetMicros;
  }
}

function stampOf(address: string, timestampMicros: number): string {
  return `${timestampMicros}${address}`;
}

function keyOf(address: string, value: EncodedValue): string {
  return `${address} ${describeValue(value)}`;
}
