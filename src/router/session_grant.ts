import type { Action } from "../auth/scope.ts";
import type { Scopes } from "../auth/scopes.ts";
import type { Pattern } from "../address/pattern.ts";
import type { Grant } from "./authenticator.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";

/**
 * What the client or peer on one connection may do. It outlives the connection where something of it
 * still waits, such as a scheduled bundle.
 */
export class SessionGrant {
  readonly identity: string;
  readonly scopes: Scopes;
  readonly expiresAtSeconds: number | undefined;
  /** Monotonic time at which its token was shown. */
  readonly shownMicros: number;
  readonly #forbidden: Refusal["code"];
  readonly #over: (grant: SessionGrant) => Refusal | undefined;
  #isWatched = true;

  constructor(
    { identity, scopes, expiresAtSeconds }: Grant,
    options: {
      readonly shownMicros: number;
      /** Peers are refused with 403, as for all that is not theirs to touch. */
      readonly isPeer: boolean;
      /** Why it counts no more, or undefined. */
      readonly over: (grant: SessionGrant) => Refusal | undefined;
    },
  ) {
    this.identity = identity;
    this.scopes = scopes;
    this.expiresAtSeconds = expiresAtSeconds;
    this.shownMicros = options.shownMicros;
    this.#forbidden = options.isPeer ? ERROR_CODE.refused : ERROR_CODE.forbidden;
    this.#over = options.over;
  }

  /** Nobody ends the connection any more when the grant is over: it is to be looked at each time. */
  connectionEnded(): void {
    this.#isWatched = false;
  }

  /** Whether something may be done with a valid address. */
  allows(action: Action, address: string): boolean {
    return this.scopes.allows(action, address);
  }

  /** Why it counts no more, for what waits longer than its connection lives, or undefined. */
  get overProblem(): Refusal | undefined {
    return this.#over(this);
  }

  /** Why something may not be done with an address, or undefined. The address must be valid. */
  problem(action: Action, address: string): Refusal | undefined {
    const over = this.#isWatched ? undefined : this.#over(this);
    if (over !== undefined) return { ...over, address };
    if (this.scopes.allows(action, address)) return undefined;
    return this.#refusal(action, address);
  }

  /** Why something may not be done with all that a pattern matches, or undefined. */
  patternProblem(action: Action, pattern: Pattern): Refusal | undefined {
    if (this.scopes.coversPattern(action, pattern)) return undefined;
    return this.#refusal(action, pattern.text);
  }

  #refusal(action: Action, address: string): Refusal {
    return {
      code: this.#forbidden,
      message: `Cannot ${action} "${address}": the token of this session does not allow it; ` +
        `it needs the scope ${action}:${address}, or a wider one`,
      address,
    };
  }
}
