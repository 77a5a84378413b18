import { covers } from "../address/coverage.ts";
import type { Pattern, PatternSegment } from "../address/pattern.ts";
import { ADDRESS_SEGMENTS_MAX } from "../limits.ts";

/**
 * Whether every address that `narrow` matches is matched by one of the patterns. A yes is right.
 *
 * A no is right as well for a pattern without `**`. One with `**` may also be covered by several
 * patterns together, as "/a/**" is by "/a" and "/a/*" + "/**"; this is found out as long as it
 * differs from one pattern that covers it by at most `PEELED_SEGMENTS_MAX` segments.
 *
 * @param wide The patterns that may cover it together.
 * @param narrow The pattern that may be covered.
 */
export function coversTogether(wide: readonly Pattern[], narrow: Pattern): boolean {
  if (coversAlone(wide, narrow)) return true;
  const at = narrow.segments.findIndex(({ kind }) => kind === "globstar");
  // What has no `**` is covered by one of them or not at all: see `covers`.
  if (at < 0 || wide.length < 2) return false;
  for (let taken = 0; taken < PEELED_SEGMENTS_MAX; taken++) {
    // What is matched when `**` takes exactly so many segments, and when it takes more.
    const exact = expanded(narrow, at, starsOf(taken));
    const longer = expanded(narrow, at, [...starsOf(taken + 1), GLOBSTAR]);
    if (!coversAlone(wide, exact)) return false;
    // No address is as long; and `covers` compares no longer patterns.
    if (longer.segments.length > ADDRESS_SEGMENTS_MAX) return false;
    if (coversAlone(wide, longer)) return true;
  }
  return false;
}

const PEELED_SEGMENTS_MAX = 4;

const STAR: PatternSegment = { kind: "star", text: "*" };
const GLOBSTAR: PatternSegment = { kind: "globstar", text: "**" };

function coversAlone(wide: readonly Pattern[], narrow: Pattern): boolean {
  // Nothing is left of "/**" when it takes no segment, and no address is empty.
  return narrow.segments.length === 0 || wide.some((pattern) => covers(pattern, narrow));
}

function starsOf(count: number): readonly PatternSegment[] {
  return Array.from({ length: count }, () => STAR);
}

/** The pattern with other segments in place of the one at `at`. */
function expanded(
  pattern: Pattern,
  at: number,
  replacement: readonly PatternSegment[],
): Pattern {
  const { segments } = pattern;
  const all = [...segments.slice(0, at), ...replacement, ...segments.slice(at + 1)];
  const text = `/${all.map((segment) => segment.text).join("/")}`;
  return { text, segments: all, isLiteral: !text.includes("*") };
}
