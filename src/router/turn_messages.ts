import type { ConnectionId } from "./port.ts";

/**
 * Messages of one event-loop turn that many connections may be sent: each is made once, and a
 * connection is handed what it gets of them when the turn ends, consecutive ones in one go.
 */
export interface TurnMessages {
  /** Messages so far; the next one has this as its index. */
  readonly count: number;
  /** Bytes of them, about. */
  readonly byteLength: number;
  /** Copies a message; returns its index. */
  add(message: Uint8Array): number;
  /** A message, valid until the next `add`. */
  at(index: number): Uint8Array;
  /**
   * Hands over the messages from one index up to, not including, another. Returns how many bytes they
   * have.
   */
  send(connection: ConnectionId, from: number, to: number): number;
  /** Forgets all; indexes begin anew. */
  clear(): void;
}
