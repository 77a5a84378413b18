import { covers } from "../address/coverage.ts";
import { parsePattern, type Pattern } from "../address/pattern.ts";
import { PatternIndex } from "../address/pattern_index.ts";
import { MAX_FEDERATION_PATTERNS } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import { isForSignalsOnly } from "../router/p2p_address.ts";
import type { Subscriber } from "../router/subscriber.ts";
import type { SubscriptionObserver } from "../router/subscriptions.ts";
import type { FederationCore } from "./federation_core.ts";
import { UnmirroredSweep } from "./unmirrored_sweep.ts";
import { UnsentParams } from "./unsent_params.ts";

/** What nobody wants any more is followed for so long: a panel that reloads asks for the same again. */
const RELEASED_AFTER_MS = 30_000;
const SWEEP_INTERVAL_MS = 5_000;
/** A SUBSCRIBE is answered at the latest after this, with what is known by then. */
const KNOWN_AFTER_MS = 2_000;

interface Wanted {
  readonly pattern: Pattern;
  subscriptions: number;
  /** When it was wanted last; monotonic. */
  lastMicros: number;
}

/**
 * What clients and leaves of this router subscribe to beyond its imports. It is followed at the hub,
 * and mirrored like an import, for as long as somebody wants it.
 */
export class Interest implements SubscriptionObserver {
  readonly #core: FederationCore;
  readonly #imports: readonly Pattern[];
  /** All that is wanted, with how many want it. */
  readonly #wanted = new Map<string, Wanted>();
  /** The first of it, as many as may be followed. */
  readonly #followed = new Map<string, Pattern>();
  readonly #index = new PatternIndex<true>();
  readonly #waiting = new Set<() => void>();
  readonly #unmirrored: UnmirroredSweep;
  #sweep: Appointment | undefined;

  constructor(core: FederationCore) {
    this.#core = core;
    this.#unmirrored = new UnmirroredSweep(core);
    this.#imports = core.config.imports.map(parsePattern);
  }

  /** What is to be followed beyond the imports. */
  get patterns(): readonly Pattern[] {
    return [...this.#followed.values()];
  }

  matches(address: string): boolean {
    if (this.#followed.size === 0) return false;
    let found = false;
    this.#index.forEachMatch(address, () => {
      found = true;
    });
    return found;
  }

  /** Why a pattern cannot be followed as well, or undefined. */
  problem(pattern: Pattern): Refusal | undefined {
    if (!this.#isBeyond(pattern) || this.#followed.has(pattern.text)) return undefined;
    if (this.#followed.size < MAX_FEDERATION_PATTERNS) return undefined;
    return {
      code: ERROR_CODE.tooMany,
      message: `Cannot subscribe to "${pattern.text}": this router follows ` +
        `${MAX_FEDERATION_PATTERNS} patterns beyond its imports, its limit; ` +
        "widen --federation-import",
      address: pattern.text,
    };
  }

  added(subscriber: Subscriber, pattern: Pattern): void {
    if (this.#isHub(subscriber) || !this.#isBeyond(pattern)) return;
    const wanted = this.#wanted.get(pattern.text);
    if (wanted !== undefined) {
      wanted.subscriptions++;
      return;
    }
    this.#wanted.set(pattern.text, { pattern, subscriptions: 1, lastMicros: 0 });
    // A leaf of this router is not refused: it goes without what is beyond the limit, until there
    // is room.
    if (this.#followed.size < MAX_FEDERATION_PATTERNS) this.#follow(pattern);
  }

  removed(subscriber: Subscriber, { text }: Pattern): void {
    const wanted = this.#wanted.get(text);
    if (wanted === undefined || this.#isHub(subscriber)) return;
    if (--wanted.subscriptions > 0) return;
    wanted.lastMicros = this.#core.router.nowMicros;
    this.#planSweep();
  }

  /**
   * Does something when what a pattern matches is known here: now, or when the hub has sent it, or
   * when that takes too long.
   */
  whenKnown(pattern: Pattern, act: () => void): void {
    const { role, link } = this.#core.uplink ?? {};
    const isComing = link?.state === "Active" && this.#isBeyond(pattern) &&
      role?.knows(pattern) === false;
    if (!isComing) return act();
    const once = () => {
      if (this.#waiting.delete(once)) act();
    };
    this.#waiting.add(once);
    this.#core.router.after(KNOWN_AFTER_MS, once);
  }

  /** All that is followed is known by now, or the hub cannot be asked any more. */
  known(): void {
    for (const act of [...this.#waiting]) act();
  }

  /** What the hub wants of this router is no reason to follow it there. */
  #isHub(subscriber: Subscriber): boolean {
    return subscriber === this.#core.hubLink || subscriber === this.#core.records.hub ||
      subscriber instanceof UnsentParams;
  }

  #isBeyond(pattern: Pattern): boolean {
    return !this.#core.isRoot && !isForSignalsOnly(pattern.text) &&
      !this.#imports.some((known) => covers(known, pattern));
  }

  #follow(pattern: Pattern): void {
    this.#followed.set(pattern.text, pattern);
    this.#index.add(pattern, true);
    this.#core.interestChanged();
  }

  #planSweep(): void {
    this.#sweep ??= this.#core.router.after(SWEEP_INTERVAL_MS, () => {
      this.#sweep = undefined;
      this.#release();
    });
  }

  /** All at once that is not wanted any more: what was mirrored for it is looked for once. */
  #release(): void {
    const untilMicros = this.#core.router.nowMicros - RELEASED_AFTER_MS * 1_000;
    let [isLess, isMore] = [false, false];
    for (const [text, { pattern, subscriptions, lastMicros }] of this.#wanted) {
      if (subscriptions > 0) continue;
      if (lastMicros > untilMicros) {
        isMore = true;
        continue;
      }
      this.#wanted.delete(text);
      if (!this.#followed.delete(text)) continue;
      this.#index.delete(pattern, true);
      isLess = true;
    }
    if (isMore) this.#planSweep();
    if (!isLess) return;
    for (const { pattern } of this.#wanted.values()) {
      if (this.#followed.size >= MAX_FEDERATION_PATTERNS) break;
      if (!this.#followed.has(pattern.text)) this.#follow(pattern);
    }
    this.#core.interestChanged();
    this.#unmirrored.start();
  }
}
