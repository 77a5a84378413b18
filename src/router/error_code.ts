import { ADDRESS_BYTES_MAX } from "../limits.ts";
import type { ErrorMessage } from "../wire/message.ts";

/** Codes of ERROR messages, as the public protocol assigns them (100s to 500s), and federation's. */
export const ERROR_CODE = {
  invalidFrame: 100,
  invalidMessage: 101,
  unsupportedVersion: 102,
  invalidAddress: 200,
  addressNotFound: 201,
  invalidPattern: 202,
  unauthorized: 300,
  forbidden: 301,
  tokenExpired: 302,
  /** In federation also: too many patterns or revisions. */
  revisionConflict: 400,
  lockHeld: 401,
  invalidValue: 402,
  /** Outside what the peer or client may touch. */
  refused: 403,
  notFound: 404,
  /** It was done, after its time. */
  late: 408,
  /** Two routers claim one namespace, or one router id. */
  conflict: 409,
  tooMany: 429,
  internal: 500,
  /** Not applied: the owner cannot be reached, or the router does not do this. */
  unavailable: 501,
  /** The only answer whose outcome is open: the write may have been applied. */
  outcomeUnknown: 502,
  overload: 503,
} as const;

/** An {@linkcode ERROR_CODE}. */
export type ErrorCode = (typeof ERROR_CODE)[keyof typeof ERROR_CODE];

/** Why something a client or peer asked for was not done; becomes an ERROR message. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly address?: string | undefined;
}

/** UTF-16 units of the text of an ERROR: two patterns and why they do not go together fit. */
const ERROR_TEXT_UNITS_MAX = 4_096;
const CUT = " ... ";

/**
 * The ERROR that tells a refusal. What is refused may be as long as a frame and is part of the
 * answer, which is a frame too: an address too long to be one is left out, and the middle of the text,
 * so that it still says why.
 */
export function toErrorMessage({ code, message, address }: Refusal): ErrorMessage {
  return {
    type: "ERROR",
    code,
    message: shorten(message),
    address: address !== undefined && address.length > ADDRESS_BYTES_MAX ? undefined : address,
  };
}

function shorten(text: string): string {
  if (text.length <= ERROR_TEXT_UNITS_MAX) return text;
  const half = Math.floor((ERROR_TEXT_UNITS_MAX - CUT.length) / 2);
  return `${text.slice(0, half)}${CUT}${text.slice(-half)}`.toWellFormed();
}

/** Close codes of a connection: RFC 6455, section 7.4, and its registry. */
export const CLOSE_CODE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  policy: 1008,
  tooBig: 1009,
  internal: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
} as const;
