import { LIMITED_ADDRESSES_MAX, LIMITED_BYTES_MAX, LIMITED_IDLE_MS } from "../limits.ts";
import type { Appointment } from "./agenda.ts";
import { Reviews } from "./reviews.ts";
import type { UpdateLimit } from "./subscription_limits.ts";

/** What an {@linkcode UpdateLimiter} needs to know of its updates, and of the world. */
export interface UpdateLimiterOptions<U> {
  /** Monotonic time. */
  readonly nowMicros: () => number;
  /** Plans an action, milliseconds from now. */
  readonly after: (delayMs: number, action: () => void) => Appointment;
  readonly cancel: (appointment: Appointment | undefined) => void;
  /** The limits of an address now; empty: none any more; undefined: it is not wanted any more. */
  readonly limits: (address: string) => readonly UpdateLimit[] | undefined;
  /** What an update says, if that is a number. */
  readonly number: (update: U) => number | bigint | undefined;
  /** What is to be kept of an update that waits; undefined: nothing, `newest` will find it. */
  readonly keep: (address: string, update: U) => U | undefined;
  /** Of what is kept. */
  readonly bytes: (kept: U) => number;
  /** What is to be sent when the time of an address has come; undefined: nothing any more. */
  readonly newest: (address: string, kept: U | undefined) => U | undefined;
  /** Sends an update that had to wait. */
  readonly release: (address: string, update: U) => void;
}

/** What is remembered of one address. */
interface Limited<U> {
  sentMicros: number;
  /** What was sent last; undefined when that was no number, or nothing. */
  number: number | bigint | undefined;
  usedMicros: number;
  /** When there is something newer than what was sent. */
  waiting: { readonly kept: U | undefined; readonly atMicros: number } | undefined;
  appointment: Appointment | undefined;
}

const IDLE_SWEEP_INTERVAL_MS = 60_000;

/**
 * Holds back updates of addresses for one subscriber. What must wait is replaced by what is newer and
 * sent as soon as a limit lets it, so the subscriber ends with the newest value; with an epsilon, with
 * one that differs from it by less. Memory is bounded: see {@linkcode LIMITED_ADDRESSES_MAX}.
 */
export class UpdateLimiter<U> {
  readonly #options: UpdateLimiterOptions<U>;
  /** The one used last comes last. */
  readonly #addresses = new Map<string, Limited<U>>();
  /** Those that wait, and whose limits are others than before. */
  readonly #reviews: Reviews;
  #keptBytes = 0;
  #sweep: Appointment | undefined;

