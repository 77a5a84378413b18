import type { TokenAnswer } from "../../router/authenticator.ts";
import { ERROR_CODE } from "../../router/error_code.ts";
import type { TokenAuthority } from "./token_authority.ts";

/** Several authorities as one, each for the tokens with its prefix. */
export class TokenAuthorities {
  readonly #all: readonly TokenAuthority[];

  /** @throws {RangeError} when there is none, or two are for the same tokens */
  constructor(authorities: readonly TokenAuthority[]) {
    const prefixes = authorities.map(({ prefix }) => prefix);
    if (prefixes.length === 0) {
      throw new RangeError("Cannot authenticate: there is nothing to decide on tokens by");
    }
    const twice = prefixes.find((prefix, index) => prefixes.indexOf(prefix) < index);
    if (twice !== undefined) {
      throw new RangeError(`Cannot authenticate: two authorities are for ${twice} tokens`);
    }
    this.#all = authorities;
  }

  /** Decides on what HELLO has for a token. */
  async authenticate(token: string | undefined): Promise<TokenAnswer> {
    if (token === undefined || token === "") return this.#refused("HELLO has no token");
    const authority = this.#all.find(({ prefix }) => token.startsWith(prefix));
    return authority === undefined
      ? this.#refused("the token in HELLO is of another kind")
      : await authority.authenticate(token);
  }

  /** The identity that a router id is kept for; undefined: none. */
  keeperOf(routerId: string): string | undefined {
    for (const authority of this.#all) {
      const keeper = authority.keeperOf?.(routerId);
      if (keeper !== undefined) return keeper;
    }
    return undefined;
  }

  /** Has somebody told of all identities that are worth nothing any more. */
  onRevoked(told: (identity: string) => void): void {
    for (const authority of this.#all) authority.onRevoked?.(told);
  }

  #refused(why: string): TokenAnswer {
    const kinds = this.#all.map(({ prefix }) => `${prefix}...`).join(" or ");
    return {
      kind: "refused",
      refusal: {
        code: ERROR_CODE.unauthorized,
        message: `This router wants a token (${kinds}), and ${why}`,
      },
    };
  }
}
