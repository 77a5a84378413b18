import type { TurnMessages } from "./turn_messages.ts";

/** Names one connection for as long as the process runs; never used twice. */
export type ConnectionId = number;

/**
 * All that the core asks of the world outside. The core calls it while it handles an event; it must
 * not call back into the core before that event is done.
 */
export interface RouterPort {
  /** Hands over one whole message. The bytes are the core's again when it returns. */
  send(connection: ConnectionId, bytes: Uint8Array): void;
  /** For what many connections are sent in one turn; without it each is sent each message at once. */
  readonly turnMessages?: TurnMessages | undefined;
  /** Bytes handed over that have not left yet. */
  bufferedBytes(connection: ConnectionId): number;
  /** Closes for good: nothing is reported of this connection any more. */
  close(connection: ConnectionId, code: number, reason: string): void;
  /**
   * Starts to connect. Later exactly one of `RouterCore.opened` and `RouterCore.dialFailed` is
   * called with the id it returns, unless the core closes it before.
   */
  dial(url: string): ConnectionId;
  /** At least 0, below 1. */
  random(): number;
  /** An id nobody else has, for a session. */
  newId(): string;
  /** Tells the operator of a bug that ended one connection, or one action of the router, only. */
  failed(error: unknown): void;
}
