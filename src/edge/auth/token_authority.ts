import type { TokenAnswer } from "../../router/authenticator.ts";

/**
 * Decides on the tokens of one kind.
 *
 * An identity that it grants names the credential that the token is of: the same when the token is
 * renewed, and no other authority's, so it starts with `prefix`.
 */
export interface TokenAuthority {
  /** What the text of its tokens starts with, as "cap_". */
  readonly prefix: string;
  /** Decides on a token, which starts with `prefix`. What it throws is a bug. */
  authenticate(token: string): TokenAnswer | Promise<TokenAnswer>;
  /**
   * The identity that a router id is kept for, because a credential has that name; undefined: none.
   * Nobody else has it, whoever came first.
   */
  keeperOf?(routerId: string): string | undefined;
  /** Is to be called once, with whom to tell of each identity that is worth nothing any more. */
  onRevoked?(told: (identity: string) => void): void;
}
