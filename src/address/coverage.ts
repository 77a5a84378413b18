/**
 * How two patterns relate: whether one covers the other, and whether they overlap.
 *
 * Both answers are exact for addresses of any length. (Some address that two patterns share may be
 * longer than an address is allowed to be; they overlap nevertheless.)
 *
 * @module
 */

import type { Pattern, PatternSegment, SinglePatternSegment } from "./pattern.ts";
import { matches, segmentMatches } from "./pattern.ts";

/**
 * A character that no pattern contains. What matches a pattern's text with `FRESH` in place of each
 * `*` must have taken `FRESH` with a `*` of its own, so it matches whatever else could stand there.
 * That makes this one text stand for all that the wildcards could be.
 */
const FRESH = "\0";

/**
 * Whether every address that `b` matches is matched by `a` too.
 *
 * One run of `matches` unless `b` contains `**`; else `PATTERN_WILDCARDS_MAX` keeps it below 1 ms.
 *
 * @param a The pattern that may be the wider one.
 * @param b The pattern that may be the narrower one.
 */
export function covers(a: Pattern, b: Pattern): boolean {
  const prefix = comparePrefixes(a, b);
  if (prefix === "equal" || prefix === "a covers b") return true;
  if (prefix === "disjoint" || a.isLiteral) return false;
  if (!b.segments.some(isGlobstar)) return matches(a, b.text.replaceAll("*", FRESH));
  // What `b` matches has no greatest length.
  if (!a.segments.some(isGlobstar)) return false;
  const wide = toChain(a);
  const narrow = toChain(b);
  if (wide.singles.length > Math.max(1, narrow.singles.length)) return false;
  return chainCovers(wide, narrow);
}

/**
 * Whether some address is matched by both patterns.
 *
 * Takes at most (segments of `a`) x (segments of `b`) steps.
 */
export function overlaps(a: Pattern, b: Pattern): boolean {
  const prefix = comparePrefixes(a, b);
  if (prefix === "disjoint") return false;
  if (prefix !== "unknown") return true;
  if (a.isLiteral) return matches(b, a.text);
  if (b.isLiteral) return matches(a, b.text);
  return segmentsOverlap(a.segments, b.segments);
}

/** What the leading literal segments alone say; decides most pairs of claims. */
function comparePrefixes(
  a: Pattern,
  b: Pattern,
): "equal" | "disjoint" | "a covers b" | "b covers a" | "unknown" {
  if (a.text === b.text) return "equal";
  for (let index = 0;; index++) {
    const left = a.segments[index];
    const right = b.segments[index];
    if (left?.kind === "globstar" && index === a.segments.length - 1) return "a covers b";
    if (right?.kind === "globstar" && index === b.segments.length - 1) return "b covers a";
    if (left?.kind !== "literal" || right?.kind !== "literal") return "unknown";
    if (left.text !== right.text) return "disjoint";
  }
}

/**
 * A pattern as an automaton: after `n` of the singles have been taken, any segment may be skipped
 * if bit `n` of `loops` is set, or the next single be taken. A pattern with a globstar has less
 * than 32 singles, so that a set of positions fits the 32 bits of a number.
 */
interface Chain {
  readonly singles: readonly SinglePatternSegment[];
  readonly loops: number;
}

/** The chain of a pattern, with `*` before `**` where they meet: fewer positions stay in play. */
function toChain(pattern: Pattern): Chain {
  const singles: SinglePatternSegment[] = [];
  let loops = 0;
  let loopsHere = false;
  for (const segment of pattern.segments) {
    if (segment.kind === "globstar") {
      loopsHere = true;
      continue;
    }
    if (loopsHere && segment.kind !== "star") {
      loops |= 1 << singles.length;
      loopsHere = false;
    }
    singles.push(segment);
  }
  if (loopsHere) loops |= 1 << singles.length;
  return { singles, loops };
}

/**
 * Walks through the narrow chain, and keeps for each of its positions the sets of positions in
 * which the wide one may be then. One set that contains another is dropped: what the smaller one
 * goes on to accept, the larger one accepts as well.
 */
