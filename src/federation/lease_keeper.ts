import { LEASE_LIFE_MS, LEASES_MAX } from "../limits.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import type { LeaseEntry, SetMessage } from "../wire/message.ts";

/** What became of a write with a lock, as far as the lock is concerned. */
export type LockAnswer =
  | {
    readonly kind: "accepted";
    /** Who has the lock now: the writer, or nobody. */
    readonly holder?: string | undefined;
  }
  | { readonly kind: "refused"; readonly refusal: Refusal };

interface KeptLease {
  readonly entry: LeaseEntry;
  /** Requests on their way that ask for the lock or give it back. */
  pending: number;
  /**
   * When the request or renewal was sent that the owner confirmed last; undefined: not held. Counted
   * from the sending, so that the owner's deadline is never earlier.
   */
  confirmedMicros: number | undefined;
}

/** What the answer to a request says about its lock. */
type Outcome = "held" | "free" | "unchanged" | "unknown";

/** The locks that sessions of this router hold, or ask for, at other routers. */
export class LeaseKeeper {
  readonly #leases = new Map<string, KeptLease>();

  get size(): number {
    return this.#leases.size;
  }

  /** Whether a session holds or asks for the lock of an address. */
  has(entry: LeaseEntry, nowMicros: number): boolean {
    // Asked for each write to another router, of which few have to do with locks.
    if (this.#leases.size === 0) return false;
    const lease = this.#leases.get(keyOf(entry));
    return lease !== undefined && (lease.pending > 0 || !hasLapsed(lease, nowMicros));
  }

  /** Whether a session holds the lock of an address, and nothing on its way changes that. */
  isHeld(entry: LeaseEntry, nowMicros: number): boolean {
    const lease = this.#leases.get(keyOf(entry));
    return lease?.pending === 0 && !hasLapsed(lease, nowMicros);
  }

  /** A request that asks for a lock or gives it back is about to be sent. False: no room. */
  began(entry: LeaseEntry): boolean {
    const lease = this.#leases.get(keyOf(entry));
    if (lease !== undefined) {
      lease.pending++;
      return true;
    }
    if (this.#leases.size >= LEASES_MAX) return false;
    this.#leases.set(keyOf(entry), { entry, pending: 1, confirmedMicros: undefined });
    return true;
  }

  /**
   * Such a request was answered. Returns whether the owner may keep a lock that nobody wants, and is
   * to be told.
   */
  ended(
    entry: LeaseEntry,
    set: SetMessage,
    { answer, sentMicros }: { readonly answer: LockAnswer; readonly sentMicros: number },
  ): boolean {
    const outcome = outcomeOf(answer);
    const lease = this.#leases.get(keyOf(entry));
    // The session is gone.
    if (lease === undefined) return outcome === "held" || outcome === "unknown";
    lease.pending--;
    // What was held before a second SET with lock is held whatever became of that one.
    const isUnwanted = outcome === "unknown" &&
      (set.unlock === true || lease.confirmedMicros === undefined);
    if (outcome === "held") confirm(lease, sentMicros);
    else if (outcome === "free" || isUnwanted) lease.confirmedMicros = undefined;
    this.#dropUnused(lease);
    return isUnwanted;
  }

  /**
   * What is to be renewed now, and what was not confirmed for too long and is forgotten. A lock with
   * a request on its way is left out: a renewal behind an unlock would take it again.
   */
  due(
    nowMicros: number,
  ): { readonly renewed: readonly LeaseEntry[]; readonly lapsed: readonly LeaseEntry[] } {
    const renewed: LeaseEntry[] = [];
    const lapsed: LeaseEntry[] = [];
    for (const lease of this.#leases.values()) {
      if (lease.confirmedMicros === undefined) continue;
      if (hasLapsed(lease, nowMicros)) {
        lapsed.push(lease.entry);
        this.forget(lease.entry);
      } else if (lease.pending === 0) {
        renewed.push(lease.entry);
      }
    }
    return { renewed, lapsed };
  }

  /** Locks that are held and that nothing on its way changes. */
  *held(nowMicros: number): Generator<LeaseEntry> {
    for (const lease of this.#leases.values()) {
      if (lease.pending === 0 && !hasLapsed(lease, nowMicros)) yield lease.entry;
    }
  }

  /** The owner confirmed a renewal. */
  confirmed(entry: LeaseEntry, sentMicros: number): void {
    const lease = this.#leases.get(keyOf(entry));
    if (lease?.confirmedMicros !== undefined) confirm(lease, sentMicros);
  }

  /** A lock is not held any more. Returns whether it was. */
  forget(entry: LeaseEntry): boolean {
    const lease = this.#leases.get(keyOf(entry));
    if (lease?.confirmedMicros === undefined) return false;
    lease.confirmedMicros = undefined;
    this.#dropUnused(lease);
    return true;
  }

  /** Forgets all locks of a session. Returns them. */
  sessionEnded(session: string): readonly LeaseEntry[] {
    const entries: LeaseEntry[] = [];
    for (const [key, { entry }] of this.#leases) {
      if (entry.holder !== session) continue;
      entries.push(entry);
      this.#leases.delete(key);
    }
    return entries;
  }

  /** Forgets everything. Returns what there was. */
  takeAll(): readonly LeaseEntry[] {
    const entries = [...this.#leases.values()].map(({ entry }) => entry);
    this.#leases.clear();
    return entries;
  }

  #dropUnused({ entry, pending, confirmedMicros }: KeptLease): void {
    if (pending === 0 && confirmedMicros === undefined) this.#leases.delete(keyOf(entry));
  }
}

function outcomeOf(answer: LockAnswer): Outcome {
  if (answer.kind === "accepted") return answer.holder === undefined ? "free" : "held";
  switch (answer.refusal.code) {
    case ERROR_CODE.lockHeld:
      return "free";
    case ERROR_CODE.outcomeUnknown:
      return "unknown";
    default:
      return "unchanged";
  }
}

function confirm(lease: KeptLease, sentMicros: number): void {
  lease.confirmedMicros = Math.max(lease.confirmedMicros ?? 0, sentMicros);
}

function hasLapsed({ confirmedMicros }: KeptLease, nowMicros: number): boolean {
  return confirmedMicros === undefined || nowMicros - confirmedMicros >= LEASE_LIFE_MS * 1_000;
}

/** A session has no slash in it, and every address begins with one. */
function keyOf({ address, holder }: LeaseEntry): string {
  return `${holder}${address}`;
}
