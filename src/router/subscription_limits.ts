import { HISTORY_VALUES_MAX, SAMPLE_WINDOW_MAX_MS } from "../limits.ts";
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
 * - `history`: as many of the last values of each param (`CLASP-Protocol.md`, 5.4), the current one
 *   included. It limits nothing; see {@linkcode subscribeOptionsProblem}. 0 and 1 are what every
 *   SUBSCRIBE gets, the snapshot, for state is promised to each new subscriber
 *   (`docs/core/signals.md`). With more, the answer begins with the params whose earlier values the
 *   router still remembers, as SNAPSHOT entries with their own revisions and timestamps: for each
 *   the earlier values, oldest first, and behind them the current one.
 *   - What is remembered is bounded, by `HISTORY_CHANGES_MAX` and `HISTORY_BYTES_MAX` for all params
 *     of a router together, and is gone when the router is started anew. What came from other
 *     routers counts too, as far as this one has seen it.
 *   - Nothing expired is shown: no value whose TTL has passed, nothing from before an expiry, and no
 *     history of a param that has expired.
 *   - A param that changes between the SUBSCRIBE and its turn in the answer comes without its
 *     history: an older value never follows a newer one in what the subscription brings. What the
 *     session was told before, in the SNAPSHOT after WELCOME or by another subscription, may be
 *     newer: who asks for history is shown revisions again.
 *   - A SUBSCRIBE that replaces another, by its id, is answered like a new one. One that overlaps
 *     with others has a history of its own, while each change after it comes once.
 *   - Events, streams, gestures and timelines have no history.
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
  if (history > HISTORY_VALUES_MAX) {
    return `history is ${history} values; ask for at most ${HISTORY_VALUES_MAX}`;
  }
  return undefined;
}
