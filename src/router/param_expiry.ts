import { TOMBSTONE_LIFE_MS } from "../limits.ts";
import { ExpiryQueue } from "../state/expiry_queue.ts";
import type { Param, ParamStore } from "../state/param_store.ts";
import { isSliding, timeToLiveMicros } from "../state/time_to_live.ts";
import { isLive, type Version } from "../state/version.ts";

const SWEEP_INTERVAL_MICROS = 500_000;
/** Params looked at in one go, so that a sweep never holds up the event loop. */
const SWEPT_PER_CALL = 2_000;
/** Until the rest of a sweep: a wake of its own. */
const REST_DELAY_MS = 1;
/** A read renews a sliding TTL when this part of it has passed: reads are many. */
const TOUCH_PART = 1 / 4;
const TOMBSTONE_LIFE_MICROS = TOMBSTONE_LIFE_MS * 1_000;

/** How {@linkcode ParamExpiry} is set up. */
export interface ParamExpiryOptions {
  readonly store: ParamStore;
  readonly tombstonesMax: number;
  /** Federation time, or this router's own as long as it is not timed. */
  readonly timeMicros: () => number;
  readonly isTimed: () => boolean;
  /** Monotonic time. */
  readonly nowMicros: () => number;
  /** Plans an action, milliseconds from now. */
  readonly after: (delayMs: number, action: () => void) => void;
  /** The life of a version is over: it is to become a tombstone. */
  readonly expire: (address: string, version: Version) => void;
  /** A tombstone need not be remembered any more. */
  readonly forget: (address: string, tombstone: Version) => void;
}

/**
 * Knows when params expire and tombstones are forgotten, and sees to it.
 *
 * A version expires at its timestamp + TTL, in federation time. A router that does not know that time
 * counts the TTL from when the version came to it, by its own clock. Times are compared anew at each
 * sweep, so a clock that is set needs no care. Tombstones grow old by monotonic time: a clock that is
 * set ahead by a day must not make a router forget all of them at once.
 */
export class ParamExpiry {
  readonly #options: ParamExpiryOptions;
  /** By federation time, or this router's own as long as it is not timed: when they expire. */
  readonly #live = new ExpiryQueue();
  /** By monotonic time: since when they are known to have expired. */
  readonly #tombstones = new ExpiryQueue();
  /** While this router is not timed: when a version with a TTL came, by its own clock. */
  readonly #arrivals = new Map<string, number>();
  /** By the router's own clock, and monotonic. */
  readonly #start: { readonly timeMicros: number; readonly nowMicros: number };
  /** All params, their expiry to be found anew. */
  #recount: Iterator<Param, undefined> | undefined;
  #isSweepPlanned = false;

  constructor(options: ParamExpiryOptions) {
    this.#options = options;
    this.#start = { timeMicros: options.timeMicros(), nowMicros: options.nowMicros() };
    this.#countStore();
  }

  /** Tombstones kept. */
  get tombstones(): number {
    return this.#tombstones.size;
  }

  /** An address has another version than before from now on. */
  changed(address: string, before: Version | undefined, after: Version): void {
    this.#tombstones.remove(address);
    if (this.#arrivals.size > 0) this.#arrivals.delete(address);
    if (after.ttl === 0) return this.#live.remove(address);
    if (isLive(after)) this.#addLive(address, after);
    else this.#addTombstone(address, before === undefined ? this.#ageMicros(after) : 0);
    this.#plan();
  }

  /** Nothing is known of an address any more. */
  forgotten(address: string): void {
    this.#live.remove(address);
    this.#tombstones.remove(address);
    this.#arrivals.delete(address);
  }

  /** Whether a version that is kept here is past its life. */
  isOver(address: string, version: Version): boolean {
    return isLive(version) && this.#expiresMicros(address, version) <= this.#options.timeMicros();
  }

  /** Whether a version that comes by a link is past its life: only federation time can tell. */
  cameTooLate({ ttl, timestampMicros }: Version): boolean {
    const { isTimed, timeMicros } = this.#options;
    return ttl !== 0 && isTimed() && timestampMicros + timeToLiveMicros(ttl) <= timeMicros();
  }

  /** Whether a tombstone of an address that is not known is to be remembered. */
  isWorthKeeping(tombstone: Version): boolean {
    const ageMicros = this.#ageMicros(tombstone);
    if (ageMicros >= TOMBSTONE_LIFE_MICROS) return false;
    const { nowMicros, tombstonesMax } = this.#options;
    const firstMicros = this.#tombstones.firstMicros ?? -Infinity;
    return this.tombstones < tombstonesMax || nowMicros() - ageMicros > firstMicros;
  }

  /** Whether a read is to renew this version. */
  wantsTouch(address: string, version: Version): boolean {
    if (!isSliding(version.ttl)) return false;
    const ageMicros = this.#options.timeMicros() - this.#countsFromMicros(address, version);
    return ageMicros >= timeToLiveMicros(version.ttl) * TOUCH_PART;
  }

  /** The router knows federation time from now on: all that it holds expires by that. */
  becameTimed(): void {
    this.#arrivals.clear();
    this.#recount = this.#options.store.walk();
    this.#plan();
  }

  #addLive(address: string, version: Version): void {
    const { timeMicros, isTimed } = this.#options;
    if (!isTimed()) this.#arrivals.set(address, timeMicros());
    this.#live.add(address, this.#expiresMicros(address, version));
  }

