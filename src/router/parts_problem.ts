import { isLive } from "../state/version.ts";
import type { Part } from "./bundle.ts";
import type { Refusal } from "./error_code.ts";
import type { Params } from "./params.ts";

/** What the parts of a bundle before one of them will have done, for `Params.problem`. */
export interface EarlierParts {
  /** Writes of the same address. */
  readonly sameAddress: number;
  /** Addresses that nothing is kept at yet: each takes room. */
  readonly newAddresses: number;
}

/** Why not all parts of a bundle can be done, or undefined; `problemOf` is asked of each, in order. */
export function partsProblem(
  params: Params,
  parts: readonly Part[],
  problemOf: (part: Part, earlier: EarlierParts) => Refusal | undefined,
): Refusal | undefined {
  const setsByAddress = new Map<string, number>();
  let newAddresses = 0;
  for (const part of parts) {
    const { type, address } = part;
    const sameAddress = setsByAddress.get(address) ?? 0;
    const problem = problemOf(part, { sameAddress, newAddresses });
    if (problem !== undefined) return problem;
    if (type !== "SET") continue;
    // What has expired takes room again, though its tombstone is there.
    if (sameAddress === 0 && !isLive(params.get(address))) newAddresses++;
    setsByAddress.set(address, sameAddress + 1);
  }
  return undefined;
}
