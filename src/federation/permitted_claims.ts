import type { Refusal } from "../router/error_code.ts";
import type { SessionGrant } from "../router/session_grant.ts";
import type { Claim } from "./claims.ts";

/**
 * Those of some claims that a token allows. Who owns an address decides what others write there, so a
 * claim needs the scope to write all of it, which includes to read it.
 *
 * `refused` is told of each other one.
 */
export function permittedClaims<T extends Pick<Claim, "pattern">>(
  grant: SessionGrant | undefined,
  claims: readonly T[],
  refused: (refusal: Refusal, claim: T) => void,
): readonly T[] {
  if (grant === undefined) return claims;
  return claims.filter((claim) => {
    const refusal = grant.patternProblem("write", claim.pattern);
    if (refusal !== undefined) refused(refusal, claim);
    return refusal === undefined;
  });
}
