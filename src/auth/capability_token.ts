/**
 * Capability tokens, taken apart.
 *
 * @module
 */

/** What a token says, before it is signed. Keys are public keys, as lower-case hexadecimal digits. */
export interface CapabilityClaims {
  /** Whose key signs it. */
  readonly issuer: string;
  /** Whose key may delegate from it; undefined in a bearer token, which whoever has it presents. */
  readonly audience: string | undefined;
  /** Texts of scopes. */
  readonly scopes: readonly string[];
  /** Seconds since 1970; from this time on it is worth nothing. */
  readonly expiresAtSeconds: number;
  /** Tells tokens apart that say the same otherwise. */
  readonly nonce: string;
}

/** A link that holds all of a parent token, so that the parent's signature can be verified. */
export interface ProvenLink extends CapabilityClaims {
  readonly kind: "proven";
  readonly signature: Uint8Array<ArrayBuffer>;
}

/**
 * A link in the public form. It lacks what the parent's signature covers beside issuer and scopes,
 * so it proves nothing.
 */
export interface BareLink {
  readonly kind: "bare";
  readonly issuer: string;
  readonly scopes: readonly string[];
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** One of the tokens that a token was delegated from. */
export type CapabilityLink = ProvenLink | BareLink;

/** A token without its signature. */
export interface UnsignedCapability extends CapabilityClaims {
  /** The tokens that it was delegated from, the root first; none in a root token. */
  readonly links: readonly CapabilityLink[];
}

/** A token. */
export interface CapabilityToken extends UnsignedCapability {
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** What the text of a token starts with. */
export const CAPABILITY_PREFIX: string = "cap_";
/** The one version of the public format. */
export const CAPABILITY_VERSION: number = 1;
/** Bytes of a signature. */
export const SIGNATURE_BYTES: number = 64;
