import { SIGNAL } from "../wire/message.ts";
import type { SubscriptionLimits, UpdateLimit } from "./subscription_limits.ts";

/** How all the subscriptions of one subscriber that match an address limit what it is told of it. */
export interface TargetLimits {
  /** An update goes as soon as one of these lets it; none: at once. */
  readonly params: readonly UpdateLimit[];
  readonly streams: readonly UpdateLimit[];
  /** Samples of streams are gathered for so long; 0: they are not. */
  readonly windowMicros: number;
}

/** What of a subscription counts here. */
export interface LimitingSubscription {
  readonly types: number;
  readonly limits: SubscriptionLimits | undefined;
}

/**
 * The limits of several subscriptions together: the least limited decides, for the subscriber gets
 * one copy. Undefined when nothing is limited.
 */
export function toTargetLimits(
  subscriptions: readonly LimitingSubscription[],
): TargetLimits | undefined {
  const ofStreams = wanting(subscriptions, SIGNAL.stream);
  const limits: TargetLimits = {
    params: updateLimits(wanting(subscriptions, SIGNAL.param)),
    streams: updateLimits(ofStreams),
    windowMicros: Math.min(...ofStreams.map((own) => own.limits?.windowMicros ?? 0)),
  };
  const isLimited = limits.params.length > 0 || limits.streams.length > 0;
  const hasWindow = ofStreams.length > 0 && limits.windowMicros > 0;
  if (!isLimited && !hasWindow) return undefined;
  return hasWindow ? limits : { ...limits, windowMicros: 0 };
}

function wanting(
  subscriptions: readonly LimitingSubscription[],
  signal: number,
): readonly LimitingSubscription[] {
  return subscriptions.filter(({ types }) => (types & (1 << signal)) !== 0);
}

/** Without those that never let an update pass before another does. */
function updateLimits(subscriptions: readonly LimitingSubscription[]): readonly UpdateLimit[] {
  const needed: UpdateLimit[] = [];
  const all = subscriptions.map(({ limits }) => limits ?? UNLIMITED);
  for (const limit of all.toSorted(byInterval)) {
    const known = needed.at(-1);
    if (known === undefined || limit.epsilon < known.epsilon) needed.push(limit);
  }
  return needed.some(isUnlimited) ? [] : needed;
}

function byInterval(a: UpdateLimit, b: UpdateLimit): number {
  return a.intervalMicros - b.intervalMicros || a.epsilon - b.epsilon;
}

function isUnlimited({ intervalMicros, epsilon }: UpdateLimit): boolean {
  return intervalMicros === 0 && epsilon === 0;
}

const UNLIMITED: UpdateLimit = { intervalMicros: 0, epsilon: 0 };
