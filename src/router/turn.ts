import { BATCH_BYTES_MAX } from "../limits.ts";
import type { Outbox, OutboxTurn } from "./outbox.ts";
import type { ConnectionId } from "./port.ts";
import type { TurnMessages } from "./turn_messages.ts";

/** What connections are sent in one turn: it ends with the turn, or before it when that is much. */
export class Turn implements OutboxTurn {
  readonly #messages: TurnMessages;
  readonly #failed: (connection: ConnectionId, error: unknown) => void;
  #outboxes: Outbox[] = [];

  /** @param failed Told what a connection has thrown that was handed its messages. */
  constructor(
    messages: TurnMessages,
    failed: (connection: ConnectionId, error: unknown) => void,
  ) {
    this.#messages = messages;
    this.#failed = failed;
  }

  /** Whether `end` has anything to do. */
  get isOpen(): boolean {
    return this.#outboxes.length > 0;
  }

  add(message: Uint8Array): number {
    if (this.#messages.byteLength >= BATCH_BYTES_MAX) this.end();
    return this.#messages.add(message);
  }

  begun(outbox: Outbox): void {
    this.#outboxes.push(outbox);
  }

  /** What one connection throws is no reason for the others to get nothing. */
  send(connection: ConnectionId, from: number, to: number): number {
    try {
      return this.#messages.send(connection, from, to);
    } catch (error) {
      this.#failed(connection, error);
      return 0;
    }
  }

  /** Hands over to each what it gets. */
  end(): void {
    const outboxes = this.#outboxes;
    if (outboxes.length === 0 && this.#messages.count === 0) return;
    this.#outboxes = [];
    for (const outbox of outboxes) outbox.endTurn();
    this.#messages.clear();
  }
}
