import type { AcceptTransport, Transport, TransportHandler } from "./transport.ts";
import type { WebSocketTransport, WebSocketTransportOptions } from "./websocket_transport.ts";

/** What happens to the WebSockets that a listener accepted. */
export interface AcceptedSockets {
  readonly accept: AcceptTransport;
  readonly idleTimeoutSeconds: number;
  readonly onHandlerError: (error: unknown) => void;
  /** A close is under way, at most once. Returns what is to be called when the socket is gone. */
  closing(host: string, transport: WebSocketTransport): () => void;
  /** The TCP connection is freed. */
  gone(transport: Transport | undefined): void;
}

/**
 * One WebSocket that a listener accepted. An object and no closures, because it lives as long as the
 * connection, and most connections do nothing but be there.
 */
export class AcceptedSocket implements WebSocketTransportOptions {
  readonly role = "server";
  readonly remoteAddress: string;
  readonly #sockets: AcceptedSockets;
  readonly #host: string;
  #transport: Transport | undefined;
  #leaveClosing: (() => void) | undefined;

  constructor(
    sockets: AcceptedSockets,
    { host, remoteAddress }: { readonly host: string; readonly remoteAddress: string },
  ) {
    this.#sockets = sockets;
    this.#host = host;
    this.remoteAddress = remoteAddress;
  }

  get idleTimeoutSeconds(): number {
    return this.#sockets.idleTimeoutSeconds;
  }

  accept(transport: Transport): TransportHandler {
    this.#transport = transport;
    return this.#sockets.accept(transport);
  }

  onHandlerError(error: unknown): void {
    this.#sockets.onHandlerError(error);
  }

  onClosing(transport: WebSocketTransport): void {
    this.#leaveClosing = this.#sockets.closing(this.#host, transport);
  }

  onGone(): void {
    this.#leaveClosing?.();
    this.#sockets.gone(this.#transport);
  }
}
