import type { AcceptTransport, Transport, TransportHandler } from "./transport.ts";
import { closeFrame } from "./transport.ts";

/** The subprotocol that CLASP clients offer and CLASP routers confirm. */
export const CLASP_SUBPROTOCOL: string = "clasp";

/** What `openWebSocketTransport` needs beside the socket. */
export interface WebSocketTransportOptions {
  readonly accept: AcceptTransport;
  readonly remoteAddress: string;
  /** Which end of the WebSocket this is: a client may not send every close code. */
  readonly role: "server" | "client";
  /** Told what a handler threw, after its transport was closed with 1011. */
  readonly onHandlerError: (error: unknown) => void;
  /** We have closed, and the peer has not agreed yet. At most once, before `onGone`. */
  readonly onLingering?: (() => void) | undefined;
  /** The TCP connection is gone. Exactly once. */
  readonly onGone?: (() => void) | undefined;
}

/** A client must not send most codes below 3000, so it sends them that much higher. */
const CLIENT_CODE_OFFSET = 3_000;
/** RFC 6455: the connection broke without a close frame. */
const CODE_BROKEN = 1006;
/** RFC 6455: this end met a condition it did not expect. */
const CODE_INTERNAL_ERROR = 1011;

/**
 * Makes a transport of a WebSocket that has just opened. To be called while its `open` event is
 * dispatched, so that no message is missed.
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

type Phase =
  /** `accept` has not returned yet. */
  | { readonly name: "accepting" }
  | { readonly name: "open"; readonly handler: TransportHandler }
  /** `code` and `reason` are what `accept`'s handler is still to be told, if it is not back yet. */
  | { readonly name: "closed"; readonly code: number; readonly reason: string };

class WebSocketTransport implements Transport {
  readonly remoteAddress: string;
  readonly #socket: WebSocket;
  readonly #options: WebSocketTransportOptions;
  #phase: Phase = { name: "accepting" };
  /** What the system said before the connection broke. */
  #failure = "";

  constructor(socket: WebSocket, options: WebSocketTransportOptions) {
    this.#socket = socket;
    this.#options = options;
    this.remoteAddress = options.remoteAddress;
  }

  start(): void {
    const socket = this.#socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onerror = (event) => {
      this.#failure = event instanceof ErrorEvent ? event.message : "";
    };
    socket.onclose = (event) => this.#gone(event);
    try {
      this.#attach(this.#options.accept(this));
    } catch (error) {
      this.#fail(error);
    }
  }

  get bufferedBytes(): number {
    return this.#phase.name === "closed" ? 0 : this.#socket.bufferedAmount;
  }

  send(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (this.#phase.name === "closed" || socket.readyState !== WebSocket.OPEN) return;
    // Deno copies what a view covers, whatever buffer is behind it.
    socket.send(bytes as Uint8Array<ArrayBuffer>);
  }

  close(code: number, reason: string): void {
    const frame = closeFrame(code, reason);
    if (this.#phase.name === "closed") return;
    const socket = this.#socket;
    // Nothing that arrives from now on is delivered; `onclose` stays to learn when TCP is gone.
    socket.onmessage = null;
    if (socket.readyState === WebSocket.OPEN) {
      socket.close(codeOnTheWire(frame.code, this.#options.role), frame.reason);
    }
    this.#options.onLingering?.();
    this.#end(frame.code, frame.reason);
  }

  #attach(handler: TransportHandler): void {
    const phase = this.#phase;
    if (phase.name === "closed") handler.onClose(phase.code, phase.reason);
    else this.#phase = { name: "open", handler };
  }

  #receive(data: unknown): void {
    const phase = this.#phase;
    if (phase.name !== "open") return;
    try {
      if (data instanceof ArrayBuffer) phase.handler.onMessage(new Uint8Array(data));
      else phase.handler.onText();
    } catch (error) {
      this.#fail(error);
    }
  }

  #gone(event: CloseEvent): void {
    // Deno can fire `close` a second time when its idle timer ended the connection.
    this.#socket.onclose = null;
    this.#socket.onerror = null;
    this.#socket.onmessage = null;
    this.#options.onGone?.();
    if (event.code === 0) this.#end(CODE_BROKEN, this.#failure);
    else this.#end(event.code, event.reason);
  }

  #end(code: number, reason: string): void {
    const phase = this.#phase;
    if (phase.name === "closed") return;
    this.#phase = { name: "closed", code, reason };
    if (phase.name !== "open") return;
    try {
      phase.handler.onClose(code, reason);
    } catch (error) {
      this.#options.onHandlerError(error);
    }
  }

  #fail(error: unknown): void {
    this.close(CODE_INTERNAL_ERROR, "internal error");
    this.#options.onHandlerError(error);
  }
}

function codeOnTheWire(code: number, role: "server" | "client"): number {
  const allowed = role === "server" || code === 1000 || code >= 3000;
  return allowed ? code : code + CLIENT_CODE_OFFSET;
}
