/**
 * Which of two patterns is the more specific one: decides who owns an address that several claims
 * cover.
 *
 * @module
 */

import type { Pattern, PatternSegment } from "./pattern.ts";

/**
 * Compares two patterns by how specific they are; a total order, so that all routers agree.
 *
 * The first segment that differs in kind decides: literal, then partial, then `*`, then `**`. If
 * none does, the pattern with more segments is the more specific one, except that `**` counts less
 * than no segment at all: otherwise a claim for `/a` would own nothing beside one for `/a/**`.
 *
 * Between patterns of the same shape, the first partial segment that differs decides: more literal
 * characters, then fewer wildcards, so that `/zone5*` comes before `/zone*`. Then the text in
 * code-unit order, of which the lower one counts as more specific.
 *
 * @returns Positive if `a` is more specific, negative if `b` is, 0 only for the same text.
 */
export function compareSpecificity(a: Pattern, b: Pattern): number {
  const length = Math.max(a.segments.length, b.segments.length);
  for (let index = 0; index < length; index++) {
    const difference = rank(a.segments[index]) - rank(b.segments[index]);
    if (difference !== 0) return difference;
  }
  for (const [index, segment] of a.segments.entries()) {
    const difference = comparePartials(segment, b.segments[index]);
    if (difference !== 0) return difference;
  }
  if (a.text === b.text) return 0;
  return a.text < b.text ? 1 : -1;
}

/** How much a segment narrows down, or the end of a pattern in its place. */
function rank(segment: PatternSegment | undefined): number {
  switch (segment?.kind) {
    case "globstar":
      return 0;
    case undefined:
      return 1;
    case "star":
      return 2;
    case "partial":
      return 3;
    case "literal":
      return 4;
  }
}

function comparePartials(a: PatternSegment, b: PatternSegment | undefined): number {
  if (a.kind !== "partial" || b?.kind !== "partial") return 0;
  return literalUnits(a.parts) - literalUnits(b.parts) || b.parts.length - a.parts.length;
}

function literalUnits(parts: readonly string[]): number {
  return parts.reduce((units, part) => units + part.length, 0);
}
