/**
 * Scopes: what a token lets its holder do, and where.
 *
 * @module
 */

import { AddressError } from "../address/address.ts";
import { parsePattern, type Pattern } from "../address/pattern.ts";

/** What a scope allows: each action includes those before it. */
export type Action = "read" | "write" | "admin";

/** All actions, from the least to the most. */
export const ACTIONS: readonly Action[] = ["read", "write", "admin"];

/** An action on all addresses that a pattern matches. */
export interface Scope {
  /** `action:pattern`. */
  readonly text: string;
  /** What is allowed there. */
  readonly action: Action;
  /** Where. */
  readonly pattern: Pattern;
}

/** Thrown for a text that is no scope; the message says why. */
export class ScopeError extends TypeError {
  /** For telling errors apart by name. */
  override readonly name: string = "ScopeError";

  /** `problem` is a sentence without its subject: why the text is none. */
  constructor(text: string, problem: string) {
    super(`Cannot parse scope ${quoted(text)}: ${problem}`);
  }
}

/**
 * Parses a scope: `read`, `write` or `admin`, a colon, and a pattern.
 *
 * @throws {ScopeError} If it is none. An action has no other spelling.
 *
 * @example
 * ```ts
 * import { parseScope } from "./scope.ts";
 *
 * const { action } = parseScope("write:/site-a/**"); // "write"
 * ```
 */
export function parseScope(text: string): Scope {
  const colon = text.indexOf(":");
  if (colon < 0) throw new ScopeError(text, "it must be ACTION:PATTERN, as read:/site-a/**");
  const name = text.slice(0, colon);
  const action = ACTIONS.find((each) => each === name);
  if (action === undefined) {
    throw new ScopeError(text, `the action must be read, write or admin, not ${quoted(name)}`);
  }
  try {
    return { text, action, pattern: parsePattern(text.slice(colon + 1)) };
  } catch (error) {
    if (error instanceof AddressError) throw new ScopeError(text, error.message);
    throw error;
  }
}

/** Whether who may do `held` may do `wanted` as well. */
export function includes(held: Action, wanted: Action): boolean {
  return ACTIONS.indexOf(held) >= ACTIONS.indexOf(wanted);
}

const QUOTED_UNITS_MAX = 120;

function quoted(text: string): string {
  if (text.length <= QUOTED_UNITS_MAX) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, QUOTED_UNITS_MAX))}...`;
}
