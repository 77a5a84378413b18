/** For this long after a loss the hub is tried often: most outages are short. */
const EAGER_MS = 60_000;
const EAGER_DELAY_MS = 400;
const REFUSED_FIRST_DELAY_MS = 1_000;
const REFUSED_DELAY_MAX_MS = 30_000;

/** What a redial delay depends on. */
export interface RedialCircumstances {
  /** Attempts in a row in which the hub was reached and said no; 0 after a loss. */
  readonly refusals: number;
  /** Since the link was last up. */
  readonly downMs: number;
  /** Upper bound after the first minute. */
  readonly reconnectDelayMs: number;
  /** At least 0, below 1: spreads leaves that lost the same hub. */
  readonly random: number;
}

/**
 * How long to wait before the next attempt, milliseconds.
 *
 * After a loss: at most 400 ms for the first minute, then doubling up to `reconnectDelayMs`. After a
 * refusal: doubling from 1 s up to 30 s, for asking again soon would not change the answer.
 */
export function redialDelayMs(circumstances: RedialCircumstances): number {
  const { refusals, downMs, reconnectDelayMs, random } = circumstances;
  const jitter = 0.5 + random / 2;
  if (refusals > 0) {
    return jitter * Math.min(REFUSED_DELAY_MAX_MS, REFUSED_FIRST_DELAY_MS * 2 ** (refusals - 1));
  }
  if (downMs < EAGER_MS || reconnectDelayMs <= EAGER_DELAY_MS) {
    return jitter * Math.min(EAGER_DELAY_MS, reconnectDelayMs);
  }
  // One doubling for each time the longest delay has passed: no state, and soon at the bound.
  const doublings = 1 + Math.floor((downMs - EAGER_MS) / reconnectDelayMs);
  return jitter * Math.min(reconnectDelayMs, EAGER_DELAY_MS * 2 ** Math.min(doublings, 30));
}
