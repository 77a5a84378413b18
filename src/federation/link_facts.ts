import type { EncodedValue } from "../wire/message.ts";
import { encodeValue } from "../wire/value_codec.ts";
import type { PeerState } from "./link_event.ts";

/** What a router shows of one of its links. */
export interface LinkFacts {
  /** Id of the router at the other end; empty when it never said so. */
  readonly router: string;
  /** Id of the hub that tells this of its leaf, or the URL that a leaf dials. */
  readonly hub: string;
  readonly state: PeerState;
  /** Federation time of the last change of state, microseconds. */
  readonly since: number;
  /** Why there is no link, or was none the last time; empty when it never went down. */
  readonly reason: string;
  /** Why not all that the peer has is kept here; empty when all is. */
  readonly degraded: string;
  /** Namespaces that the peer declared. */
  readonly claims: number;
  /** Of the last answered heartbeat; 0 before the first one. */
  readonly rttMs: number;
  /** Of a leaf: this machine's wall clock less federation time. Of a hub's peer: absent. */
  readonly clockOffsetMs?: number;
  /** Events that wait for the peer. */
  readonly queued: number;
  readonly expired: number;
  readonly unknown: number;
  readonly dropped: number;
  /** Versions that were not sent: newer ones took their place while the link was behind. */
  readonly conflated: number;
  readonly refused: number;
}

/** Steps of the round trip and of the clock that are worth telling. */
const ROUND_TRIP_RATIO = 1.25;
const ROUND_TRIP_STEP_MS = 1;
const OFFSET_STEP_MS = 5;

/** Whether somebody who watches the link has to know at once. */
export function isNews(facts: LinkFacts, told: LinkFacts): boolean {
  return facts.state !== told.state || facts.reason !== told.reason ||
    facts.degraded !== told.degraded ||
    facts.claims !== told.claims || facts.hub !== told.hub || facts.router !== told.router;
}

/** Whether any number has changed by more than it does by chance. */
export function isDrift(facts: LinkFacts, told: LinkFacts): boolean {
  const high = Math.max(facts.rttMs, told.rttMs);
  const low = Math.min(facts.rttMs, told.rttMs);
  const offset = Math.abs((facts.clockOffsetMs ?? 0) - (told.clockOffsetMs ?? 0));
  return facts.queued !== told.queued || facts.expired !== told.expired ||
    facts.unknown !== told.unknown || facts.dropped !== told.dropped ||
    facts.conflated !== told.conflated || facts.refused !== told.refused ||
    offset > OFFSET_STEP_MS ||
    (high - low > ROUND_TRIP_STEP_MS && high > ROUND_TRIP_RATIO * low);
}

/**
 * The value of the param that shows a link: a map with the names of these facts, what counts as whole
 * numbers.
 */
export function valueOf(facts: LinkFacts): EncodedValue {
  const entries = Object.entries(facts).map(([name, fact]) => [
    name,
    typeof fact === "number" && name !== "rttMs" ? BigInt(Math.round(fact)) : fact,
  ]);
  return encodeValue(Object.fromEntries(entries));
}