  #addTombstone(address: string, ageMicros: number): void {
    const { nowMicros, tombstonesMax } = this.#options;
    this.#live.remove(address);
    this.#tombstones.add(address, nowMicros() - ageMicros);
    while (this.tombstones > tombstonesMax) this.#forgetFirst(Infinity);
  }

  #expiresMicros(address: string, version: Version): number {
    return this.#countsFromMicros(address, version) + timeToLiveMicros(version.ttl);
  }

  #countsFromMicros(address: string, { timestampMicros }: Version): number {
    if (this.#options.isTimed()) return timestampMicros;
    return this.#arrivals.get(address) ?? this.#start.timeMicros;
  }

  /**
   * How long ago something expired, at least 0; a router that is not timed cannot tell. An age beyond
   * the life of a tombstone is believed only by a router that has run so long, and has forgotten the
   * like itself: at the others the clock of the root may have been set.
   */
  #ageMicros({ timestampMicros, ttl }: Version): number {
    const { isTimed, timeMicros, nowMicros } = this.#options;
    if (!isTimed()) return 0;
    const ageMicros = Math.max(0, timeMicros() - timestampMicros - timeToLiveMicros(ttl));
    const hasRunSoLong = nowMicros() - this.#start.nowMicros >= TOMBSTONE_LIFE_MICROS;
    return ageMicros < TOMBSTONE_LIFE_MICROS || hasRunSoLong ? ageMicros : 0;
  }

  /** Forgets the oldest tombstone if it is one since then or earlier; false when there is none. */
  #forgetFirst(sinceMicros: number): boolean {
    const address = this.#tombstones.takeDue(sinceMicros);
    if (address === undefined) return false;
    const { store, forget } = this.#options;
    const version = store.get(address);
    if (version !== undefined && !isLive(version)) forget(address, version);
    return true;
  }

  #expireFirst(timeMicros: number): boolean {
    const address = this.#live.takeDue(timeMicros);
    if (address === undefined) return false;
    const { store, expire } = this.#options;
    const version = store.get(address);
    if (!isLive(version) || version.ttl === 0) return true;
    if (this.isOver(address, version)) expire(address, version);
    else this.#live.add(address, this.#expiresMicros(address, version));
    return true;
  }

  /** What the store brings along. */
  #countStore(): void {
    const walk = this.#options.store.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      const { address, version } = next.value;
      if (version.ttl !== 0) this.changed(address, undefined, version);
    }
  }

  #recountSome(): boolean {
    const next = this.#recount?.next();
    if (next === undefined || next.done) {
      this.#recount = undefined;
      return false;
    }
    const { address, version } = next.value;
    if (isLive(version) && version.ttl !== 0) {
      this.#live.add(address, this.#expiresMicros(address, version));
    }
    return true;
  }

  /** False when there is more to do than one call does. */
  #sweep(): boolean {
    const timeMicros = this.#options.timeMicros();
    const forgetMicros = this.#options.nowMicros() - TOMBSTONE_LIFE_MICROS;
    for (let looked = 0; looked < SWEPT_PER_CALL; looked++) {
      const isDone = !this.#recountSome() && !this.#expireFirst(timeMicros) &&
        !this.#forgetFirst(forgetMicros);
      if (isDone) return true;
    }
    return false;
  }

  // At the same moments everywhere, so that routers which compare their states agree on what has
  // expired.
  #plan(delayMs: number = this.#untilNextSweepMs()): void {
    if (this.#isSweepPlanned) return;
    if (this.#live.size + this.#tombstones.size === 0 && this.#recount === undefined) return;
    this.#isSweepPlanned = true;
    this.#options.after(delayMs, () => {
      const isDone = this.#sweep();
      // Only now: what the sweep itself changes plans nothing.
      this.#isSweepPlanned = false;
      this.#plan(isDone ? undefined : REST_DELAY_MS);
    });
  }

  #untilNextSweepMs(): number {
    const intoMicros = this.#options.timeMicros() % SWEEP_INTERVAL_MICROS;
    return (SWEEP_INTERVAL_MICROS - intoMicros) / 1_000;
  }
}
