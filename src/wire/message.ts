/**
 * The 19 CLASP messages as data, and the extensions that clasp-fed routers speak among themselves.
 *
 * Facts about the public protocol are those of CLASP 4.5; the extensions are laid out in
 * `src/federation/README.md`.
 *
 * @module
 */

/**
 * A value as it travels: its type code, then its data (big-endian). Never decoded on the way
 * through a router, so that 1 does not become 1.0.
 */
export type EncodedValue = Uint8Array;

/** First byte of a message's payload. */
export const MESSAGE_CODE = {
  HELLO: 0x01,
  WELCOME: 0x02,
  ANNOUNCE: 0x03,
  FEDERATION_SYNC: 0x04,
  SUBSCRIBE: 0x10,
  UNSUBSCRIBE: 0x11,
  PUBLISH: 0x20,
  SET: 0x21,
  GET: 0x22,
  SNAPSHOT: 0x23,
  REPLAY: 0x24,
  BUNDLE: 0x30,
  SYNC: 0x40,
  PING: 0x41,
  PONG: 0x42,
  ACK: 0x50,
  ERROR: 0x51,
  QUERY: 0x60,
  RESULT: 0x61,
} as const;

/** Name of a message. */
export type MessageType = keyof typeof MESSAGE_CODE;

/** Type code of a value. */
export const VALUE_CODE = {
  null: 0x00,
  bool: 0x01,
  i8: 0x02,
  i16: 0x03,
  i32: 0x04,
  i64: 0x05,
  f32: 0x06,
  f64: 0x07,
  string: 0x08,
  bytes: 0x09,
  array: 0x0a,
  map: 0x0b,
} as const;

/** Delivery the sender asks for; bits 7-6 of a frame's flags. */
export const QOS = { fire: 0, confirm: 1, commit: 2 } as const;
/** A QoS code. 3 is not assigned and is read as commit. */
export type Qos = 0 | 1 | 2;

/** Feature bits of HELLO and WELCOME. `envelope` is clasp-fed's own. */
export const FEATURE = {
  param: 0x80,
  event: 0x40,
  stream: 0x20,
  gesture: 0x10,
  timeline: 0x08,
  federation: 0x04,
  envelope: 0x02,
} as const;
/** Name of a feature. */
export type FeatureName =
  | "param"
  | "event"
  | "stream"
  | "gesture"
  | "timeline"
  | "federation"
  | "envelope";

/** Kinds of signal; bits 7-5 of a PUBLISH's flags and the type byte of a definition. */
export const SIGNAL = { param: 0, event: 1, stream: 2, gesture: 3, timeline: 4 } as const;
/** Name of a kind of signal. */
export type SignalName = "param" | "event" | "stream" | "gesture" | "timeline";
/** Code of a kind of signal. */
export type SignalCode = 0 | 1 | 2 | 3 | 4;

/** Phases of a gesture. */
export const PHASE = { start: 0, move: 1, end: 2, cancel: 3 } as const;
/** Name of a gesture's phase. */
export type PhaseName = "start" | "move" | "end" | "cancel";
/** Code of a gesture's phase. */
export type PhaseCode = 0 | 1 | 2 | 3;

/** Type mask of a subscription that wants every kind of signal. */
export const ALL_SIGNALS: number = 0xff;

/** A router's own facts, appended to HELLO and WELCOME by routers that set `FEATURE.envelope`. */
export interface RouterTrailer {
  readonly routerId: string;
  /** Random, new at each process start. Up to 2^53 - 1. */
  readonly bootId: number;
  /** Federation time, microseconds; the newest stored timestamp when not timed. */
  readonly timeMicros: number;
  readonly timed: boolean;
}

export interface HelloMessage {
  readonly type: "HELLO";
  readonly version: number;
  /** Bits of `FEATURE`. */
  readonly features: number;
  readonly name: string;
  readonly token?: string | undefined;
  /** Only with `FEATURE.envelope`. */
  readonly router?: RouterTrailer | undefined;
}

export interface WelcomeMessage {
  readonly type: "WELCOME";
  readonly version: number;
  readonly features: number;
  readonly timeMicros: number;
  readonly session: string;
  readonly name: string;
  readonly token?: string | undefined;
  /** Only with `FEATURE.envelope`. */
  readonly router?: RouterTrailer | undefined;
}

/** What a client tells about a signal that it offers. */
export interface SignalDefinition {
  readonly address: string;
  readonly signal: SignalCode;
  readonly datatype?: string | undefined;
  readonly access?: string | undefined;
  /** Travels in ANNOUNCE only: RESULT has no room for it. */
  readonly meta?: SignalMeta | undefined;
}

