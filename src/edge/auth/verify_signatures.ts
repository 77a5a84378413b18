import type { SignatureCheck } from "../../auth/examine_capability.ts";

/**
 * Verifies Ed25519 signatures, in order.
 *
 * @returns The first that does not verify; undefined if all do.
 */
export async function verifySignatures(
  checks: readonly SignatureCheck[],
): Promise<SignatureCheck | undefined> {
  for (const check of checks) if (!await verifies(check)) return check;
  return undefined;
}

async function verifies({ publicKey, payload, signature }: SignatureCheck): Promise<boolean> {
  const key = await imported(publicKey);
  return key !== undefined && await crypto.subtle.verify("Ed25519", key, signature, payload);
}

async function imported(publicKey: Uint8Array<ArrayBuffer>): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  } catch (error) {
    // Bytes that are no point of the curve may be refused here already; nothing verifies by them.
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}
