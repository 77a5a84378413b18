import type { Scopes } from "../auth/scopes.ts";
import type { ConnectionId } from "./port.ts";

/** What a token allows whoever showed it. */
export interface Grant {
  /**
   * Names the credential, not the token: the same when a token is renewed, and nobody else's. Told to
   * operators and to who is refused; it is no secret.
   */
  readonly identity: string;
  /** What it allows. */
  readonly scopes: Scopes;
  /** Seconds since 1970 by the wall clock; from then on it allows nothing. Undefined: never. */
  readonly expiresAtSeconds: number | undefined;
}

/** Why a token is not accepted. */
export interface TokenRefusal {
  /** 300: not known; 302: expired; 500: it could not be looked at, it may be good. */
  readonly code: 300 | 302 | 500;
  /** Says what to do; never contains the token. */
  readonly message: string;
}

/** What became of a token. */
export type TokenAnswer =
  | { readonly kind: "granted"; readonly grant: Grant }
  | { readonly kind: "refused"; readonly refusal: TokenRefusal };

/**
 * Who decides what tokens allow. A router that has one lets nobody do anything without a token: see
 * `RouterCore.authenticated` and `RouterCore.revoked`.
 */
export interface Authenticator {
  /**
   * Looks at the token in a HELLO. `RouterCore.authenticated` is to be called with the answer, once
   * and later: not before the event that is being handled is done. The connection may have ended by
   * then.
   */
  authenticate(asked: {
    readonly connection: ConnectionId;
    /** Within `TOKEN_BYTES_MAX`; undefined when HELLO had none. */
    readonly token: string | undefined;
    readonly remoteAddress: string;
  }): void;
  /** The identity that a router id is kept for, whoever comes first; undefined: none. */
  keeperOf(routerId: string): string | undefined;
  /** The wall clock now, seconds since 1970: what expiries are told by. It may step. */
  wallSeconds(): number;
}
