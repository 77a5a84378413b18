import { addressProblem } from "../address/address.ts";
import { BUNDLE_AHEAD_MAX_MS, WRITE_LIFE_MS } from "../limits.ts";
import type { Part } from "../router/bundle.ts";
import { ERROR_CODE, type ErrorCode, type Refusal } from "../router/error_code.ts";
import { isReserved, reservedFor } from "../router/reserved.ts";
import { canBeFollowed } from "../state/version.ts";
import { type BundleMessage, type ShareEntry, SIGNAL } from "../wire/message.ts";

/** Why a share that a peer sent cannot be done by anybody, or undefined. */
export function shareEntryProblem(
  { runAtMicros, knownTimestampMicros }: ShareEntry,
  parts: readonly Part[],
  timeMicros: number,
): Refusal | undefined {
  if (parts.length === 0) return refusal(ERROR_CODE.invalidMessage, "there is nothing in it");
  for (const part of parts) {
    const problem = partProblem(part);
    if (problem !== undefined) return problem;
  }
  if (!canBeFollowed({ timestampMicros: knownTimestampMicros, revision: 1 })) {
    return refusal(
      ERROR_CODE.invalidMessage,
      `no stamp can follow the known timestamp ${knownTimestampMicros}`,
    );
  }
  // The client's router has looked; its time may be a little behind.
  const aheadMs = (runAtMicros - timeMicros) / 1_000;
  if (aheadMs <= BUNDLE_AHEAD_MAX_MS + WRITE_LIFE_MS) return undefined;
  return refusal(
    ERROR_CODE.invalidValue,
    `it is for ${Math.floor(aheadMs / 1_000)} s ahead of federation time, ` +
      `at most ${BUNDLE_AHEAD_MAX_MS / 1_000} s are allowed`,
  );
}

/** Why the BUNDLE of a share cannot be done, or undefined: it is not to run at a time of its own. */
export function shareTimeProblem({ timestampMicros }: BundleMessage): Refusal | undefined {
  if (timestampMicros === undefined) return undefined;
  return refusal(
    ERROR_CODE.invalidMessage,
    "its BUNDLE has a time of its own, and the time of a share stands in its context",
  );
}

/** Why no peer's client may do this, or undefined. */
export function partProblem(part: Part): Refusal | undefined {
  const { address } = part;
  const problem = addressProblem(address);
  if (problem !== undefined) return { code: ERROR_CODE.invalidAddress, message: problem, address };
  if (isReserved(address)) {
    return {
      code: ERROR_CODE.refused,
      message: `Cannot write "${address}": ${reservedFor(address)}`,
      address,
    };
  }
  if (part.type === "SET" || part.signal !== SIGNAL.param) return undefined;
  return {
    code: ERROR_CODE.invalidMessage,
    message: `Cannot publish a param at "${address}": it travels as SET`,
    address,
  };
}

function refusal(code: ErrorCode, why: string): Refusal {
  return { code, message: `Cannot do the share of a bundle: ${why}` };
}
