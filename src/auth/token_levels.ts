import type { CapabilityToken } from "./capability_token.ts";
import { TokenError } from "./token_error.ts";

/**
 * The tokens of a chain, each as it was before the next one was delegated from it: the root first,
 * the token itself last.
 *
 * @throws {TokenError} `unproven`, if a link is bare.
 */
export function tokenLevels(
  token: CapabilityToken,
): readonly [CapabilityToken, ...CapabilityToken[]] {
  const parents = token.links.map((link, index): CapabilityToken => {
    if (link.kind === "proven") return { ...link, links: token.links.slice(0, index) };
    throw new TokenError(
      "unproven",
      `Cannot accept capability token: link ${index + 1} of its delegation carries a signature, ` +
        "but neither the nonce nor the expiry nor the audience that were signed, so it cannot be " +
        "verified and anybody could have made it up; delegate with clasp-fed token cap delegate",
    );
  });
  const [root, ...others] = [...parents, token];
  return [root ?? token, ...others];
}
