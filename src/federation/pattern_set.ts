import type { Pattern } from "../address/pattern.ts";
import { PatternIndex } from "../address/pattern_index.ts";

/** A fixed set of patterns, asked whether any of them matches. */
export class PatternSet {
  readonly patterns: readonly Pattern[];
  readonly #index = new PatternIndex<true>();

  constructor(patterns: readonly Pattern[]) {
    this.patterns = patterns;
    for (const pattern of patterns) this.#index.add(pattern, true);
  }

  matches(address: string): boolean {
    let found = false;
    this.#index.forEachMatch(address, () => {
      found = true;
    });
    return found;
  }
}
