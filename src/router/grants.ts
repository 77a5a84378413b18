import { BUNDLE_AHEAD_MAX_MS, GRANT_CHECK_MS, REVOKED_IDENTITIES_MAX } from "../limits.ts";
import type { Appointment } from "./agenda.ts";
import { AttemptLimiter } from "./attempt_limiter.ts";
import type { Authenticator, TokenAnswer } from "./authenticator.ts";
import type { Connection } from "./connection.ts";
import { CLOSE_CODE, ERROR_CODE, type Refusal } from "./error_code.ts";
import type { ConnectionId } from "./port.ts";
import { SessionGrant } from "./session_grant.ts";

/** What {@linkcode Grants} needs of its router. */
export interface GrantSurroundings {
  readonly nowMicros: number;
  readonly agenda: { cancel(appointment: Appointment | undefined): void };
  after(delayMs: number, action: () => void, connection?: Connection): Appointment;
}

/** Told once: the grant, or why there is none. */
export type Granted = (answer: SessionGrant | Refusal) => void;

interface Asked {
  readonly connection: Connection;
  readonly token: string | undefined;
  readonly isPeer: boolean;
  readonly askedMicros: number;
  readonly granted: Granted;
}

interface Watched {
  readonly connection: Connection;
  readonly grant: SessionGrant;
  check: Appointment | undefined;
}

/**
 * What connections were granted: asks for it at HELLO, and ends a connection when its grant expires or
 * is revoked. Only a router in authenticated mode has this.
 */
export class Grants {
  /** Failed ones, by remote address; whoever else looks at tokens counts them here too. */
  readonly attempts: AttemptLimiter = new AttemptLimiter();
  readonly #around: GrantSurroundings;
  readonly #authenticator: Authenticator;
  readonly #asked = new Map<ConnectionId, Asked>();
  readonly #watched = new Map<ConnectionId, Watched>();
  /** When identities were revoked, by monotonic time, the last one last. */
  readonly #revoked = new Map<string, number>();

  constructor(around: GrantSurroundings, authenticator: Authenticator) {
    this.#around = around;
    this.#authenticator = authenticator;
  }

  /** The identity that a router id is kept for, whoever comes first; undefined: none. */
  keeperOf(routerId: string): string | undefined {
    return this.#authenticator.keeperOf(routerId);
  }

  /** Connections whose token is being looked at. */
  get asking(): number {
    return this.#asked.size;
  }

  /** Identities that are remembered as revoked. */
  get revokedKnown(): number {
    return this.#revoked.size;
  }

  /** Has a token looked at. `granted` is called later, unless the connection ends before. */
  ask(
    connection: Connection,
    { token, isPeer }: { readonly token: string | undefined; readonly isPeer: boolean },
    granted: Granted,
  ): void {
    const { id, remoteAddress } = connection;
    const askedMicros = this.#around.nowMicros;
    const verdict = this.attempts.ask(hostOf(connection), askedMicros);
    if (verdict.kind === "refused") return granted(tooManyAttempts(verdict.retryMs));
    this.#asked.set(id, { connection, token, isPeer, askedMicros, granted });
    const look = (): void => {
      if (this.#asked.has(id)) {
        this.#authenticator.authenticate({ connection: id, token, remoteAddress });
      }
    };
    if (verdict.kind === "now") look();
    else this.#around.after(verdict.delayMs, look, connection);
  }

  /** What became of a token. One whose connection has ended is nobody's. */
  answered(id: ConnectionId, answer: TokenAnswer): void {
    const asked = this.#asked.get(id);
    if (asked === undefined) return;
    this.#asked.delete(id);
    if (answer.kind === "refused") return asked.granted(answer.refusal);
    this.attempts.succeeded(hostOf(asked.connection), this.#around.nowMicros);
    const { connection, isPeer, askedMicros: shownMicros, granted } = asked;
    const over = (grant: SessionGrant): Refusal | undefined => this.#overProblem(grant);
    const grant = new SessionGrant(answer.grant, { shownMicros, isPeer, over });
    // While it was looked at, something was revoked: what is so now is known to who is asked.
    if (this.#isRevoked(grant)) return this.ask(connection, asked, granted);
    const problem = this.#overProblem(grant);
    if (problem !== undefined) return granted(problem);
    const watched: Watched = { connection, grant, check: undefined };
    this.#watched.set(id, watched);
    connection.grant = grant;
    this.#planCheck(watched);
    granted(grant);
  }

  /** A credential is worth nothing any more: whoever came in by it is sent away. */
  revoked(identity: string): void {
    const { nowMicros } = this.#around;
    this.#forgetOld(nowMicros);
    this.#revoked.delete(identity);
    this.#revoked.set(identity, nowMicros);
    for (const { connection, grant } of [...this.#watched.values()]) {
      if (grant.identity === identity) end(connection, REVOKED);
    }
  }

  /** A connection is gone. */
  left(id: ConnectionId): void {
    this.#asked.delete(id);
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    this.#watched.delete(id);
    this.#around.agenda.cancel(watched.check);
    watched.grant.connectionEnded();
  }

  /** Why a grant counts no more, or undefined. */
  #overProblem(grant: SessionGrant): Refusal | undefined {
    if (this.#isRevoked(grant)) return REVOKED;
    const { expiresAtSeconds } = grant;
    if (expiresAtSeconds === undefined) return undefined;
    return this.#authenticator.wallSeconds() < expiresAtSeconds ? undefined : EXPIRED;
  }

  #isRevoked({ identity, shownMicros }: SessionGrant): boolean {
    return (this.#revoked.get(identity) ?? -Infinity) >= shownMicros;
  }

  /** The wall clock may step: it is looked at now and then, and at the time of the expiry. */
  #planCheck(watched: Watched): void {
    const { connection, grant: { expiresAtSeconds } } = watched;
    if (expiresAtSeconds === undefined) return;
    const leftMs = Math.ceil((expiresAtSeconds - this.#authenticator.wallSeconds()) * 1_000);
    const delayMs = Math.min(Math.max(leftMs, 1), GRANT_CHECK_MS);
    watched.check = this.#around.after(delayMs, () => {
      const problem = this.#overProblem(watched.grant);
      if (problem === undefined) this.#planCheck(watched);
      else end(connection, problem);
    }, connection);
  }

  /** What is older than any bundle that waits concerns nobody, nor does what is too much to keep. */
  #forgetOld(nowMicros: number): void {
    for (const [identity, revokedMicros] of this.#revoked) {
      const isOld = nowMicros - revokedMicros > BUNDLE_AHEAD_MAX_MS * 1_000;
      if (!isOld && this.#revoked.size < REVOKED_IDENTITIES_MAX) return;
      this.#revoked.delete(identity);
    }
  }
}

const EXPIRED: Refusal = {
  code: ERROR_CODE.tokenExpired,
  message: "The token of this session has expired; connect again with a new one",
};
const REVOKED: Refusal = {
  code: ERROR_CODE.forbidden,
  message: "The token of this session was revoked; connect again with another one",
};

function end(connection: Connection, refusal: Refusal): void {
  connection.closeWith(refusal, CLOSE_CODE.policy);
}

/** The remote address without its port. */
function hostOf({ remoteAddress }: Connection): string {
  return remoteAddress.replace(/:\d*$/, "");
}

function tooManyAttempts(retryMs: number): Refusal {
  return {
    code: ERROR_CODE.tooMany,
    message: "Too many tokens from this address were refused; try again in " +
      `${Math.ceil(retryMs / 1_000)} s with one that is valid`,
  };
}
