import type { CapabilityPolicy } from "../../auth/capability_policy.ts";
import { CAPABILITY_PREFIX } from "../../auth/capability_token.ts";
import type { Capability } from "../../auth/grant_capability.ts";
import { TokenError } from "../../auth/token_error.ts";
import type { TokenAnswer } from "../../router/authenticator.ts";
import { ERROR_CODE } from "../../router/error_code.ts";
import type { TokenAuthority } from "./token_authority.ts";
import { verifyCapability } from "./verify_capability.ts";

/** Of the digest: enough that nobody finds other scopes with the same. */
const IDENTITY_DIGITS = 32;

/** By what a {@linkcode capabilityAuthority} decides. */
export interface CapabilityAuthorityOptions extends Omit<CapabilityPolicy, "nowSeconds"> {
  /** The wall clock, seconds since 1970. */
  readonly wallSeconds: () => number;
}

/** Accepts capability tokens whose root was issued by a trust anchor. */
export function capabilityAuthority(options: CapabilityAuthorityOptions): TokenAuthority {
  return {
    prefix: CAPABILITY_PREFIX,
    authenticate: async (token): Promise<TokenAnswer> => {
      try {
        const nowSeconds = options.wallSeconds();
        const capability = await verifyCapability(token, { ...options, nowSeconds });
        const { scopes, expiresAtSeconds } = capability;
        const identity = await identityOf(capability, options);
        return { kind: "granted", grant: { identity, scopes, expiresAtSeconds } };
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        const code = error.problem === "expired"
          ? ERROR_CODE.tokenExpired
          : ERROR_CODE.unauthorized;
        return { kind: "refused", refusal: { code, message: error.message } };
      }
    },
  };
}

/**
 * Who stands behind a token. A delegated one is of the key that delegated it, which only its holder
 * can sign with: all tokens of a site that has a key are of one identity, renewed ones too. What a
 * trust anchor signs itself may be anybody's, so the scopes tell one from another: who has the same
 * scopes may do the same anyway.
 */
async function identityOf(
  { issuer, scopes }: Capability,
  { trustAnchors }: Pick<CapabilityPolicy, "trustAnchors">,
): Promise<string> {
  const isAnchor = trustAnchors.some((anchor) => anchor.toLowerCase() === issuer);
  if (!isAnchor) return `${CAPABILITY_PREFIX}${issuer}`;
  const texts = [...new Set(scopes.all.map(({ text }) => text))].sort();
  const bytes = new TextEncoder().encode(texts.join("\n"));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  return `${CAPABILITY_PREFIX}${issuer}/${digest.slice(0, IDENTITY_DIGITS)}`;
}
