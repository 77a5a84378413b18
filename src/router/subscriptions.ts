import type { Pattern } from "../address/pattern.ts";
import { PatternIndex } from "../address/pattern_index.ts";
import { FoundByMark } from "../state/found_by_mark.ts";
import type { ParamSlot } from "../state/param_slot.ts";
import { ALL_SIGNALS } from "../wire/message.ts";
import type { Subscriber } from "./subscriber.ts";
import type { SubscriptionLimits } from "./subscription_limits.ts";
import { type TargetLimits, toTargetLimits } from "./target_limits.ts";

/** One subscriber of an address, with the kinds of signal that it wants there. */
export interface Target {
  readonly subscriber: Subscriber;
  /** Union of the type masks of all its subscriptions that match. */
  types: number;
  /** Who is to be told: the subscriber, or itself within the limits. */
  via: Subscriber;
  /** What all its subscriptions that match agree to limit; mostly nothing. */
  limits: TargetLimits | undefined;
}

/** Told of every subscription that begins or ends. */
export interface SubscriptionObserver {
  added(subscriber: Subscriber, pattern: Pattern): void;
  removed(subscriber: Subscriber, pattern: Pattern): void;
}

interface Subscription {
  /** Tells it from all others. */
  readonly number: number;
  readonly subscriber: Subscriber;
  readonly pattern: Pattern;
  readonly types: number;
  readonly limits: SubscriptionLimits | undefined;
}

/**
 * Who wants what. A subscriber is a target of an address once, however many of its subscriptions
 * match. The targets of an address are found once and remembered until any subscription changes; all
 * addresses that the same subscriptions match share theirs.
 */
export class Subscriptions {
  /** Set once, before the first subscription. */
  observer: SubscriptionObserver | undefined;
  readonly #bySubscriber = new Map<Subscriber, Map<number, Subscription>>();
  readonly #index = new PatternIndex<Subscription>();
  /** By the numbers of the subscriptions that match. */
  readonly #found = new FoundByMark<string, readonly Target[]>();
  #lastNumber = 0;

  /** Subscribers that have a subscription. */
  get subscribers(): number {
    return this.#bySubscriber.size;
  }

  /** Subscriptions of all of them. */
  get size(): number {
    let size = 0;
    for (const own of this.#bySubscriber.values()) size += own.size;
    return size;
  }

  /** Adds a subscription; the same id of the same subscriber replaces. A mask of 0 means all. */
  add(
    subscriber: Subscriber,
    id: number,
    pattern: Pattern,
    types: number,
    limits?: SubscriptionLimits,
  ): void {
    this.remove(subscriber, id);
    const mask = types === 0 ? ALL_SIGNALS : types;
    const number = ++this.#lastNumber;
    const subscription: Subscription = { number, subscriber, pattern, types: mask, limits };
    let own = this.#bySubscriber.get(subscriber);
    if (own === undefined) {
      own = new Map();
      this.#bySubscriber.set(subscriber, own);
    }
    own.set(id, subscription);
    this.#index.add(pattern, subscription);
    this.#found.forget();
    this.observer?.added(subscriber, pattern);
  }

  /** Removes one; false when there is none with this id. */
  remove(subscriber: Subscriber, id: number): boolean {
    const own = this.#bySubscriber.get(subscriber);
    const subscription = own?.get(id);
    if (own === undefined || subscription === undefined) return false;
    own.delete(id);
    if (own.size === 0) this.#bySubscriber.delete(subscriber);
    this.#index.delete(subscription.pattern, subscription);
    this.#found.forget();
    this.observer?.removed(subscriber, subscription.pattern);
    return true;
  }

  /** Removes all of a subscriber. */
  removeAll(subscriber: Subscriber): void {
    const own = this.#bySubscriber.get(subscriber);
    if (own === undefined) return;
    for (const subscription of own.values()) {
      this.#index.delete(subscription.pattern, subscription);
      this.observer?.removed(subscriber, subscription.pattern);
    }
    this.#bySubscriber.delete(subscriber);
    this.#found.forget();
  }

  /** How many a subscriber has. */
  count(subscriber: Subscriber): number {
    return this.#bySubscriber.get(subscriber)?.size ?? 0;
  }

  /** Whether a subscriber has one with this id. */
  has(subscriber: Subscriber, id: number): boolean {
    return this.#bySubscriber.get(subscriber)?.has(id) ?? false;
  }

  /** The pattern of the one with this id. */
  pattern(subscriber: Subscriber, id: number): Pattern | undefined {
    return this.#bySubscriber.get(subscriber)?.get(id)?.pattern;
  }

  /** Everyone who wants something of this address; the same order each time. */
  targets(address: string): readonly Target[] {
    const known = this.#found.of(address);
    if (known !== undefined) return known;
    const mark = this.#find(address);
    this.#found.note(address, mark);
    return this.#found.at(mark) ?? [];
  }

  /** The same for the address of a param. */
  targetsOf(slot: ParamSlot): readonly Target[] {
    const known = this.#found.at(slot.targetsMark);
    if (known !== undefined) return known;
    slot.targetsMark = this.#find(slot.address);
    return this.#found.at(slot.targetsMark) ?? [];
  }

  #find(address: string): number {
    const matching: Subscription[] = [];
    this.#index.forEachMatch(address, (subscription) => matching.push(subscription));
    const key = matching.map(({ number }) => number).join();
    return this.#found.markOf(key) ?? this.#found.add(key, toTargets(matching));
  }
}

function toTargets(matching: readonly Subscription[]): readonly Target[] {
  const bySubscriber = new Map<Subscriber, Target>();
  for (const { subscriber, types } of matching) {
    const target = bySubscriber.get(subscriber);
    if (target !== undefined) target.types |= types;
    else bySubscriber.set(subscriber, { subscriber, types, via: subscriber, limits: undefined });
  }
  if (matching.some(({ limits }) => limits !== undefined)) limit(bySubscriber, matching);
  return [...bySubscriber.values()];
}

function limit(
  targets: ReadonlyMap<Subscriber, Target>,
  matching: readonly Subscription[],
): void {
  for (const [subscriber, own] of Map.groupBy(matching, ({ subscriber }) => subscriber)) {
    const target = targets.get(subscriber);
    const limits = toTargetLimits(own);
    if (target === undefined || limits === undefined) continue;
    target.limits = limits;
    target.via = subscriber.limited?.(limits) ?? subscriber;
  }
}
