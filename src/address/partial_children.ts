/**
 * The children of an index node that are reached through partial segments such as `zone5*`.
 *
 * @module
 */

import type { SinglePatternSegment } from "./pattern.ts";
import { segmentMatches } from "./pattern.ts";

type PartialSegment = Extract<SinglePatternSegment, { kind: "partial" }>;

/**
 * Longest piece of a middle part that is looked up, code units. Bounds the work for a long segment,
 * of which every piece up to this length is tried.
 */
const PIECE_UNITS_MAX = 8;

/**
 * Maps partial segments to values. Grouped by what they begin with, then by what they end with,
 * then by a piece of what is between, so that a look-up tries only those that nearly match.
 */
export class PartialChildren<V> {
  readonly #byPrefix = new LengthMap<LengthMap<LengthMap<Map<string, Child<V>>>>>();

  /** The value of a segment. */
  get(segment: PartialSegment): V | undefined {
    const { prefix, suffix, piece } = keysOf(segment);
    return this.#byPrefix.get(prefix)?.get(suffix)?.get(piece)?.get(segment.text)?.value;
  }

  /** Sets the value of a segment. */
  set(segment: PartialSegment, value: V): void {
    const { prefix, suffix, piece } = keysOf(segment);
    this.#byPrefix.getOrAdd(prefix, () => new LengthMap())
      .getOrAdd(suffix, () => new LengthMap())
      .getOrAdd(piece, () => new Map())
      .set(segment.text, { segment, value });
  }

  /** Removes a segment, and the groups that are empty then. */
  delete(segment: PartialSegment): void {
    const { prefix, suffix, piece } = keysOf(segment);
    const bySuffix = this.#byPrefix.get(prefix);
    const byPiece = bySuffix?.get(suffix);
    const children = byPiece?.get(piece);
    children?.delete(segment.text);
    if (children?.size === 0) byPiece?.delete(piece);
    if (byPiece?.isEmpty) bySuffix?.delete(suffix);
    if (bySuffix?.isEmpty) this.#byPrefix.delete(prefix);
  }

  /** Whether there is no segment. */
  get isEmpty(): boolean {
    return this.#byPrefix.isEmpty;
  }

  /** Calls back with the value of each partial segment that matches `text`, once. */
  forEachMatch(text: string, visit: (value: V) => void): void {
    const range = { start: 0, end: text.length };
    const visitMatching = (children: Map<string, Child<V>>): void => {
      for (const { segment, value } of children.values()) {
        if (segmentMatches(segment, text, range)) visit(value);
      }
    };
    this.#byPrefix.forEachPrefixOf(text, (bySuffix) => {
      bySuffix.forEachSuffixOf(text, (byPiece) => byPiece.forEachPieceOf(text, visitMatching));
    });
  }
}

interface Child<V> {
  readonly segment: PartialSegment;
  readonly value: V;
}

function keysOf(segment: PartialSegment): { prefix: string; suffix: string; piece: string } {
  const { parts } = segment;
  const middle = parts.slice(1, -1).reduce((a, b) => b.length > a.length ? b : a, "");
  return {
    prefix: parts[0] ?? "",
    suffix: parts[parts.length - 1] ?? "",
    piece: middle.slice(0, PIECE_UNITS_MAX),
  };
}

/** A map from texts, ordered by their length, that can be asked with a longer text. */
class LengthMap<V> {
  readonly #byLength = new Map<number, Map<string, V>>();
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  get(key: string): V | undefined {
    return this.#byLength.get(key.length)?.get(key);
  }

  getOrAdd(key: string, create: () => V): V {
    let values = this.#byLength.get(key.length);
    if (values === undefined) this.#byLength.set(key.length, values = new Map());
    let value = values.get(key);
    if (value === undefined) {
      values.set(key, value = create());
      this.#size++;
    }
    return value;
  }

  delete(key: string): void {
    const values = this.#byLength.get(key.length);
    if (values?.delete(key)) this.#size--;
    if (values?.size === 0) this.#byLength.delete(key.length);
  }

  forEachPrefixOf(text: string, visit: (value: V) => void): void {
    for (const [length, values] of this.#byLength) {
      if (length > text.length) continue;
      const value = values.get(text.slice(0, length));
      if (value !== undefined) visit(value);
    }
  }

  forEachSuffixOf(text: string, visit: (value: V) => void): void {
    for (const [length, values] of this.#byLength) {
      if (length > text.length) continue;
      const value = values.get(text.slice(text.length - length));
      if (value !== undefined) visit(value);
    }
  }

  forEachPieceOf(text: string, visit: (value: V) => void): void {
    for (const [length, values] of this.#byLength) {
      // Few keys: look for each of them in the text. Many: look up each piece of the text.
      if (values.size <= text.length) {
        for (const [key, value] of values) if (text.includes(key)) visit(value);
        continue;
      }
      for (let start = 0; start + length <= text.length; start++) {
        const key = text.slice(start, start + length);
        const value = values.get(key);
        // The same piece may occur again further on.
        if (value !== undefined && text.indexOf(key) === start) visit(value);
      }
    }
  }
}
