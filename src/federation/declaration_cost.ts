import { DECLARATION_WORK_MIN } from "../limits.ts";
import { remoteGroup } from "../router/address_group.ts";
import type { Connection } from "../router/connection.ts";
import { ERROR_CODE, type Refusal } from "../router/error_code.ts";
import type { FederationCore } from "./federation_core.ts";

/**
 * Why a leaf may not declare so many patterns now, or undefined; the work is counted then. What is
 * declared replaces what was before, so none can be left out: the link is to end, and the leaf to come
 * back later.
 */
export function declarationRateProblem(
  { claims, declarations, router }: FederationCore,
  { remoteAddress }: Connection,
  patterns: number,
): Refusal | undefined {
  const work = Math.max(DECLARATION_WORK_MIN, patterns * claims.size);
  if (declarations.takes(remoteGroup(remoteAddress), router.nowMicros, work)) return undefined;
  return {
    code: ERROR_CODE.tooMany,
    message: `Cannot declare ${patterns} namespaces: too many were declared from this address ` +
      "lately; declare when they change only, and try again in a minute",
  };
}
