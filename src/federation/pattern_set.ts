import type { Pattern } from "../address/pattern.ts";
import { PatternIndex } from "../address/pattern_index.ts";

/** So many plain patterns are compared one by one; an index is quicker for more. */
const PLAIN_MAX = 8;

/** A fixed set of patterns, asked whether any of them matches. */
export class PatternSet {
  readonly patterns: readonly Pattern[];
  /** Of patterns like `/site-a/**`, which most are: the literal part. */
  readonly #plain: readonly string[];
  readonly #index = new PatternIndex<true>();

  constructor(patterns: readonly Pattern[]) {
    this.patterns = patterns;
    const plain = patterns.map(literalPart).filter((part) => part !== undefined);
    this.#plain = plain.length <= PLAIN_MAX ? plain : [];
    for (const pattern of patterns) {
      if (this.#plain.length === 0 || literalPart(pattern) === undefined) {
        this.#index.add(pattern, true);
      }
    }
  }

  matches(address: string): boolean {
    for (const part of this.#plain) if (isAtOrBelow(address, part)) return true;
    if (this.#index.size === 0) return false;
    let found = false;
    this.#index.forEachMatch(address, () => {
      found = true;
    });
    return found;
  }
}

/** "" for `/**`; undefined for a pattern that is not literal up to a final `**`. */
function literalPart({ text, segments }: Pattern): string | undefined {
  const isPlain = segments.every(({ kind }, index) =>
    kind === (index === segments.length - 1 ? "globstar" : "literal")
  );
  return isPlain ? text.slice(0, -"/**".length) : undefined;
}

function isAtOrBelow(address: string, part: string): boolean {
  return address.startsWith(part) &&
    (address.length === part.length || address[part.length] === "/");
}
