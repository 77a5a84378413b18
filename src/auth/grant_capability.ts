import type { CapabilityToken } from "./capability_token.ts";
import type { ExaminedCapability } from "./examine_capability.ts";
import { type Scope, ScopeError } from "./scope.ts";
import { Scopes } from "./scopes.ts";
import { TokenError } from "./token_error.ts";

/** What the holder of a verified token may do. */
export interface Capability {
  readonly scopes: Scopes;
  /** Seconds since 1970; from this time on it may do nothing any more. */
  readonly expiresAtSeconds: number;
  /** Public key of who issued the token: a trust anchor, or who delegated it last. */
  readonly issuer: string;
  /** Tells it from other tokens of the same issuer. */
  readonly nonce: string;
  /** Delegations behind it. */
  readonly depth: number;
}

/**
 * What a token grants whose signatures were all verified.
 *
 * Comes after the signatures, because comparing scopes may take long: only who holds a token that
 * can be delegated from chooses what is compared.
 *
 * @throws {TokenError} If a scope is none, or a token of the chain claims more than its parent.
 */
export function grantCapability({ levels }: ExaminedCapability): Capability {
  let [parent] = levels;
  let scopes = scopesOf(parent);
  for (const [index, child] of levels.slice(1).entries()) {
    const childScopes = scopesOf(child);
    const problem = narrowingProblem({ parent, child }, scopes.beyond(childScopes));
    if (problem !== undefined) throw refused("widened", `delegation ${index + 1} ${problem}`);
    parent = child;
    scopes = childScopes;
  }
  // No child outlives its parent, so the last one is the first to expire.
  const { expiresAtSeconds, issuer, nonce, links } = parent;
  return { scopes, expiresAtSeconds, issuer, nonce, depth: links.length };
}

/** Why a token is not within its parent, as the end of a sentence; undefined if it is. */
function narrowingProblem(
  { parent, child }: { readonly parent: CapabilityToken; readonly child: CapabilityToken },
  beyond: Scope | undefined,
): string | undefined {
  if (beyond !== undefined) return `claims "${beyond.text}", which its parent does not cover`;
  if (child.expiresAtSeconds <= parent.expiresAtSeconds) return undefined;
  return `expires at ${child.expiresAtSeconds} s since 1970, ` +
    `after its parent at ${parent.expiresAtSeconds} s`;
}

/** @throws {TokenError} `malformed`, if a scope is none. */
function scopesOf({ scopes }: CapabilityToken): Scopes {
  try {
    return Scopes.parse(scopes);
  } catch (error) {
    if (error instanceof ScopeError) throw refused("malformed", error.message);
    throw error;
  }
}

function refused(problem: TokenError["problem"], reason: string): TokenError {
  return new TokenError(problem, `Cannot accept capability token: ${reason}`);
}