function chainCovers(wide: Chain, narrow: Chain): boolean {
  // No address is empty: what is only globstars takes a segment first.
  const singles = narrow.singles.length > 0 ? narrow.singles : [STAR];
  const loops = narrow.singles.length > 0 ? narrow.loops : 0b10;
  const accepted = 1 << wide.singles.length;
  // Once there, the wide chain accepts whatever follows.
  const acceptedForEver = accepted & wide.loops;
  const takenByAny = positionsThatTake(wide, STAR);

  let sets = [1];
  for (let position = 0;; position++) {
    if ((loops & (1 << position)) !== 0) sets = withSkips(sets, wide, takenByAny);
    sets = sets.filter((set) => (set & acceptedForEver) === 0);
    if (sets.length === 0) return true;
    if (sets.includes(0)) return false;
    const single = singles[position];
    if (single === undefined) return sets.every((set) => (set & accepted) !== 0);
    const taken = positionsThatTake(wide, single);
    const next: number[] = [];
    for (const set of sets) addMinimal(next, advance(set, wide, taken));
    sets = next;
  }
}

const STAR: SinglePatternSegment = { kind: "star", text: "*" };

/** The sets, and those that follow from them when any number of segments is skipped. */
function withSkips(sets: readonly number[], wide: Chain, takenByAny: number): number[] {
  const closed: number[] = [];
  for (const set of sets) {
    // Ends: a position that skipping leads to either stays for ever or is left behind.
    for (let after = set; addMinimal(closed, after);) after = advance(after, wide, takenByAny);
  }
  return closed;
}

/** The positions that follow those of `set` when the singles after `taken` can take a segment. */
function advance(set: number, wide: Chain, taken: number): number {
  return ((set & taken) << 1) | (set & wide.loops);
}

/** The positions of a chain whose next single takes all that `segment` stands for. */
function positionsThatTake(chain: Chain, segment: SinglePatternSegment): number {
  const sample = sampleOf(segment);
  const range = { start: 0, end: sample.length };
  let positions = 0;
  for (const [position, single] of chain.singles.entries()) {
    if (segmentMatches(single, sample, range)) positions |= 1 << position;
  }
  return positions;
}

/** Adds a set unless it contains one that is there; removes those that contain it. */
function addMinimal(sets: number[], set: number): boolean {
  let kept = 0;
  for (const other of sets) {
    if ((other & set) === other) return false;
    if ((other & set) !== set) sets[kept++] = other;
  }
  sets.length = kept;
  sets.push(set);
  return true;
}

/** A segment that is matched only by what matches all that the given one stands for. */
function sampleOf(segment: SinglePatternSegment): string {
  return segment.kind === "literal" ? segment.text : segment.text.replaceAll("*", FRESH);
}

/** Walks through both at once: which (position in `a`, position in `b`) one address can reach. */
function segmentsOverlap(a: readonly PatternSegment[], b: readonly PatternSegment[]): boolean {
  let reached = new Uint8Array(b.length + 1);
  reached[0] = 1;
  for (let i = 0; i <= a.length; i++) {
    const reachedNext = new Uint8Array(b.length + 1);
    const left = a[i];
    for (let j = 0; j <= b.length; j++) {
      if (reached[j] === 0) continue;
      const right = b[j];
      if (left?.kind === "globstar") reachedNext[j] = 1;
      if (right?.kind === "globstar") reached[j + 1] = 1;
      if (left === undefined || right === undefined) continue;
      if (left.kind === "globstar") {
        reached[j + 1] = 1;
      } else if (right.kind === "globstar") {
        reachedNext[j] = 1;
      } else if (segmentOverlaps(left, right)) {
        reachedNext[j + 1] = 1;
      }
    }
    if (i === a.length) return reached[b.length] === 1;
    reached = reachedNext;
  }
  return false;
}

function segmentOverlaps(a: SinglePatternSegment, b: SinglePatternSegment): boolean {
  if (a.kind === "star" || b.kind === "star") return true;
  if (a.kind === "literal") return segmentMatches(b, a.text, { start: 0, end: a.text.length });
  if (b.kind === "literal") return segmentMatches(a, b.text, { start: 0, end: b.text.length });
  // Between the longer beginning and the longer end there is room for the middle parts of both.
  const [aFirst, aLast] = [a.parts[0] ?? "", a.parts[a.parts.length - 1] ?? ""];
  const [bFirst, bLast] = [b.parts[0] ?? "", b.parts[b.parts.length - 1] ?? ""];
  return (aFirst.startsWith(bFirst) || bFirst.startsWith(aFirst)) &&
    (aLast.endsWith(bLast) || bLast.endsWith(aLast));
}

function isGlobstar(segment: PatternSegment): boolean {
  return segment.kind === "globstar";
}
