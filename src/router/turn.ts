import { BATCH_BYTES_MAX } from "../limits.ts";
import type { Outbox } from "./outbox.ts";
import type { OutboxTurn } from "./outbox_turn.ts";
import type { ConnectionId } from "./port.ts";
import type { Publication } from "./publication.ts";
import type { TurnMessages } from "./turn_messages.ts";

/** What a {@linkcode Turn} needs of its router. */
export interface TurnOptions {
  /** Monotonic time: all that comes in one turn comes at one time. */
  readonly nowMicros: () => number;
  /** Told what a connection has thrown that was handed its messages. */
  readonly failed: (connection: ConnectionId, error: unknown) => void;
}

/** What connections are sent in one turn: it ends with the turn, or before it when that is much. */
export class Turn implements OutboxTurn {
  readonly #messages: TurnMessages;
  readonly #options: TurnOptions;
  #outboxes: Outbox[] = [];
  /** The publication that was asked for last, and its index. */
  #publication: Publication | undefined;
  #publicationIndex: number | undefined;
  #publishedMicros = -Infinity;

  constructor(messages: TurnMessages, options: TurnOptions) {
    this.#messages = messages;
    this.#options = options;
  }

  /** Whether `end` has anything to do. */
  get isOpen(): boolean {
    return this.#outboxes.length > 0;
  }

  add(message: Uint8Array): number {
    if (this.#messages.byteLength >= BATCH_BYTES_MAX) this.end();
    return this.#messages.add(message);
  }

  /** The first of a turn is mostly the only one: to gather it would cost more than it saves. */
  indexOf(publication: Publication): number | undefined {
    // All who want a publication are told of it one after the other.
    if (publication === this.#publication) return this.#publicationIndex;
    const nowMicros = this.#options.nowMicros();
    const isFirst = nowMicros !== this.#publishedMicros;
    this.#publishedMicros = nowMicros;
    this.#publicationIndex = isFirst ? undefined : this.add(publication.frame);
    this.#publication = publication;
    return this.#publicationIndex;
  }

  begun(outbox: Outbox): void {
    this.#outboxes.push(outbox);
  }

  /** What one connection throws is no reason for the others to get nothing. */
  send(connection: ConnectionId, from: number, to: number): number {
    try {
      return this.#messages.send(connection, from, to);
    } catch (error) {
      this.#options.failed(connection, error);
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
    this.#publication = undefined;
  }
}
