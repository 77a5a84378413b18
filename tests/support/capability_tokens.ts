import golden from "../vectors/cap-tokens.json" with { type: "json" };
import type { CapabilityPolicy } from "../../src/auth/capability_policy.ts";
import type {
  CapabilityClaims,
  CapabilityToken,
  ProvenLink,
} from "../../src/auth/capability_token.ts";
import { encodeCapability } from "../../src/auth/encode_capability.ts";
import { signCapability } from "../../src/edge/auth/sign_capability.ts";
import { SigningKey } from "../../src/edge/auth/signing_key.ts";

/** One entry of `tests/vectors/cap-tokens.json`. */
export type GoldenToken = (typeof golden.vectors)[number];

/** All golden tokens. */
export const GOLDEN_TOKENS: readonly GoldenToken[] = golden.vectors;
/** The public key that the golden root tokens are signed with. */
export const GOLDEN_ANCHOR: string = golden.trustAnchorHex;

/** Between the expiry of the golden tokens that are expired, and that of the others. */
export const NOW_SECONDS: number = 1_800_000_000;
/** Accepts the golden tokens that are to be accepted. */
export const GOLDEN_POLICY: CapabilityPolicy = {
  trustAnchors: [GOLDEN_ANCHOR],
  depthMax: 5,
  nowSeconds: NOW_SECONDS,
};

/** A golden token by its name. */
export function goldenToken(name: string): GoldenToken {
  const token = GOLDEN_TOKENS.find((each) => each.name === name);
  if (token === undefined) throw new RangeError(`There is no golden token ${name}`);
  return token;
}

/** A signing key whose seed repeats one byte; that of byte 1 is the golden trust anchor. */
export async function testKey(byte: number): Promise<SigningKey> {
  return await SigningKey.fromSeed(new Uint8Array(32).fill(byte));
}

/** One step of a chain: who signs, and what of its token is not as `makeChain` would have it. */
export interface Step extends Partial<Omit<CapabilityClaims, "issuer">> {
  readonly key: SigningKey;
}

/**
 * Signs a chain of tokens, the root first, without asking whether any of it is allowed. Unless said
 * otherwise a token is made for the key of the next step, and the last for nobody.
 */
export async function makeChain(steps: readonly Step[]): Promise<CapabilityToken> {
  let token: CapabilityToken | undefined;
  for (const [index, { key, ...claims }] of steps.entries()) {
    token = await signCapability({
      audience: steps[index + 1]?.key.publicKey,
      scopes: ["write:/site-a/**"],
      expiresAtSeconds: NOW_SECONDS + 1_000,
      nonce: `nonce ${index}`,
      ...claims,
      issuer: key.publicKey,
      links: token === undefined ? [] : [...token.links, linkTo(token)],
    }, key);
  }
  if (token === undefined) throw new RangeError("Cannot make a chain of no token");
  return token;
}

/** The link that a child of a token carries. */
export function linkTo({ links: _, ...token }: CapabilityToken): ProvenLink {
  return { kind: "proven", ...token };
}

/** The text of a chain of tokens. */
export async function chainText(...steps: readonly Step[]): Promise<string> {
  return encodeCapability(await makeChain(steps));
}
