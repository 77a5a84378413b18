import { SAMPLE_WINDOW_MAX_MS } from "../limits.ts";
import type { SubscribeOptions } from "../wire/message.ts";

/** When an update is worth sending. */
export interface UpdateLimit {
  /** At least between two updates of an address; 0: none. */
  readonly intervalMicros: number;
  /** Numbers that differ from the last one sent by less are not sent; 0: none. */
  readonly epsilon: number;
}

/** What the options of a SUBSCRIBE ask for. */
export interface SubscriptionLimits extends UpdateLimit {
  /** Samples of a stream are gathered for so long; 0: they are not. */
  readonly windowMicros: number;
}

/**
 * Reads the options of a SUBSCRIBE; undefined when they limit nothing.
 *
 * The public texts say little, and public routers ignore the options. What is taken from them:
 *
 * - `maxRate`: most updates a second of an address (`docs/core/signals.md`: "on the router side"; the
 *   API pages speak of a throttle in the client, which public clients do not have). The newest value
 *   always arrives, at most one interval late. 0 is no limit, as with the public routers' own limits:
 *   it cannot be asked that nothing arrives.
 * - `epsilon`: smallest change of a number that is worth an update (same place). The examples say
 *   "1 %" of values from 0 to 1; it is an absolute difference, counted from what was sent last, so
 *   that small steps add up. What is no number always passes.
 * - Both hold for params and streams. An event, a timeline or a gesture's phase says something by
 *   itself and is never left out; a gesture's moves are conflated for everyone.
 * - `window`: milliseconds for which samples of a stream are gathered (`CLASP-Protocol.md`, 4.4.1).
 * - `history`: as many of the last values (`CLASP-Protocol.md`, 5.4). A router keeps the newest value
 *   of a param and nothing of other signals, so 1 is what every SUBSCRIBE gets: the snapshot. 0 gets
 *   it too, for state is promised to each new subscriber (`docs/core/signals.md`). More is refused,
 *   see {@linkcode subscribeOptionsProblem}.
 */
export function toSubscriptionLimits(
  options: SubscribeOptions | undefined,
): SubscriptionLimits | undefined {
  const { maxRate = 0, epsilon = 0, window = 0 } = options ?? {};
  if (maxRate === 0 && epsilon === 0 && window === 0) return undefined;
  return {
    // Rounded up: at most so many a second.
    intervalMicros: maxRate === 0 ? 0 : Math.ceil(1_000_000 / maxRate),
    epsilon,
    windowMicros: window * 1_000,
  };
}

/** Why the options of a SUBSCRIBE cannot be honoured, and what to ask for instead; or undefined. */
export function subscribeOptionsProblem(options: SubscribeOptions | undefined): string | undefined {
  const { epsilon = 0, window = 0, history = 0 } = options ?? {};
  // NaN too.
  if (!(epsilon >= 0)) return `epsilon is ${epsilon}; ask for 0 or more`;
  if (window > SAMPLE_WINDOW_MAX_MS) {
    return `window is ${window} ms; ask for at most ${SAMPLE_WINDOW_MAX_MS}`;
  }
  if (history > 1) {
    return `history is ${history}, but this router keeps the newest value only; ask for 1`;
  }
  return undefined;
}
