/** A date can show no later time. */
const DATE_SECONDS_MAX = 8.64e12;

/** Seconds since 1970 for people, as `2030-01-31T12:00:00Z`. */
export function timeText(seconds: number): string {
  if (seconds > DATE_SECONDS_MAX) return `${seconds} s since 1970`;
  return new Date(seconds * 1_000).toISOString().replace(".000", "");
}
