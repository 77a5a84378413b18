import type { Scopes } from "./scopes.ts";

/** A token as a token file keeps it: everything but the token. */
export interface TokenRecord {
  /** SHA-256 of the token's text, in lower-case hexadecimal. */
  readonly sha256: string;
  /** Whom it was made for. Tokens of one subject stand for the same holder. */
  readonly subject: string | undefined;
  readonly scopes: Scopes;
  readonly createdAtSeconds: number;
  /** Seconds since 1970; from then on it allows nothing. Undefined: never. */
  readonly expiresAtSeconds: number | undefined;
}

const ID_DIGITS = 12;

/** What people call a token by: the first digits of its hash, which give nothing away. */
export function tokenIdOf({ sha256 }: Pick<TokenRecord, "sha256">): string {
  return sha256.slice(0, ID_DIGITS);
}
