/**
 * Patterns: addresses with wildcards. The one matcher for subscriptions, snapshots, scopes and
 * namespaces.
 *
 * @module
 */

import { PATTERN_WILDCARDS_MAX } from "../limits.ts";
import { AddressError, pathProblem } from "./address.ts";

/** A segment of a pattern that stands for exactly one segment of an address. */
export type SinglePatternSegment =
  | { readonly kind: "literal"; readonly text: string }
  /** A segment with `*` among other characters; `parts` is its text split at each `*`. */
  | { readonly kind: "partial"; readonly text: string; readonly parts: readonly string[] }
  | { readonly kind: "star"; readonly text: "*" };

/** A segment of a pattern; a globstar stands for any number of segments, none included. */
export type PatternSegment =
  | SinglePatternSegment
  | { readonly kind: "globstar"; readonly text: "**" };

/** A parsed pattern. */
export interface Pattern {
  /** As it was written. */
  readonly text: string;
  /** Its parts, without slashes. */
  readonly segments: readonly PatternSegment[];
  /** Whether it has no wildcard, so that it matches its own text only. */
  readonly isLiteral: boolean;
}

/**
 * Parses a pattern. `*` is one whole segment, `**` any number of whole segments (none included),
 * and `*` among other characters any number of characters within the segment. Nothing else is
 * special: "?", "[" and "{" stand for themselves.
 *
 * @param text The pattern; an address is a pattern that matches itself.
 * @throws {AddressError} If `patternProblem` finds one.
 *
 * @example
 * ```ts
 * import { matches, parsePattern } from "./pattern.ts";
 *
 * const pattern = parsePattern("/stage/zone*");
 * matches(pattern, "/stage/zone5"); // true
 * matches(pattern, "/stage/zone5/fader"); // false
 * matches(parsePattern("/stage/**"), "/stage"); // true
 * ```
 */
export function parsePattern(text: string): Pattern {
  const problem = patternProblem(text);
  if (problem !== undefined) throw new AddressError("pattern", text, problem);
  const segments = text.slice(1).split("/").map(parseSegment);
  return { text, segments, isLiteral: !text.includes("*") };
}

/**
 * Why a text is not a pattern, or `undefined` if it is one: the rules of an address, except that it
 * may hold up to `PATTERN_WILDCARDS_MAX` wildcards, and `**` only as a whole segment.
 *
 * @param text What may be a pattern.
 */
export function patternProblem(text: string): string | undefined {
  const problem = pathProblem(text);
  if (problem !== undefined) return problem;
  let wildcards = 0;
  for (let index = text.indexOf("*"); index >= 0; index = text.indexOf("*", index + 1)) {
    wildcards++;
    if (text[index + 1] !== "*") continue;
    const after = text[index + 2];
    if (text[index - 1] !== "/" || (after !== undefined && after !== "/")) {
      return `"**" must fill a whole segment`;
    }
    index++;
  }
  if (wildcards <= PATTERN_WILDCARDS_MAX) return undefined;
  return `it must not have more than ${PATTERN_WILDCARDS_MAX} wildcards`;
}

/**
 * Whether a pattern matches an address. Takes at most (segments of one) x (segments of the other)
 * steps.
 *
 * @param pattern The pattern.
 * @param address A valid address, or its segments. A string is the quicker form.
 */
export function matches(pattern: Pattern, address: string | readonly string[]): boolean {
  const text = typeof address === "string" ? address : `/${address.join("/")}`;
  if (pattern.isLiteral) return text === pattern.text;
  const segments = pattern.segments;
  let position = 0;
  let start = 1;
  // Where to go on when a segment does not fit: the latest `**` takes one segment more. Earlier
  // ones need no second try, because whatever they could take this one can take as well.
  let retryPosition = -1;
  let retryStart = 0;
  while (start <= text.length) {
    const segment = segments[position];
    if (segment?.kind === "globstar") {
      position++;
      if (position === segments.length) return true;
      retryPosition = position;
      retryStart = start;
      continue;
    }
    const end = segmentEnd(text, start);
    if (segment !== undefined && segmentMatches(segment, text, { start, end })) {
      position++;
      start = end + 1;
      continue;
    }
    if (retryPosition < 0) return false;
    position = retryPosition;
    retryStart = segmentEnd(text, retryStart) + 1;
    start = retryStart;
  }
  while (segments[position]?.kind === "globstar") position++;
  return position === segments.length;
}

/**
 * Whether a segment of a pattern matches the part of `text` from `start` to `end`.
 *
 * @param segment The segment; a star matches whatever it is given.
 * @param text An address, or a single segment.
 */
export function segmentMatches(
  segment: SinglePatternSegment,
  text: string,
  range: { readonly start: number; readonly end: number },
): boolean {
  const { start, end } = range;
  switch (segment.kind) {
    case "star":
      return true;
    case "literal":
      return segment.text.length === end - start && text.startsWith(segment.text, start);
    case "partial":
      return partsMatch(segment.parts, text, range);
  }
}

function partsMatch(
  parts: readonly string[],
  text: string,
  range: { readonly start: number; readonly end: number },
): boolean {
  const first = parts[0] ?? "";
  const last = parts[parts.length - 1] ?? "";
  const lastStart = range.end - last.length;
  let at = range.start + first.length;
  if (at > lastStart) return false;
  if (!text.startsWith(first, range.start) || !text.startsWith(last, lastStart)) return false;
  for (let index = 1; index < parts.length - 1; index++) {
    const part = parts[index] ?? "";
    // The leftmost place leaves most room for the parts that follow.
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > lastStart) return false;
    at = found + part.length;
  }
  return true;
}

function segmentEnd(text: string, start: number): number {
  const slash = text.indexOf("/", start);
  return slash < 0 ? text.length : slash;
}

function parseSegment(text: string): PatternSegment {
  if (text === "**") return { kind: "globstar", text };
  if (text === "*") return { kind: "star", text };
  if (text.includes("*")) return { kind: "partial", text, parts: text.split("*") };
  return { kind: "literal", text };
}
