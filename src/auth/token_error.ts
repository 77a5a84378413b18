/**
 * Why a token is refused.
 *
 * - `malformed`: its text is no token, or holds what no token may.
 * - `unproven`: it is delegated, and its links cannot be verified.
 * - `untrusted`: no trust anchor issued its root.
 * - `forged`: a signature in it does not verify.
 * - `expired`: it, or one that it was delegated from, is past its time.
 * - `deep`: more delegations lie behind it than are accepted.
 * - `misissued`: it was issued by another key than the one its parent was made for.
 * - `widened`: it claims more, or for longer, than its parent.
 * - `bound`: it was made for a key, so it can only be delegated from.
 * - `bearer`: it was made for no key, so it cannot be delegated from.
 */
export type TokenProblem =
  | "malformed"
  | "unproven"
  | "untrusted"
  | "forged"
  | "expired"
  | "deep"
  | "misissued"
  | "widened"
  | "bound"
  | "bearer";

/** Thrown for a token that cannot be used; the message says why, and what to do. */
export class TokenError extends Error {
  /** For telling errors apart by name. */
  override readonly name: string = "TokenError";
  /** Why the token is refused. */
  readonly problem: TokenProblem;

  /** `message` says what could not be done, then why. It never contains the token. */
  constructor(problem: TokenProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
