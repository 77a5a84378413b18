import type { CapabilityPolicy } from "../../auth/capability_policy.ts";
import { examineCapability } from "../../auth/examine_capability.ts";
import { type Capability, grantCapability } from "../../auth/grant_capability.ts";
import { TokenError } from "../../auth/token_error.ts";
import { verifySignatures } from "./verify_signatures.ts";

/**
 * Decides whether a presented capability token is accepted, and what it grants.
 *
 * @throws {TokenError} If it is not accepted; `problem` and the message say why.
 */
export async function verifyCapability(
  text: string,
  policy: CapabilityPolicy,
): Promise<Capability> {
  const examined = examineCapability(text, policy);
  const failed = await verifySignatures(examined.signatures);
  if (failed === undefined) return grantCapability(examined);
  throw new TokenError("forged", `Cannot accept capability token: ${failed.what} does not verify`);
}
