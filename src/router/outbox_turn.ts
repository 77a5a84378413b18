import type { Outbox } from "./outbox.ts";
import type { ConnectionId } from "./port.ts";
import type { Publication } from "./publication.ts";

/** What many connections are sent in one turn; see `TurnMessages`. */
export interface OutboxTurn {
  /** Returns the index of a message. May end the turn before: then it is the first of the next. */
  add(message: Uint8Array): number;
  /**
   * The same for a publication, of which a copy is added when it is asked for first; undefined when it
   * is to be sent at once.
   */
  indexOf(publication: Publication): number | undefined;
  /** `endTurn` of this outbox is to be called when the turn ends. */
  begun(outbox: Outbox): void;
  /** Hands over the messages from one index up to another; returns how many bytes they have. */
  send(connection: ConnectionId, from: number, to: number): number;
}
