import type { PeerState } from "../../federation/link_event.ts";

/** What passed a second, each way, over the last seconds. */
export interface TrafficRates {
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What passed since the start, each way. */
export type TrafficTotals = TrafficRates;

/** The rates of a link; updates are versions and events, of which one message holds many. */
export interface LinkRates extends TrafficRates {
  readonly updatesIn: number;
  readonly updatesOut: number;
}

/** A namespace as the router knows it. */
export interface ClaimStatus {
  readonly pattern: string;
  /** Router id of the owner. */
  readonly owner: string;
  /** Whether the owner can be reached. */
  readonly live: boolean;
  /** Where it is known from: this router's own configuration, its hub, or a leaf. */
  readonly way: "self" | "hub" | "leaf";
  /** Router id of the peer it is known from; this router's own when that is itself. */
  readonly via: string;
}

/** One link of the router. */
export interface LinkStatus {
  /** Router id of the peer; empty when it never said so. */
  readonly peer: string;
  /** What the peer is to this router. */
  readonly role: "hub" | "leaf";
  /** The URL that is dialled, or where the leaf's connection comes from; empty when there is none. */
  readonly endpoint: string;
  readonly state: PeerState;
  /** ISO 8601, federation time of the last change of state. */
  readonly since: string;
  /** The same as an age. */
  readonly forSeconds: number;
  /** Since it was Active, however often it was tried meanwhile; null while it is. */
  readonly downSeconds: number | null;
  /** Why there is no link, or was none the last time; empty when it never went down. */
  readonly reason: string;
  /** Why not all that the peer has is kept here; empty when all is. */
  readonly degraded: string;
  /** Namespaces that the peer declared. */
  readonly claims: number;
  /** Of the last answered heartbeat; null before the first. */
  readonly rttMs: number | null;
  /** This machine's wall clock less federation time, of the link to a hub; null elsewhere. */
  readonly clockOffsetMs: number | null;
  readonly rates: LinkRates;
  /** Updates since the start, the rest on the connection that is open. */
  readonly totals: LinkRates;
  /** Events that wait for the peer. */
  readonly queued: number;
  /** Bytes of messages that wait for its socket. */
  readonly queuedBytes: number;
  readonly conflated: number;
  readonly expired: number;
  readonly unknown: number;
  readonly dropped: number;
  readonly refused: number;
  /** What was refused last on the link, by either end; null when nothing was. */
  readonly lastError: LinkErrorStatus | null;
}

/** What was refused last on a link. */
export interface LinkErrorStatus {
  readonly code: number;
  readonly message: string;
  readonly agoSeconds: number;
}

/** What a hub anywhere in the federation shows of one of its leaves. */
export interface ShownLinkStatus {
  /** Router id of the leaf. */
  readonly router: string;
  /** Router id of the hub that shows it. */
  readonly hub: string;
  readonly state: string;
  readonly since: string;
  readonly forSeconds: number;
  readonly reason: string;
  readonly degraded: string;
  readonly claims: number;
  readonly rttMs: number | null;
  readonly queued: number;
}

/** Rates a second of the last minutes, the oldest first. */
export interface TrafficHistory {
  readonly intervalMs: number;
  readonly messagesIn: readonly number[];
  readonly messagesOut: readonly number[];
}

/** Answer of `GET /status`. Fields and units: `src/edge/http/README.md`. */
export interface RouterStatus {
  readonly version: string;
  readonly name: string;
  readonly routerId: string;
  readonly bootId: number;
  readonly mode: "router" | "hub" | "leaf";
  readonly state: "running" | "draining";
  readonly ready: boolean;
  /** Why it is not ready; empty when it is. */
  readonly notReady: string;
  readonly security: "open" | "authenticated";
  readonly uptimeSeconds: number;
  readonly time: {
    /** ISO 8601, federation time. */
    readonly now: string;
    readonly micros: number;
    /** Whether it was measured against the root's, or is the root's. */
    readonly timed: boolean;
  };
  /** Router ids from this one to the root, as far as it knows. */
  readonly path: readonly string[];
  readonly namespaces: readonly string[];
  readonly claims: readonly ClaimStatus[];
  readonly links: readonly LinkStatus[];
  readonly federation: readonly ShownLinkStatus[];
  /** What the three lists leave out. */
  readonly omitted: {
    readonly claims: number;
    readonly links: number;
    readonly federation: number;
  };
  readonly sessions: number;
  readonly connections: number;
  readonly subscriptions: number;
  readonly params: number;
  readonly paramsMax: number;
  readonly tombstones: number;
  readonly rates: TrafficRates;
  readonly totals: TrafficTotals;
  /** Since the start. */
  readonly counts: {
    readonly changes: number;
    readonly paramDeliveries: number;
    readonly publications: number;
    readonly eventDeliveries: number;
  };
  readonly queuedBytes: number;
  /** What was not sent to clients and peers that were behind. */
  readonly unsent: {
    readonly conflated: number;
    readonly dropped: number;
    readonly expired: number;
  };
  /** ERRORs sent, by code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly memory: { readonly rssBytes: number; readonly heapUsedBytes: number };
  /** The file that params are kept in; null without one. */
  readonly persistence: {
    readonly file: string;
    /** Whether all that is kept is in it. */
    readonly saved: boolean;
    /** Why the last saving failed; null when it did not. */
    readonly problem: string | null;
  } | null;
  /** Only when it was asked for, by `?history=1`. */
  readonly history?: TrafficHistory;
}
