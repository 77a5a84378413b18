import type { Connection } from "../router/connection.ts";
import type { ErrorCode } from "../router/error_code.ts";
import type { LinkEnd } from "./link.ts";
import type { PeerState } from "./link_event.ts";

/** What a router knows of a link, whichever protocol is spoken on it. */
export interface LinkHandle {
  readonly connection: Connection;
  /** Router id of the peer; empty until it is known. */
  readonly routerId: string;
  readonly state: PeerState;
  readonly side: "leaf" | "hub" | undefined;
  /** Tells the peer what there is to declare by now. */
  declare(): void;
  /** Tells the peer that something of it was refused; the link goes on. */
  refuse(code: ErrorCode, message: string, address?: string): void;
  /** Ends the link from this side, with the reason told to the peer. */
  end(end: LinkEnd, code: ErrorCode): void;
}
