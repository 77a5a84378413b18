import { CAP_DEPTH_MAX } from "../limits.ts";
import type {
  CapabilityClaims,
  CapabilityToken,
  ProvenLink,
  UnsignedCapability,
} from "./capability_token.ts";
import { Scopes } from "./scopes.ts";
import { TokenError } from "./token_error.ts";
import { tokenLevels } from "./token_levels.ts";

/**
 * A token with less than its parent, to be signed by its issuer. Of two expiries the earlier counts.
 *
 * The parent must have an audience. All of the parent is in the child, so that its signature can be
 * verified: whoever gets the child could use a parent without an audience instead, and have all that
 * was to be kept from him.
 *
 * @throws {TokenError} If no router would accept the child, or it would give its parent away.
 * @throws {ScopeError} If a scope is none.
 */
export function delegateCapability(
  parent: CapabilityToken,
  claims: CapabilityClaims,
): UnsignedCapability {
  // Bare links would make the child as worthless as they are.
  tokenLevels(parent);
  refuseStranger(parent, claims);
  const beyond = Scopes.parse(parent.scopes).beyond(Scopes.parse(claims.scopes));
  if (beyond !== undefined) {
    const held = parent.scopes.join(", ");
    throw refused("widened", `scope "${beyond.text}" is not covered by the token's own: ${held}`);
  }
  if (parent.links.length >= CAP_DEPTH_MAX) {
    throw refused("deep", `${CAP_DEPTH_MAX} delegations lie behind it, no router accepts more`);
  }
  const { links, ...own } = parent;
  const link: ProvenLink = { kind: "proven", ...own };
  const expiresAtSeconds = Math.min(claims.expiresAtSeconds, parent.expiresAtSeconds);
  return { ...claims, expiresAtSeconds, links: [...links, link] };
}

function refuseStranger({ audience }: CapabilityToken, { issuer }: CapabilityClaims): void {
  if (audience === undefined) {
    throw refused(
      "bearer",
      "it has no audience, so whoever gets the new token could read this one out of it and use it; " +
        "create it with the public key of who delegates as its audience",
    );
  }
  if (audience === issuer) return;
  throw refused("misissued", `only the holder of ${audience} may, and the key given is ${issuer}`);
}

function refused(problem: TokenError["problem"], reason: string): TokenError {
  return new TokenError(problem, `Cannot delegate from capability token: ${reason}`);
}
