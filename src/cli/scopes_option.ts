import { ScopeError } from "../auth/scope.ts";
import { Scopes } from "../auth/scopes.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The scopes that `--scopes` lists.
 *
 * @throws {UsageError} when it is missing, or one is none
 */
export function scopesOption(args: CommandArguments): Scopes {
  const scopes = args.list("scopes");
  if (scopes.length === 0) {
    throw new UsageError('--scopes is missing: --scopes "read:/**,write:/site-a/**"');
  }
  try {
    return Scopes.parse(scopes);
  } catch (error) {
    if (error instanceof ScopeError) throw new UsageError(`--scopes: ${error.message}`);
    throw error;
  }
}
