import { NAME_BYTES_MAX } from "../limits.ts";

const ENCODER = new TextEncoder();
const SEPARATOR = "/";

/**
 * The holder of a lock that a session has through its own router, as the owner knows it. A session
 * has no slash in it, so no two of different routers are one.
 */
export function leaseHolder(origin: string, session: string): string {
  return `${origin}${SEPARATOR}${session}`;
}

/** Why a text cannot be the session of a lease, or undefined. */
export function leaseSessionProblem(session: string): string | undefined {
  const bytes = session.length > NAME_BYTES_MAX ? session.length : ENCODER.encode(session).length;
  if (bytes < 1 || bytes > NAME_BYTES_MAX) {
    return `the session of a lock has 1 to ${NAME_BYTES_MAX} bytes, not ${bytes}`;
  }
  return session.includes(SEPARATOR) ? "the session of a lock has no slash" : undefined;
}
