import type { ConnectionId } from "../router/port.ts";
import type { TransportHandler } from "./transport.ts";

/** What happens on the connections of a host. */
export interface HostEvents {
  readonly message: (id: ConnectionId, bytes: Uint8Array) => void;
  readonly text: (id: ConnectionId) => void;
  readonly tooLarge: (id: ConnectionId, bytes: number) => void;
  readonly closed: (id: ConnectionId, code: number, reason: string) => void;
}

/** The same of one: no closures, because many connections do nothing but be there. */
export class ConnectionEvents implements TransportHandler {
  readonly #events: HostEvents;
  readonly #id: ConnectionId;

  constructor(events: HostEvents, id: ConnectionId) {
    this.#events = events;
    this.#id = id;
  }

  onMessage(bytes: Uint8Array): void {
    this.#events.message(this.#id, bytes);
  }

  onText(): void {
    this.#events.text(this.#id);
  }

  onTooLarge(bytes: number): void {
    this.#events.tooLarge(this.#id, bytes);
  }

  onClose(code: number, reason: string): void {
    this.#events.closed(this.#id, code, reason);
  }
}
