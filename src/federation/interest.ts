import { covers } from "../address/coverage.ts";
import { parsePattern, type Pattern } from "../address/pattern.ts";
import { MAX_FEDERATION_PATTERNS } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import type { Subscriber } from "../router/subscriber.ts";
import type { SubscriptionObserver } from "../router/subscriptions.ts";
import type { FederationCore } from "./federation_core.ts";
import { PatternSet } from "./pattern_set.ts";
import { UnsentParams } from "./unsent_params.ts";

/** What nobody wants any more is followed for so long: a panel that reloads asks for the same again. */
const RELEASED_AFTER_MS = 30_000;
/** A SUBSCRIBE is answered at the latest after this, with what is known by then. */
const KNOWN_AFTER_MS = 2_000;

interface Wanted {
  readonly pattern: Pattern;
  subscriptions: number;
  release: Appointment | undefined;
}

/**
 * What clients and leaves of this router subscribe to beyond its imports. It is followed at the hub,
 * and mirrored like an import, for as long as somebody wants it.
 */
export class Interest implements SubscriptionObserver {
  readonly #core: FederationCore;
  readonly #imports: readonly Pattern[];
  readonly #wanted = new Map<string, Wanted>();
  readonly #waiting = new Set<() => void>();
  #set = new PatternSet([]);

  constructor(core: FederationCore) {
    this.#core = core;
    this.#imports = core.config.imports.map(parsePattern);
  }

  /** What is to be followed beyond the imports. */
  get patterns(): readonly Pattern[] {
    return this.#set.patterns;
  }

  matches(address: string): boolean {
    return this.#set.patterns.length > 0 && this.#set.matches(address);
  }

  /** Why a pattern cannot be followed as well, or undefined. */
  problem(pattern: Pattern): Refusal | undefined {
    if (!this.#isBeyond(pattern) || this.#wanted.has(pattern.text)) return undefined;
    if (this.#wanted.size < MAX_FEDERATION_PATTERNS) return undefined;
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
      this.#core.router.agenda.cancel(wanted.release);
      return;
    }
    // A leaf of this router is not refused: it goes without what is beyond the limit.
    if (this.#wanted.size >= MAX_FEDERATION_PATTERNS) return;
    this.#wanted.set(pattern.text, { pattern, subscriptions: 1, release: undefined });
    this.#changed();
  }

  removed(subscriber: Subscriber, { text }: Pattern): void {
    const wanted = this.#wanted.get(text);
    if (wanted === undefined || this.#isHub(subscriber)) return;
    if (--wanted.subscriptions > 0) return;
    wanted.release = this.#core.router.after(RELEASED_AFTER_MS, () => this.#release(wanted));
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
    return !this.#core.isRoot && !this.#imports.some((known) => covers(known, pattern));
  }

  #release(wanted: Wanted): void {
    this.#wanted.delete(wanted.pattern.text);
    this.#changed();
    this.#core.forgetUnmirrored();
  }

  #changed(): void {
    this.#set = new PatternSet([...this.#wanted.values()].map(({ pattern }) => pattern));
    this.#core.interestChanged();
  }
}
