import type { AcceptTransport, Transport } from "./transport.ts";
import { closeFrame } from "./transport.ts";
import { HandlerGate } from "./websocket_handler_gate.ts";

/** The subprotocol that CLASP clients offer and CLASP routers confirm. */
export const CLASP_SUBPROTOCOL: string = "clasp";

/** What `openWebSocketTransport` needs beside the socket. */
export interface WebSocketTransportOptions {
  readonly accept: AcceptTransport;
  readonly remoteAddress: string;
  /** Told what a handler threw, after its transport was closed with 1011. */
  readonly onHandlerError: (error: unknown) => void;
  /** We have closed, and the peer has not agreed yet. At most once, before `onGone`. */
  readonly onLingering?: (() => void) | undefined;
  /** The TCP connection is gone. Exactly once. */
  readonly onGone?: (() => void) | undefined;
}

/** RFC 6455: the connection broke without a close frame. */
const CODE_BROKEN = 1006;

/**
 * Makes a transport of a WebSocket that a server has just opened. To be called while its `open`
 * event is dispatched, so that no message is missed.
 *
 * Deno has no `terminate()`: after a close that the peer ignores, the TCP connection stays until
 * the peer ends it or sends something. The transport has told its handler long before; the
 * socket is `lingering`.
 */
export function openWebSocketTransport(
  socket: WebSocket,
  options: WebSocketTransportOptions,
): Transport {
  const transport = new WebSocketTransport(socket, options);
  transport.start();
  return transport;
}

/** Throws where nobody can catch, so that a bug ends the process unless it listens to `error`. */
export function reportHandlerError(error: unknown): void {
  queueMicrotask(() => reportError(error));
}

class WebSocketTransport implements Transport {
  readonly remoteAddress: string;
  readonly #socket: WebSocket;
  readonly #options: WebSocketTransportOptions;
  readonly #gate: HandlerGate;
  /** What the system said before the connection broke. */
  #failure = "";

  constructor(socket: WebSocket, options: WebSocketTransportOptions) {
    this.#socket = socket;
    this.#options = options;
    this.remoteAddress = options.remoteAddress;
    this.#gate = new HandlerGate({
      close: (code, reason) => this.close(code, reason),
      onHandlerError: options.onHandlerError,
    });
  }

  start(): void {
    const socket = this.#socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onerror = (event) => {
      this.#failure = event instanceof ErrorEvent ? event.message : "";
    };
    socket.onclose = (event) => this.#gone(event);
    this.#gate.attach(() => this.#options.accept(this));
  }

  get bufferedBytes(): number {
    return this.#gate.isClosed ? 0 : this.#socket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (this.#gate.isClosed || socket.readyState !== WebSocket.OPEN) return;
    // Deno copies what a view covers, whatever buffer is behind it.
    socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  close(code: number, reason: string): void {
    const frame = closeFrame(code, reason);
    if (this.#gate.isClosed) return;
    const socket = this.#socket;
    // Nothing that arrives from now on is delivered; `onclose` stays to learn when TCP is gone.
    socket.onmessage = null;
    if (socket.readyState === WebSocket.OPEN) socket.close(frame.code, frame.reason);
    this.#options.onLingering?.();
    this.#gate.end(frame.code, frame.reason);
  }

  #receive(data: unknown): void {
    if (data instanceof ArrayBuffer) this.#gate.message(new Uint8Array(data));
    else this.#gate.text();
  }

  #gone(event: CloseEvent): void {
    // Deno can fire `close` a second time when its idle timer ended the connection.
    this.#socket.onclose = null;
    this.#socket.onerror = null;
    this.#socket.onmessage = null;
    this.#options.onGone?.();
    if (event.code === 0) this.#gate.end(CODE_BROKEN, this.#failure);
    else this.#gate.end(event.code, event.reason);
  }
}
