import { publicKeyProblem } from "../auth/public_key.ts";
import { CAP_DEPTH_MAX, CAP_DEPTH_MAX_DEFAULT } from "../limits.ts";
import { capabilityAuthority } from "./auth/capability_authority.ts";
import { TokenAuthorities } from "./auth/token_authorities.ts";
import type { TokenAuthority } from "./auth/token_authority.ts";

/**
 * What a router in authenticated mode decides by. Clients and leaves show a token in HELLO; what its
 * scopes do not allow is refused.
 */
export interface SecurityConfig {
  /** Public keys, as 64 hexadecimal digits, whose capability tokens count. Default: none. */
  readonly trustAnchors?: readonly string[];
  /** Delegations that may lie behind a capability token. Default: 5. */
  readonly capDepthMax?: number;
  /** Who decides on other tokens, as a {@linkcode TokenFileAuthority}. Closed by whoever opened it. */
  readonly authorities?: readonly TokenAuthority[];
}

/**
 * Who decides on tokens: the trust anchors on capability tokens, and others, each on those with its
 * prefix.
 *
 * @throws {RangeError} when nobody does, or a number is out of bounds
 * @throws {TypeError} when a key is none
 */
export function toAuthorities(config: SecurityConfig): TokenAuthorities {
  const { trustAnchors = [], capDepthMax: depthMax = CAP_DEPTH_MAX_DEFAULT, authorities = [] } =
    config;
  if (!Number.isSafeInteger(depthMax) || depthMax < 0 || depthMax > CAP_DEPTH_MAX) {
    throw new RangeError(
      `Cannot accept capability tokens with capDepthMax ${depthMax}: a whole number from 0 to ` +
        `${CAP_DEPTH_MAX} is needed`,
    );
  }
  for (const anchor of trustAnchors) {
    const problem = publicKeyProblem(anchor);
    if (problem !== undefined) throw new TypeError(`Cannot trust the key "${anchor}": ${problem}`);
  }
  const wallSeconds = () => Date.now() / 1_000;
  const capabilities = trustAnchors.length === 0
    ? []
    : [capabilityAuthority({ trustAnchors, depthMax, wallSeconds })];
  return new TokenAuthorities([...capabilities, ...authorities]);
}
