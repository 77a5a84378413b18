import { decodeFrame } from "../wire/frame.ts";
import type { ConnectionId, RouterPort } from "./port.ts";
import type { TurnMessages } from "./turn_messages.ts";
import { encodeV0Messages } from "./v0_messages.ts";

/**
 * The port of a router, on which the frames for clients of v0 become frames of v0: the router above it
 * knows v1 only. A WebSocket message may become several.
 */
export class V0Port implements RouterPort {
  readonly #port: RouterPort;
  readonly #connections = new Set<ConnectionId>();

  #turnMessages: TurnMessages | undefined;

  constructor(port: RouterPort) {
    this.#port = port;
  }

  /** From now on everything that is sent on this connection is v0. */
  speakV0(connection: ConnectionId): void {
    this.#connections.add(connection);
  }

  /** The connection is gone. */
  forget(connection: ConnectionId): void {
    this.#connections.delete(connection);
  }

  send(connection: ConnectionId, bytes: Uint8Array): void {
    const isV0 = this.#connections.size > 0 && this.#connections.has(connection);
    if (!isV0) return this.#port.send(connection, bytes);
    for (let offset = 0; offset < bytes.length;) {
      const { header, message } = decodeFrame(bytes, offset);
      const { qos, timestampMicros, payloadEnd } = header;
      for (const frame of encodeV0Messages(message, { qos, timestampMicros })) {
        this.#port.send(connection, frame);
      }
      offset = payloadEnd;
    }
  }

  get turnMessages(): TurnMessages | undefined {
    this.#turnMessages ??= this.#port.turnMessages && new V0TurnMessages(
      this.#port.turnMessages,
      (connection) => this.#connections.size > 0 && this.#connections.has(connection),
      (connection, message) => this.send(connection, message),
    );
    return this.#turnMessages;
  }

  bufferedBytes(connection: ConnectionId): number {
    return this.#port.bufferedBytes(connection);
  }

  close(connection: ConnectionId, code: number, reason: string): void {
    this.#port.close(connection, code, reason);
  }

  dial(url: string): ConnectionId {
    return this.#port.dial(url);
  }

  random(): number {
    return this.#port.random();
  }

  newId(): string {
    return this.#port.newId();
  }

  failed(error: unknown): void {
    this.#port.failed(error);
  }
}

/** Those of a turn, written anew for connections that speak v0. */
class V0TurnMessages implements TurnMessages {
  readonly #messages: TurnMessages;
  readonly #isV0: (connection: ConnectionId) => boolean;
  readonly #sendV0: (connection: ConnectionId, message: Uint8Array) => void;

  constructor(
    messages: TurnMessages,
    isV0: (connection: ConnectionId) => boolean,
    sendV0: (connection: ConnectionId, message: Uint8Array) => void,
  ) {
    this.#messages = messages;
    this.#isV0 = isV0;
    this.#sendV0 = sendV0;
  }

  get count(): number {
    return this.#messages.count;
  }

  get byteLength(): number {
    return this.#messages.byteLength;
  }

  add(message: Uint8Array): number {
    return this.#messages.add(message);
  }

  at(index: number): Uint8Array {
    return this.#messages.at(index);
  }

  send(connection: ConnectionId, from: number, to: number): number {
    if (!this.#isV0(connection)) return this.#messages.send(connection, from, to);
    let bytes = 0;
    for (let index = from; index < to; index++) {
      const message = this.at(index);
      bytes += message.length;
      this.#sendV0(connection, message);
    }
    return bytes;
  }

  clear(): void {
    this.#messages.clear();
  }
}
