import { UsageError } from "./usage_error.ts";

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
};
const DURATION_SECONDS_MAX = 36_500 * 86_400;

/**
 * Seconds of a duration such as `30d`.
 *
 * @throws {UsageError} when it is none, is 0, or is longer than 36,500 days
 */
export function parseDuration(flag: string, text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,12})([smhdw])$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNIT_SECONDS[unit] ?? 0);
  if (seconds > 0 && seconds <= DURATION_SECONDS_MAX) return seconds;
  throw new UsageError(
    `--${flag} must be a number with s, m, h, d or w behind it, as 30d, up to 36500d, ` +
      `not "${text}"`,
  );
}