  constructor(options: UpdateLimiterOptions<U>) {
    this.#options = options;
    this.#reviews = new Reviews({
      ...options,
      review: (address, isAtOnce) => this.#review(address, isAtOnce),
    });
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#addresses.size;
  }

  /** Bytes kept of what waits. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Whether an update is to be sent now, by the caller; else this limiter sees to it. */
  offer(address: string, update: U, limits: readonly UpdateLimit[]): boolean {
    const limited = this.#use(address);
    // No room to remember it: not limited, but nothing is lost.
    if (limited === undefined) return true;
    const number = limits.some(({ epsilon }) => epsilon > 0)
      ? this.#options.number(update)
      : undefined;
    const atMicros = whenToSend(limited, number, limits);
    this.#setWaiting(limited, undefined);
    // Too like what was sent. What waited is older: it must not come behind.
    if (atMicros === undefined) return false;
    const kept = atMicros > this.#options.nowMicros()
      ? this.#options.keep(address, update)
      : undefined;
    if (atMicros <= this.#options.nowMicros() || !this.#hasRoomFor(kept)) {
      limited.sentMicros = this.#options.nowMicros();
      limited.number = number;
      return true;
    }
    this.#setWaiting(limited, { kept, atMicros });
    this.#planDue(address, limited);
    return false;
  }

  /** A value went to the subscriber by another way, in a snapshot. */
  sent(address: string, update: U): void {
    const limited = this.#use(address);
    if (limited !== undefined) limited.number = this.#options.number(update);
  }

  /** The newest value of an address went to the subscriber just now, by another way. */
  caughtUp(address: string, update: U): void {
    const limited = this.#addresses.get(address);
    if (limited === undefined) return;
    limited.sentMicros = this.#options.nowMicros();
    limited.number = this.#options.number(update);
    // What would have been looked up is what went.
    if (limited.waiting?.kept === undefined) this.#setWaiting(limited, undefined);
  }

  /**
   * The subscriber has other subscriptions to some addresses than before. What waits and is not
   * limited any more goes now, what is not wanted is dropped; when there is much of it, a little later.
   * A new subscription was sent nothing yet: the next update of each of these addresses is worth
   * sending.
   */
  subscriptionsChanged(isConcerned: (address: string) => boolean): void {
    const waiting: string[] = [];
    for (const [address, limited] of this.#addresses) {
      if (!isConcerned(address)) continue;
      limited.number = undefined;
      if (limited.waiting !== undefined) waiting.push(address);
    }
    this.#reviews.add(waiting);
  }

  /** Forgets everything; nothing is sent any more. */
  close(): void {
    for (const [address, limited] of this.#addresses) this.#forget(address, limited);
    this.#options.cancel(this.#sweep);
    this.#sweep = undefined;
    this.#reviews.close();
  }

  #use(address: string): Limited<U> | undefined {
    const known = this.#addresses.get(address);
    if (known === undefined && !this.#makeRoom()) return undefined;
    const limited: Limited<U> = known ?? {
      sentMicros: -Infinity,
      number: undefined,
      usedMicros: 0,
      waiting: undefined,
      appointment: undefined,
    };
    limited.usedMicros = this.#options.nowMicros();
    this.#addresses.delete(address);
    this.#addresses.set(address, limited);
    this.#planSweep();
    return limited;
  }

  #makeRoom(): boolean {
    if (this.#addresses.size < LIMITED_ADDRESSES_MAX) return true;
    for (const [address, limited] of this.#addresses) {
      if (limited.waiting !== undefined) return false;
      this.#forget(address, limited);
      return true;
    }
    return false;
  }

  #planDue(address: string, limited: Limited<U>): void {
    const atMicros = limited.waiting?.atMicros ?? Infinity;
    if (limited.appointment !== undefined && limited.appointment.atMicros <= atMicros) return;
    this.#options.cancel(limited.appointment);
    // Never a fraction of a microsecond too early, which would be asked for again and again.
    const delayMs = (Math.floor(atMicros - this.#options.nowMicros()) + 1) / 1_000;
    limited.appointment = this.#options.after(delayMs, () => {
      limited.appointment = undefined;
      this.#release(address, limited);
    });
  }

  /** Sends what waits if its time has come. */
  #release(address: string, limited: Limited<U>): void {
    const { waiting } = limited;
    if (waiting === undefined) return;
    const update = this.#options.newest(address, waiting.kept);
    this.#setWaiting(limited, undefined);
    const limits = this.#options.limits(address);
    if (update === undefined || limits === undefined) return;
    if (limits.length > 0 && !this.offer(address, update, limits)) return;
    this.#options.release(address, update);
  }

  #review(address: string, isAtOnce: boolean): void {
    const limited = this.#addresses.get(address);
    if (limited?.waiting === undefined) return;
    const limits = this.#options.limits(address);
    if (limits === undefined) this.#forget(address, limited);
    else if (limits.length > 0) return;
    else if (isAtOnce || limited.waiting.kept === undefined) this.#release(address, limited);
    // What is newer may have gone meanwhile, past the limits: this must not come behind it.
    else this.#setWaiting(limited, undefined);
  }

  #setWaiting(limited: Limited<U>, waiting: Limited<U>["waiting"]): void {
    this.#keptBytes += this.#bytesOf(waiting?.kept) - this.#bytesOf(limited.waiting?.kept);
    limited.waiting = waiting;
  }

  #hasRoomFor(kept: U | undefined): boolean {
    return this.#keptBytes + this.#bytesOf(kept) <= LIMITED_BYTES_MAX;
  }

  #bytesOf(kept: U | undefined): number {
    return kept === undefined ? 0 : this.#options.bytes(kept);
  }

  #forget(address: string, limited: Limited<U>): void {
    this.#options.cancel(limited.appointment);
    limited.appointment = undefined;
    this.#setWaiting(limited, undefined);
    this.#addresses.delete(address);
  }

  #planSweep(): void {
    this.#sweep ??= this.#options.after(IDLE_SWEEP_INTERVAL_MS, () => {
      this.#sweep = undefined;
      this.#forgetIdle();
      if (this.#addresses.size > 0) this.#planSweep();
    });
  }

  #forgetIdle(): void {
    const untilMicros = this.#options.nowMicros() - LIMITED_IDLE_MS * 1_000;
    for (const [address, limited] of this.#addresses) {
      if (limited.usedMicros > untilMicros) return;
      if (limited.waiting === undefined) this.#forget(address, limited);
    }
  }
}

/** When the first limit lets an update pass; undefined when each finds it too like the last one. */
function whenToSend(
  { sentMicros, number: last }: {
    readonly sentMicros: number;
    readonly number: number | bigint | undefined;
  },
  number: number | bigint | undefined,
  limits: readonly UpdateLimit[],
): number | undefined {
  let atMicros: number | undefined;
  for (const { intervalMicros, epsilon } of limits) {
    if (epsilon > 0 && isWithin(epsilon, last, number)) continue;
    atMicros = Math.min(atMicros ?? Infinity, sentMicros + intervalMicros);
  }
  return atMicros;
}

/** What is no number, NaN included, differs from everything. */
function isWithin(
  epsilon: number,
  a: number | bigint | undefined,
  b: number | bigint | undefined,
): boolean {
  if (a === undefined || b === undefined) return false;
  const difference = typeof a === "bigint" && typeof b === "bigint"
    ? Number(a - b)
    : Number(a) - Number(b);
  return Math.abs(difference) < epsilon;
}
