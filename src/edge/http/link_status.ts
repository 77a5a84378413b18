import type { FederationCore } from "../../federation/federation_core.ts";
import type { LinkFacts } from "../../federation/link_facts.ts";
import type { LinkHandle } from "../../federation/link_handle.ts";
import type { LinkErrors } from "./link_errors.ts";
import type { LinkRates, LinkStatus } from "./router_status.ts";

/** What {@linkcode linkStatuses} looks at. */
export interface LinkSources {
  readonly federation: FederationCore;
  readonly errors: LinkErrors;
  readonly rates: (peer: string) => LinkRates;
  readonly totals: (peer: string) => LinkRates;
  /** Monotonic, milliseconds. */
  readonly nowMs: number;
}

/** Every link of a router, that to its hub first. */
export function linkStatuses(sources: LinkSources): LinkStatus[] {
  const { federation } = sources;
  return (federation.report?.facts() ?? []).map((facts) =>
    statusOf(sources, facts, federation.uplink, federation)
  );
}

/** A link of a peer that has a connection. */
export function linkOf(federation: FederationCore, peer: string): LinkHandle | undefined {
  const { hubLink } = federation;
  return hubLink?.routerId === peer ? hubLink : federation.leafLink(peer);
}

/** A URL as people may see it: without what it has for a password. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.username === "" && parsed.password === "") return url;
  parsed.username = "";
  parsed.password = "";
  return parsed.href;
}

function statusOf(
  { errors, rates, totals, nowMs }: LinkSources,
  facts: LinkFacts & { readonly side: "hub" | "leaf" },
  uplink: FederationCore["uplink"],
  federation: FederationCore,
): LinkStatus {
  const { router: peer, side, clockOffsetMs = null } = facts;
  const link = side === "hub" ? uplink?.link : federation.leafLink(peer);
  const record = side === "hub" ? federation.records.hub : federation.records.get(peer);
  const error = errors.get(peer);
  const { state, degraded, claims, queued } = facts;
  const reason = plainReason(facts.reason);
  const { conflated, expired, unknown, dropped, refused } = facts;
  return {
    peer,
    role: side,
    endpoint: side === "hub" ? shownUrl(facts.hub) : link?.connection.remoteAddress ?? "",
    state,
    ...age(facts.since, federation.timeMicros()),
    downSeconds: downSeconds(record?.downSinceMicros, nowMs),
    ...{ reason, degraded, claims },
    rttMs: facts.rttMs > 0 ? facts.rttMs : null,
    clockOffsetMs,
    rates: rates(peer),
    totals: totals(peer),
    queued,
    queuedBytes: link?.connection.outbox.queuedBytes ?? 0,
    ...{ conflated, expired, unknown, dropped, refused },
    lastError: error === undefined ? null : {
      code: error.code,
      message: error.message,
      agoSeconds: Math.round((nowMs - error.atMs) / 1_000),
    },
  };
}

function downSeconds(sinceMicros: number | undefined, nowMs: number): number | null {
  if (sinceMicros === undefined) return null;
  return Math.max(0, Math.round(nowMs / 1_000 - sinceMicros / 1_000_000));
}

/** What is said of a connection whose other end is suddenly gone, in words for people. */
export function plainReason(reason: string): string {
  return reason === "the peer hung up" || /^connection reset/i.test(reason)
    ? `The connection broke without a goodbye (${reason})`
    : reason;
}

/** A moment of federation time, for people and for programs. */
export function age(
  sinceMicros: number,
  nowMicros: number,
): { readonly since: string; readonly forSeconds: number } {
  return {
    since: isoTime(sinceMicros),
    forSeconds: Math.max(0, Math.round((nowMicros - sinceMicros) / 1_000_000)),
  };
}

/** ISO 8601 of a moment of federation time. A date shows no later one. */
export function isoTime(micros: number): string {
  return new Date(Math.min(Math.max(0, micros / 1_000), 8.64e15)).toISOString();
}
