import type { EncodedValue } from "../wire/message.ts";

/**
 * State of a link, named as in the public CLASP federation API.
 *
 * `Active` is proven, on each side by itself: every sync it asked for is complete and a round trip
 * was answered.
 */
export type PeerState =
  | "Connecting"
  | "Handshaking"
  | "Syncing"
  | "Active"
  | "Disconnected"
  | "Failed";

/**
 * Why an event is lost: its life ended before it arrived; it was sent once and nobody will know
 * whether it arrived; there was no room for it.
 */
export type EventLoss = "expired" | "unknown" | "dropped";

/** What happens on links, for those who watch. */
export type LinkEvent =
  /** The peer declared what it, and those behind it, own. */
  | {
    readonly type: "peerNamespaces";
    readonly routerId: string;
    readonly patterns: readonly string[];
  }
  /** A SET came by the link. */
  | {
    readonly type: "remoteSet";
    readonly address: string;
    readonly value: EncodedValue;
    readonly revision: number;
    readonly origin: string;
  }
  /** A PUBLISH came by the link. */
  | { readonly type: "remotePublish"; readonly address: string; readonly origin: string }
  /**
   * An event that a peer wanted did not get there, or came from it too late. The counterpart of
   * `remotePublish`: an event that is told by neither is on its way.
   */
  | {
    readonly type: "eventLost";
    /** The peer; empty when that is the hub and it was never here. */
    readonly routerId: string;
    readonly address: string;
    /** Router of the publishing client. */
    readonly origin: string;
    /** Number of the publication at its origin. */
    readonly sequence: number;
    readonly why: EventLoss;
  }
  /** A sync that was asked of the peer is complete. */
  | { readonly type: "syncComplete"; readonly routerId: string; readonly pattern: string }
  /** The link is Active. */
  | { readonly type: "connected"; readonly routerId: string }
  | { readonly type: "disconnected"; readonly routerId: string; readonly reason?: string }
  /** Any change of state, with what a person should know about it. */
  | {
    readonly type: "stateChanged";
    /** Empty while the router at the other end is not known yet. */
    readonly routerId: string;
    readonly state: PeerState;
    readonly reason?: string;
    /** Of the way to the hub: when it is dialled again, milliseconds from now. */
    readonly nextAttemptMs?: number;
  }
  /** A leaf's time was taken: federation time here stepped, and with it that of all routers below. */
  | {
    readonly type: "timeMoved";
    /** The leaf. */
    readonly routerId: string;
    /** Federation time from now on, microseconds since 1970. */
    readonly timeMicros: number;
    /** By how much it moved, microseconds; negative when it went back. */
    readonly byMicros: number;
  }
  /** The peer refused something on this link, or this router refused something of the peer. */
  | {
    readonly type: "refused";
    readonly routerId: string;
    readonly code: number;
    readonly message: string;
  };