export interface SignalMeta {
  readonly unit?: string | undefined;
  readonly range?: readonly [number, number] | undefined;
  readonly default?: EncodedValue | undefined;
  readonly description?: string | undefined;
}

export interface AnnounceMessage {
  readonly type: "ANNOUNCE";
  readonly namespace: string;
  readonly signals: readonly SignalDefinition[];
}

export interface SubscribeOptions {
  /** Updates a second. */
  readonly maxRate?: number | undefined;
  /** Smallest change of a number that is worth an update. */
  readonly epsilon?: number | undefined;
  readonly history?: number | undefined;
  /** Milliseconds. */
  readonly window?: number | undefined;
}

export interface SubscribeMessage {
  readonly type: "SUBSCRIBE";
  readonly id: number;
  readonly pattern: string;
  /** Bit `1 << SIGNAL[x]` for each kind wanted; `ALL_SIGNALS` for all (0 is read as all). */
  readonly types: number;
  readonly options?: SubscribeOptions | undefined;
}

export interface UnsubscribeMessage {
  readonly type: "UNSUBSCRIBE";
  readonly id: number;
}

export interface PublishMessage {
  readonly type: "PUBLISH";
  readonly address: string;
  readonly signal: SignalCode;
  /** Meaningful for gestures only; 0 otherwise. */
  readonly phase: PhaseCode;
  readonly value?: EncodedValue | undefined;
  readonly samples?: readonly number[] | undefined;
  readonly timestampMicros?: number | undefined;
  /** Of the gesture. */
  readonly id?: number | undefined;
  readonly rate?: number | undefined;
}

/** Time to live of a param. */
export type Ttl =
  | { readonly kind: "never" }
  | { readonly kind: "sliding" | "absolute"; readonly seconds: number };

export interface SetMessage {
  readonly type: "SET";
  readonly address: string;
  readonly value: EncodedValue;
  /** From a client: the revision it expects; from a router: the revision of this value. */
  readonly revision?: number | undefined;
  readonly lock?: boolean | undefined;
  readonly unlock?: boolean | undefined;
  /**
   * The raw u32 of the wire, absent for the router's default: 0 never, bit 31 absolute (else
   * sliding), the rest seconds. See `encodeTtl` and `decodeTtl`.
   */
  readonly ttl?: number | undefined;
}

export interface GetMessage {
  readonly type: "GET";
  readonly address: string;
}

export interface SnapshotParam {
  readonly address: string;
  readonly value: EncodedValue;
  readonly revision: number;
  readonly writer?: string | undefined;
  readonly timestampMicros?: number | undefined;
}

export interface SnapshotMessage {
  readonly type: "SNAPSHOT";
  readonly params: readonly SnapshotParam[];
}

export interface ReplayMessage {
  readonly type: "REPLAY";
  readonly pattern: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly limit?: number | undefined;
  readonly types: number;
}

export interface BundleMessage {
  readonly type: "BUNDLE";
  readonly timestampMicros?: number | undefined;
  readonly messages: readonly Message[];
}

export interface SyncMessage {
  readonly type: "SYNC";
  readonly t1: number;
  readonly t2?: number | undefined;
  readonly t3?: number | undefined;
}

export interface PingMessage {
  readonly type: "PING";
}

export interface PongMessage {
  readonly type: "PONG";
}

export interface AckMessage {
  readonly type: "ACK";
  readonly address?: string | undefined;
  readonly revision?: number | undefined;
  readonly locked?: boolean | undefined;
  readonly holder?: string | undefined;
  readonly correlationId?: number | undefined;
}

export interface ErrorMessage {
  readonly type: "ERROR";
  readonly code: number;
  readonly message: string;
  readonly address?: string | undefined;
  readonly correlationId?: number | undefined;
}

export interface QueryMessage {
  readonly type: "QUERY";
  readonly pattern: string;
}

export interface ResultMessage {
  readonly type: "RESULT";
  readonly signals: readonly SignalDefinition[];
}

/** Who owns a declared pattern; one per pattern of a DeclareNamespaces. */
export interface ClaimFacts {
  readonly ownerId: string;
  /** Whether the owner is connected to the federation. */
  readonly live: boolean;
}

/** Appended to DeclareNamespaces by envelope peers. */
export interface DeclareTrailer {
  /** More of the same declaration follows in a further message. */
  readonly more: boolean;
  /** Parallel to `patterns`. */
  readonly claims: readonly ClaimFacts[];
  /** Router ids from the sender (first) to the root (last). */
  readonly path: readonly string[];
}

