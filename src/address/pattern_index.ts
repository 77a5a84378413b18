/**
 * Finds the patterns that match an address among many.
 *
 * @module
 */

import { PartialChildren } from "./partial_children.ts";
import type { Pattern, PatternSegment } from "./pattern.ts";

/**
 * A set of (pattern, value) entries, asked by address. A value may be under several patterns, and a
 * pattern may have several values.
 *
 * What a look-up costs depends on the address and on the patterns whose beginning matches it, not
 * on how many others there are, and grows with the product of the two at worst, however many `**`
 * the patterns have.
 *
 * @example
 * ```ts
 * import { parsePattern } from "./pattern.ts";
 * import { PatternIndex } from "./pattern_index.ts";
 *
 * const index = new PatternIndex<string>();
 * index.add(parsePattern("/stage/**"), "desk");
 * index.forEachMatch("/stage/fader/1", (value) => console.log(value)); // desk
 * ```
 */
export class PatternIndex<T> {
  readonly #root = new IndexNode<T>(undefined, undefined);
  #size = 0;
  #nodeCount = 0;
  #round = 0;

  /** Number of (pattern, value) entries. */
  get size(): number {
    return this.#size;
  }

  /** Number of distinct beginnings of patterns that are kept: what the entries take in memory. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  /**
   * Adds a value under a pattern.
   *
   * @returns Whether it was not there yet.
   */
  add(pattern: Pattern, value: T): boolean {
    let node = this.#root;
    for (const segment of pattern.segments) {
      const child = node.child(segment);
      if (child === undefined) this.#nodeCount++;
      node = child ?? node.addChild(segment);
    }
    node.entries ??= { pattern, values: new Set() };
    if (node.entries.values.has(value)) return false;
    node.entries.values.add(value);
    this.#size++;
    return true;
  }

  /**
   * Removes a value from a pattern, and what only this entry needed.
   *
   * @returns Whether it was there.
   */
  delete(pattern: Pattern, value: T): boolean {
    let node: IndexNode<T> | undefined = this.#root;
    for (const segment of pattern.segments) node = node?.child(segment);
    if (!node?.entries?.values.delete(value)) return false;
    this.#size--;
    if (node.entries.values.size === 0) node.entries = undefined;
    while (node.parent !== undefined && node.segment !== undefined && node.isEmpty) {
      node.parent.deleteChild(node.segment);
      this.#nodeCount--;
      node = node.parent;
    }
    return true;
  }

  /**
   * Calls back once with each entry whose pattern matches an address, in no particular order.
   *
   * @param address A valid address.
   * @param visit Receives the value and its pattern. It must not change the index.
   */
  forEachMatch(address: string, visit: (value: T, pattern: Pattern) => void): void {
    if (this.#size === 0) return;
    let reached: IndexNode<T>[] = [];
    this.#reach(this.#root, reached, ++this.#round);
    for (let start = 1; start <= address.length && reached.length > 0;) {
      const slash = address.indexOf("/", start);
      const end = slash < 0 ? address.length : slash;
      reached = this.#advance(reached, address.slice(start, end));
      start = end + 1;
    }
    for (const { entries } of reached) {
      if (entries === undefined) continue;
      for (const value of entries.values) visit(value, entries.pattern);
    }
  }

  /** The nodes that follow those reached when one more segment of the address is taken. */
  #advance(reached: readonly IndexNode<T>[], segment: string): IndexNode<T>[] {
    const next: IndexNode<T>[] = [];
    const round = ++this.#round;
    for (const node of reached) {
      if (node.segment?.kind === "globstar") this.#reach(node, next, round);
      this.#reach(node.literals?.get(segment), next, round);
      this.#reach(node.star, next, round);
      node.partials?.forEachMatch(segment, (child) => this.#reach(child, next, round));
    }
    return next;
  }

  /** Adds a node, and those behind it that `**` reaches without a segment, once in a round. */
  #reach(start: IndexNode<T> | undefined, reached: IndexNode<T>[], round: number): void {
    for (let node = start; node !== undefined; node = node.globstar) {
      if (node.reachedInRound === round) return;
      node.reachedInRound = round;
      reached.push(node);
    }
  }
}

/** A pattern's beginning that some entry shares. */
class IndexNode<T> {
  readonly parent: IndexNode<T> | undefined;
  /** The last segment; only the root has none. */
  readonly segment: PatternSegment | undefined;
  /** Those whose pattern ends here. */
  entries: { readonly pattern: Pattern; readonly values: Set<T> } | undefined = undefined;
  literals: Map<string, IndexNode<T>> | undefined = undefined;
  partials: PartialChildren<IndexNode<T>> | undefined = undefined;
  star: IndexNode<T> | undefined = undefined;
  globstar: IndexNode<T> | undefined = undefined;
  /** Marks the node as seen, so that several `**` do not multiply the ways to it. */
  reachedInRound = 0;

  constructor(parent: IndexNode<T> | undefined, segment: PatternSegment | undefined) {
    this.parent = parent;
    this.segment = segment;
  }

  get isEmpty(): boolean {
    return this.entries === undefined && this.star === undefined && this.globstar === undefined &&
      this.literals === undefined && this.partials === undefined;
  }

  child(segment: PatternSegment): IndexNode<T> | undefined {
    switch (segment.kind) {
      case "literal":
        return this.literals?.get(segment.text);
      case "partial":
        return this.partials?.get(segment);
      case "star":
        return this.star;
      case "globstar":
        return this.globstar;
    }
  }

  addChild(segment: PatternSegment): IndexNode<T> {
    const node = new IndexNode<T>(this, segment);
    switch (segment.kind) {
      case "literal":
        this.literals ??= new Map();
        this.literals.set(segment.text, node);
        break;
      case "partial":
        this.partials ??= new PartialChildren();
        this.partials.set(segment, node);
        break;
      case "star":
        this.star = node;
        break;
      case "globstar":
        this.globstar = node;
        break;
    }
    return node;
  }

  deleteChild(segment: PatternSegment): void {
    switch (segment.kind) {
      case "literal":
        this.literals?.delete(segment.text);
        if (this.literals?.size === 0) this.literals = undefined;
        break;
      case "partial":
        this.partials?.delete(segment);
        if (this.partials?.isEmpty) this.partials = undefined;
        break;
      case "star":
        this.star = undefined;
        break;
      case "globstar":
        this.globstar = undefined;
        break;
    }
  }
}
