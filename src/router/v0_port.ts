import { decodeFrame } from "../wire/frame.ts";
import type { ConnectionId, RouterPort } from "./port.ts";
import { encodeV0Messages } from "./v0_messages.ts";

/**
 * The port of a router, on which the frames for clients of v0 become frames of v0: the router above it
 * knows v1 only. A WebSocket message may become several.
 */
export class V0Port implements RouterPort {
  readonly #port: RouterPort;
  readonly #connections = new Set<ConnectionId>();

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
