import type { CapabilityPolicy } from "./capability_policy.ts";
import type { CapabilityToken } from "./capability_token.ts";
import { decodeCapability } from "./decode_capability.ts";
import { signedPayload } from "./encode_capability.ts";
import { tokenLevels } from "./token_levels.ts";
import { TokenError } from "./token_error.ts";

/** A signature that has to verify. */
export interface SignatureCheck {
  /** Ed25519 public key of who signed. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** Which signature it is, for messages. */
  readonly what: string;
}

/** A token that is worth what it says if each of the signatures verifies. */
export interface ExaminedCapability {
  /** The token at the end of each step of the chain: the root first, the presented one last. */
  readonly levels: readonly [CapabilityToken, ...CapabilityToken[]];
  /** The root's first. */
  readonly signatures: readonly SignatureCheck[];
}

/**
 * Looks at everything in a presented token that costs next to nothing, and says which signatures have
 * to be verified. `grantCapability` does the rest, when they were.
 *
 * Delegated tokens in the bare public form are refused: nothing in them can be verified.
 *
 * @throws {TokenError} If the token cannot be accepted, whatever its signatures.
 */
export function examineCapability(text: string, policy: CapabilityPolicy): ExaminedCapability {
  const token = decodeCapability(text);
  const depth = token.links.length;
  if (depth > policy.depthMax) {
    throw refused("deep", `${depth} delegations lie behind it, at most ${policy.depthMax} may`);
  }
  const levels = tokenLevels(token);
  refuseUntrusted(levels[0], policy);
  refuseMisissued(levels);
  if (token.audience !== undefined) {
    throw refused(
      "bound",
      "it was made for the holder of a key to delegate from, and cannot be presented itself; " +
        "delegate from it without an audience",
    );
  }
  refuseExpired(levels, policy);
  return { levels, signatures: levels.map(signatureCheck) };
}

/** The signature of the token at the end of a step of a chain. */
export function signatureCheck(token: CapabilityToken, level: number): SignatureCheck {
  return {
    publicKey: Uint8Array.fromHex(token.issuer),
    payload: signedPayload(token),
    signature: token.signature,
    what: level === 0 ? "the signature of its root" : `the signature of delegation ${level}`,
  };
}

function refuseUntrusted(root: CapabilityToken, { trustAnchors }: CapabilityPolicy): void {
  if (trustAnchors.some((anchor) => anchor.toLowerCase() === root.issuer)) return;
  const anchors = trustAnchors.length === 1 ? "the trust anchor" : `a trust anchor`;
  throw refused("untrusted", `its root was issued by ${root.issuer}, which is not ${anchors}`);
}

function refuseMisissued(levels: readonly CapabilityToken[]): void {
  for (const [index, parent] of levels.entries()) {
    const child = levels[index + 1];
    if (child === undefined || parent.audience === undefined) continue;
    if (child.issuer === parent.audience) continue;
    throw refused(
      "misissued",
      `delegation ${index + 1} was issued by ${child.issuer}, ` +
        `but only ${parent.audience} may delegate there`,
    );
  }
}

function refuseExpired(
  levels: readonly CapabilityToken[],
  { nowSeconds }: CapabilityPolicy,
): void {
  const earliest = Math.min(...levels.map(({ expiresAtSeconds }) => expiresAtSeconds));
  if (nowSeconds < earliest) return;
  throw refused("expired", `it expired at ${earliest} s since 1970, now it is ${nowSeconds} s`);
}

function refused(problem: TokenError["problem"], reason: string): TokenError {
  return new TokenError(problem, `Cannot accept capability token: ${reason}`);
}
