import type { CapabilityToken, UnsignedCapability } from "../../auth/capability_token.ts";
import { signedPayload } from "../../auth/encode_capability.ts";
import type { SigningKey } from "./signing_key.ts";

/** Signs a token; its issuer must be the key. */
export async function signCapability(
  token: UnsignedCapability,
  key: SigningKey,
): Promise<CapabilityToken> {
  if (token.issuer !== key.publicKey) {
    throw new RangeError(`Cannot sign for ${token.issuer} with the key ${key.publicKey}`);
  }
  return { ...token, signature: await key.sign(signedPayload(token)) };
}
