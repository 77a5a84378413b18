import type { Pattern } from "../address/pattern.ts";
import type { HelloMessage, SetMessage, SnapshotParam } from "../wire/message.ts";
import type { Connection, ConnectionHandler } from "./connection.ts";
import type { BundleShare, ShareAnswers } from "./bundle_share.ts";
import type { Refusal } from "./error_code.ts";
import type { OutgoingSignal, SignalAnswered } from "./p2p_signals.ts";
import type { Publication } from "./publication.ts";
import type { Version } from "../state/version.ts";

/** Who decides a write to an address. */
export type WriteRoute =
  | { readonly kind: "here" }
  /** The owner, or the way to it, is behind a link. */
  | { readonly kind: "elsewhere" }
  /**
   * The owner cannot be reached: this router decides in its place. It gives no locks; a write that
   * asks for one is answered with this refusal.
   */
  | { readonly kind: "caretaker"; readonly lockRefusal: Refusal }
  /** Nobody can decide now. */
  | { readonly kind: "unreachable"; readonly refusal: Refusal };

/** What became of a write that was sent to its owner. */
export type WriteAnswer =
  | {
    readonly kind: "accepted";
    readonly version: Version;
    /** Who has the lock of the address now: the writer, or nobody. */
    readonly holder?: string | undefined;
  }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What became of a GET that was asked of another router. */
export type GetAnswer =
  | { readonly kind: "found"; readonly param: SnapshotParam }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What is known of the owner of an address and of the way to it. */
export interface RouteFacts {
  /** Router id; empty for the root, which owns what nobody claims. */
  readonly owner: string;
  /** The claim that decides it; empty when nobody claims the address. */
  readonly pattern: string;
  /** Whether the owner is connected to the federation. */
  readonly live: boolean;
  readonly way: "here" | "hub" | "leaf";
  /** Router id of the next router on the way; empty here, and when it is not known yet. */
  readonly next: string;
  /** State of the link to it; empty here. */
  readonly state: string;
  /** Why that link is not Active. */
  readonly reason: string;
  /** Router ids from this router to the root. */
  readonly path: readonly string[];
  /** Whether this router keeps what is known of the address. */
  readonly mirrored: boolean;
  /** Router ids of the peers that are told of changes. */
  readonly peers: readonly string[];
}

/**
 * What the router asks of federation. The router knows nothing of links and claims; without a hook
 * it decides every write itself.
 */
export interface FederationHook {
  /** Federation time, microseconds. */
  timeMicros(): number;
  /** Whether federation time is known here: measured, or this is the root. */
  readonly isTimed: boolean;
  route(address: string): WriteRoute;
  /**
   * Sends a session's write towards the owner of its address, for which `route` said "elsewhere".
   * `answered` is called exactly once, perhaps before this returns.
   */
  requestWrite(
    set: SetMessage,
    session: string,
    answered: (answer: WriteAnswer) => void,
  ): void;
  /** A session takes part in P2P signalling: routers elsewhere are to find it. */
  p2pJoined(session: string): void;
  /** Sends a P2P signal to a session that is not here. `answered` is called exactly once. */
  signal(signal: OutgoingSignal, answered: SignalAnswered): void;
  /** Who decides what is not decided here, by router id or in words: what one owner decides is a share. */
  ownerOf(address: string): string;
  /** Why a share of a session's bundle cannot be sent to its owner, or undefined. */
  shareProblem(share: BundleShare): Refusal | undefined;
  /**
   * Sends a share of a session's bundle towards its owner, for which `shareProblem` found nothing.
   * Returns what takes it back, if it has not run.
   */
  requestShare(share: BundleShare, answers: ShareAnswers): () => void;
  /** A grant was revoked: what was sent on by it, and waits for its time elsewhere, is taken back. */
  grantRevoked(): void;
  /** A session is gone, and with it what it locked elsewhere. */
  sessionEnded(session: string): void;
  /** What is known of the owner of an address and of the way to it. */
  explain(address: string): RouteFacts;
  /** Whether this router keeps what is known of an address. */
  mirrors(address: string): boolean;
  /** Asks for a param that is not mirrored here. `answered` is called once, perhaps at once. */
  requestGet(address: string, answered: (answer: GetAnswer) => void): void;
  /** Why a pattern cannot be subscribed here, or undefined. */
  interestProblem(pattern: Pattern): Refusal | undefined;
  /** Does something when what a pattern matches is known here, now or later; at most once. */
  whenKnown(pattern: Pattern, act: () => void): void;
  /** A client here would have received this, had it not been published before the router started. */
  missed(publication: Publication): void;
  /** Takes over a connection whose HELLO is that of a peer; undefined when it was refused and closed. */
  acceptPeer(connection: Connection, hello: HelloMessage): ConnectionHandler | undefined;
  /** The router is about to close all connections: nothing is dialled any more. */
  stop(): void;
}