/** The four operations of the public protocol. */
export interface NamespaceSyncMessage {
  readonly type: "FEDERATION_SYNC";
  readonly op: "DeclareNamespaces" | "RequestSync" | "RevisionVector" | "SyncComplete";
  readonly patterns: readonly string[];
  /** Address and revision. */
  readonly revisions: readonly (readonly [string, number])[];
  readonly since?: number | undefined;
  readonly origin?: string | undefined;
  /** Only with op DeclareNamespaces, between envelope peers. */
  readonly declare?: DeclareTrailer | undefined;
}

/** What a write request needs beside its SET. */
export interface RequestEntry {
  /** Unique for (origin, boot id); the same on every hop. */
  readonly requestId: number;
  readonly remainingLifeMs: number;
  /** Version the requester knows, which the stamper must exceed; 0 and 0 when it knows none. */
  readonly knownTimestampMicros: number;
  readonly knownRevision: number;
  /**
   * Session of the client, as far as locks concern it: it asks for this lock, gives it back, or
   * holds it. Else empty.
   */
  readonly holder: string;
}

/** What an answer needs beside its SET (accepted) or ERROR (refused). */
export interface ReplyEntry {
  readonly requestId: number;
  /** Router that stamped the version; empty when refused. */
  readonly stamperId: string;
  /** The request's holder has the lock of the address now. */
  readonly locked: boolean;
}

/** What the share of a bundle needs beside its BUNDLE. */
export interface ShareEntry {
  /** Unique for (origin, boot id) among shares; the same on every hop. */
  readonly requestId: number;
  /** Until it is accepted. */
  readonly remainingLifeMs: number;
  /** Federation time at which it is to run, microseconds; 0: at once. */
  readonly runAtMicros: number;
  /** Newest timestamp that the requester knows of its addresses, which each stamp must exceed. */
  readonly knownTimestampMicros: number;
  /** Session of the client; empty: of no client that could hold a lock. */
  readonly holder: string;
}

/** What an answer about a share needs beside its ACK (accepted) or ERROR (refused, or late). */
export interface ShareReplyEntry {
  readonly requestId: number;
  /** It was accepted before: this is what became of it at its time. */
  readonly afterwards: boolean;
  /** How long after its time it ran, milliseconds; 0: in time, or it has not run. */
  readonly lateMs: number;
}

/** What an event needs beside its PUBLISH. */
export interface EventEntry {
  /** Unique for (origin, boot id), growing. */
  readonly sequence: number;
  readonly remainingLifeMs: number;
  /** Since it was published, at most. */
  readonly ageMs: number;
}

/**
 * A context: says what the `count` ordinary frames after it in the same WebSocket message are.
 *
 * - `update`, `offer`: SET frames with revision, TTL and the frame's own timestamp; `origin` is the
 *   router that stamped them. With `tombstones` these versions have expired: their value is null and
 *   stands for none.
 * - `request`: SET frames as the client wrote them; `origin` and `bootId` name the router of the
 *   client.
 * - `event`: PUBLISH frames; `origin` and `bootId` name the router of the publishing client.
 * - `reply`: a SET (the stamped version) or an ERROR for each request; `origin` and `bootId` are
 *   those of the request.
 * - `share`: BUNDLE frames, each what one owner decides of a client's bundle; `origin` and `bootId`
 *   name the router of the client.
 * - `shareReply`: an ACK or an ERROR for each share; `origin` and `bootId` are those of the share.
 */
export type ForwardMessage =
  & { readonly type: "FEDERATION_SYNC"; readonly op: "Forward"; readonly origin: string }
  & (
    | {
      readonly kind: "update" | "offer";
      readonly count: number;
      readonly tombstones?: true;
    }
    | {
      readonly kind: "request";
      readonly count: number;
      readonly bootId: number;
      readonly entries: readonly RequestEntry[];
    }
    | {
      readonly kind: "event";
      readonly count: number;
      readonly bootId: number;
      readonly entries: readonly EventEntry[];
    }
    | {
      readonly kind: "reply";
      readonly count: number;
      readonly bootId: number;
      readonly entries: readonly ReplyEntry[];
    }
    | {
      readonly kind: "share";
      readonly count: number;
      readonly bootId: number;
      readonly entries: readonly ShareEntry[];
    }
    | {
      readonly kind: "shareReply";
      readonly count: number;
      readonly bootId: number;
      readonly entries: readonly ShareReplyEntry[];
    }
  );

/** Sum over a part of a store; see `DigestTree`. */
export interface DigestSum {
  readonly count: number;
  readonly high: number;
  readonly low: number;
}

