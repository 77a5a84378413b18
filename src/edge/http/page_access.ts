import { parsePattern } from "../../address/pattern.ts";
import {
  PAGES_PER_ADDRESS_BURST,
  PAGES_PER_ADDRESS_PER_SECOND,
  TOKEN_BYTES_MAX,
} from "../../limits.ts";
import { AddressRate } from "../../router/address_rate.ts";
import type { AttemptLimiter } from "../../router/attempt_limiter.ts";
import type { TokenAnswer } from "../../router/authenticator.ts";
import { ERROR_CODE } from "../../router/error_code.ts";
import type { TokenAuthorities } from "../auth/token_authorities.ts";

/** Why a request gets nothing. */
export interface AccessRefusal {
  readonly status: 401 | 403 | 429 | 503;
  /** For whoever asked; says what to do. */
  readonly message: string;
  /** Seconds after which to ask again. */
  readonly retrySeconds?: number;
}

/** Who decides on tokens, and who counts those that were refused: those of HELLO too. */
export interface PageAuthority {
  readonly authorities: TokenAuthorities;
  readonly attempts: AttemptLimiter;
}

/** What is shown is about the whole router. */
const EVERYTHING = parsePattern("/**");

/**
 * Who may see what a router tells of itself: in open mode everybody, in authenticated mode whoever
 * shows a token with the scope `admin:/**` in the header Authorization. Nobody too often.
 */
export class PageAccess {
  readonly #authority: PageAuthority | undefined;
  readonly #rate = new AddressRate({
    perSecond: PAGES_PER_ADDRESS_PER_SECOND,
    burst: PAGES_PER_ADDRESS_BURST,
  });

  /** Without an authority the router is in open mode. */
  constructor(authority: PageAuthority | undefined) {
    this.#authority = authority;
  }

  /** Why a remote host may ask for no page now, or undefined; it has asked for one then. */
  rateProblem(host: string): AccessRefusal | undefined {
    if (this.#rate.takes(host, nowMicros())) return undefined;
    return {
      status: 429,
      retrySeconds: 1,
      message: `Too many requests from ${host}: ${PAGES_PER_ADDRESS_PER_SECOND} a second are ` +
        "allowed when it goes on; ask less often",
    };
  }

  /** Why these headers do not let see what a router tells of itself, or undefined. */
  async tokenProblem(headers: Headers, host: string): Promise<AccessRefusal | undefined> {
    if (this.#authority === undefined) return undefined;
    const token = bearerOf(headers);
    if (token === undefined) return NO_TOKEN;
    return await this.#look(this.#authority, token, host);
  }

  async #look(
    { authorities, attempts }: PageAuthority,
    token: string,
    host: string,
  ): Promise<AccessRefusal | undefined> {
    const verdict = attempts.ask(host, nowMicros());
    if (verdict.kind === "refused") return tooManyAttempts(verdict.retryMs);
    if (verdict.kind === "later") await pause(verdict.delayMs);
    const answer = await authorities.authenticate(token);
    if (answer.kind === "granted") attempts.succeeded(host, nowMicros());
    return problemOf(answer);
  }
}

const NO_TOKEN: AccessRefusal = {
  status: 401,
  message: "This router is in authenticated mode: show a token with the scope admin:/** " +
    "in the header Authorization: Bearer TOKEN",
};

function problemOf(answer: TokenAnswer): AccessRefusal | undefined {
  if (answer.kind === "refused") {
    const { code, message } = answer.refusal;
    return { status: code === ERROR_CODE.internal ? 503 : 401, message };
  }
  const { scopes, expiresAtSeconds = Infinity } = answer.grant;
  if (Date.now() / 1_000 >= expiresAtSeconds) {
    return { status: 401, message: "The token has expired; show a new one" };
  }
  if (scopes.coversPattern("admin", EVERYTHING)) return undefined;
  return {
    status: 403,
    message: "The token does not allow this; it needs the scope admin:/**",
  };
}

/** Undefined when there is none; it may be anything else. */
function bearerOf(headers: Headers): string | undefined {
  const header = headers.get("authorization") ?? "";
  if (header.length > TOKEN_BYTES_MAX + 16) return undefined;
  return /^bearer +(\S+)$/i.exec(header.trim())?.[1];
}

function tooManyAttempts(retryMs: number): AccessRefusal {
  const retrySeconds = Math.ceil(retryMs / 1_000);
  return {
    status: 429,
    retrySeconds,
    message: "Too many tokens from this address were refused; try again in " +
      `${retrySeconds} s with one that is valid`,
  };
}

function nowMicros(): number {
  return performance.now() * 1_000;
}

async function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
}
