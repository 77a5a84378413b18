import { matches, type Pattern } from "../address/pattern.ts";
import { SCOPES_COSTLY_MAX, SCOPES_PER_TOKEN_MAX } from "../limits.ts";
import { coversTogether } from "./covers_together.ts";
import { type Action, includes, parseScope, type Scope, ScopeError } from "./scope.ts";

/**
 * The scopes of one token, or of a session: what it may do, all scopes together. Never changes.
 *
 * @example
 * ```ts
 * import { Scopes } from "./scopes.ts";
 *
 * const scopes = Scopes.parse(["read:/**", "write:/site-a/**"]);
 * scopes.allows("write", "/site-a/fader"); // true
 * scopes.allows("write", "/site-b/fader"); // false
 * ```
 */
export class Scopes {
  /** Every scope, in the order in which they were given. */
  readonly all: readonly Scope[];
  /** The patterns that each action is allowed on. */
  readonly #patterns: Readonly<Record<Action, readonly Pattern[]>>;

  /**
   * What some scopes allow together.
   *
   * @param scopes At most `SCOPES_PER_TOKEN_MAX`; of those at most `SCOPES_COSTLY_MAX` with `**`
   * before the end of their pattern.
   * @throws {ScopeError} If there are more.
   */
  constructor(scopes: readonly Scope[]) {
    refuseFrom(scopes[SCOPES_PER_TOKEN_MAX], `a token has at most ${SCOPES_PER_TOKEN_MAX}`);
    const costly = scopes.filter(({ pattern }) => hasInnerGlobstar(pattern));
    refuseFrom(
      costly[SCOPES_COSTLY_MAX],
      `a token has at most ${SCOPES_COSTLY_MAX} with "**" before their end`,
    );
    this.all = [...scopes];
    this.#patterns = {
      read: patternsFor(scopes, "read"),
      write: patternsFor(scopes, "write"),
      admin: patternsFor(scopes, "admin"),
    };
  }

  /**
   * Parses the texts of scopes; none at all allow nothing.
   *
   * @throws {ScopeError} If one of them is none, or there are too many.
   */
  static parse(texts: readonly string[]): Scopes {
    return new Scopes(texts.map(parseScope));
  }

  /** Whether something may be done with an address, which must be a valid one. */
  allows(action: Action, address: string): boolean {
    return this.#patterns[action].some((pattern) => matches(pattern, address));
  }

  /**
   * Whether something may be done with every address that a pattern matches; several scopes may
   * cover the pattern together, as far as `coversTogether` can tell.
   */
  coversPattern(action: Action, pattern: Pattern): boolean {
    return coversTogether(this.#patterns[action], pattern);
  }

  /** The first of the other scopes that allows more than these do; undefined if none does. */
  beyond(others: Scopes): Scope | undefined {
    return others.all.find(({ action, pattern }) => !this.coversPattern(action, pattern));
  }
}

function patternsFor(scopes: readonly Scope[], action: Action): readonly Pattern[] {
  return scopes.filter((scope) => includes(scope.action, action)).map(({ pattern }) => pattern);
}

function hasInnerGlobstar({ segments }: Pattern): boolean {
  return segments.slice(0, -1).some(({ kind }) => kind === "globstar");
}

/** Refuses the first scope that is too many, if there is one. */
function refuseFrom(scope: Scope | undefined, problem: string): void {
  if (scope !== undefined) throw new ScopeError(scope.text, problem);
}
