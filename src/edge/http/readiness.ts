import type { RouterHost } from "../router_host.ts";

/** What {@linkcode readinessProblem} is about. */
export interface ReadinessQuestion {
  readonly host: RouterHost;
  readonly isStopping: boolean;
  /** A leaf counts as ready before it has met its hub. */
  readonly readyWithoutHub: boolean;
}

/**
 * Why nobody should be sent to this router yet, or any more, as one line; undefined when it is ready.
 * A leaf is ready once it had all that its hub has. It stays so when the link is lost: it goes on
 * alone, which is what it is for.
 */
export function readinessProblem(question: ReadinessQuestion): string | undefined {
  const { host, isStopping, readyWithoutHub } = question;
  if (isStopping) return "draining: the router is stopping";
  const uplink = host.federation?.uplink;
  if (uplink === undefined || uplink.wasActive || readyWithoutHub) return undefined;
  // Whoever asks needs no token: where the hub is, and what it said, is for those who have one.
  return `waiting for the first sync with the hub; the link is ${uplink.state}`;
}