/** The sixteen parts of a part of a store. */
export interface DigestGroup {
  readonly depth: number;
  readonly index: number;
  readonly children: readonly DigestSum[];
}

/** A version without its value. */
export interface VersionSummary {
  readonly address: string;
  readonly revision: number;
  readonly timestampMicros: number;
  readonly origin: string;
  /** It has expired: its sender holds a tombstone. */
  readonly tombstone?: true;
}

/** All versions of a part of a store: what is not listed is not there. */
export interface DigestList {
  readonly depth: number;
  readonly index: number;
  readonly versions: readonly VersionSummary[];
}

/** One step of a comparison of two stores. */
export interface DigestMessage {
  readonly type: "FEDERATION_SYNC";
  readonly op: "Digest";
  /** Chosen by the side that began, another one for each comparison on a link. */
  readonly exchangeId: number;
  /** More of this step follows in a further message. */
  readonly more: boolean;
  /** The sender has nothing to say or to ask. */
  readonly idle: boolean;
  readonly root?: DigestSum | undefined;
  readonly groups: readonly DigestGroup[];
  readonly lists: readonly DigestList[];
  /** Addresses whose versions are to be sent. */
  readonly wants: readonly string[];
}

/** A hub tells its leaves that its time is known now, or has stepped. */
export interface TimeMessage {
  readonly type: "FEDERATION_SYNC";
  readonly op: "Time";
  /** Federation time, microseconds. */
  readonly timeMicros: number;
}

/** A lock that a session has, or had, through another router than the owner's. */
export interface LeaseEntry {
  readonly address: string;
  /** The session. */
  readonly holder: string;
}

/**
 * About locks that sessions of a router hold elsewhere. `renew` and `release` travel to the owners
 * of the addresses, `confirmed` and `denied` answer a `renew`.
 */
export interface LeaseMessage {
  readonly type: "FEDERATION_SYNC";
  readonly op: "Lease";
  readonly kind: "renew" | "release" | "confirmed" | "denied";
  /** Router of the sessions, and its boot id; of an answer too. */
  readonly origin: string;
  readonly bootId: number;
  /** By the clock of the sessions' router, any start; an answer says what it answers. */
  readonly sentMicros: number;
  /** Routers passed. */
  readonly hops: number;
  readonly entries: readonly LeaseEntry[];
}

/** A share of a bundle that waits for its time is not to run. */
export interface ShareCancelMessage {
  readonly type: "FEDERATION_SYNC";
  readonly op: "ShareCancel";
  /** Those of the share. */
  readonly origin: string;
  readonly bootId: number;
  readonly requestId: number;
}

/** How far the receiver of a link's events has come. */
export interface LinkAckMessage {
  readonly type: "FEDERATION_SYNC";
  readonly op: "LinkAck";
  /** Event entries of this connection that were handled, of all signals, from its start. */
  readonly events: number;
}

/** What the clients of the sender, and of the routers behind it, have to offer. */
export interface SignalsMessage {
  readonly type: "FEDERATION_SYNC";
  readonly op: "Signals";
  /** Definitions, each in place of the one before at its address. Without `meta`. */
  readonly offered: readonly SignalDefinition[];
  /** Addresses whose definition is gone. */
  readonly withdrawn: readonly string[];
  /** Sessions that P2P signals reach by the sender from now on. */
  readonly joined: readonly string[];
  /** Sessions that they reach no more. */
  readonly left: readonly string[];
}

/** What became of a P2P signal that was sent on this link. */
export interface SignalAnswerMessage {
  readonly type: "FEDERATION_SYNC";
  readonly op: "SignalAnswer";
  /** Those of the signal's context and entry. */
  readonly origin: string;
  readonly bootId: number;
  readonly sequence: number;
  /** 0: it was delivered; else the code of the ERROR for its sender. */
  readonly code: number;
}

export type FederationSyncMessage =
  | NamespaceSyncMessage
  | ForwardMessage
  | DigestMessage
  | LeaseMessage
  | LinkAckMessage
  | SignalAnswerMessage
  | SignalsMessage
  | ShareCancelMessage
  | TimeMessage;

/** Any message, both directions. */
export type Message =
  | HelloMessage
  | WelcomeMessage
  | AnnounceMessage
  | FederationSyncMessage
  | SubscribeMessage
  | UnsubscribeMessage
  | PublishMessage
  | SetMessage
  | GetMessage
  | SnapshotMessage
  | ReplayMessage
  | BundleMessage
  | SyncMessage
  | PingMessage
  | PongMessage
  | AckMessage
  | ErrorMessage
  | QueryMessage
  | ResultMessage;
