import { DIAL_TIMEOUT_MS } from "../limits.ts";
import type { AcceptTransport } from "./transport.ts";
import {
  CLASP_SUBPROTOCOL,
  openWebSocketTransport,
  reportHandlerError,
} from "./websocket_transport.ts";

/** Where the outcome of a dial goes: one call of one of the two, never before it is returned. */
export interface DialHandlers {
  /** Connected. The handler that is returned gets what arrives. */
  readonly onOpen: AcceptTransport;
  /** Not connected, and why, in a sentence for people. */
  readonly onFailed: (reason: string) => void;
}

export interface DialOptions {
  /** Milliseconds until an unanswered dial fails; `DIAL_TIMEOUT_MS` unless given. */
  readonly timeoutMs?: number | undefined;
  /** Told what a handler threw; reported as an uncaught exception unless given. */
  readonly onHandlerError?: ((error: unknown) => void) | undefined;
}

/** A connection in the making. */
export interface Dial {
  /** Gives up: nothing is reported any more. Ignored once the outcome was reported. */
  abort(): void;
}

/**
 * Dials a CLASP router, `ws:` or `wss:`, and offers the subprotocol `clasp`. A server that does not
 * confirm it is accepted all the same.
 *
 * Reports exactly once, or never after `abort`. Everything that keeps a connection from being made
 * is reported, a malformed URL and a missing permission included; nothing is thrown.
 *
 * A transport made here may not send close codes below 3000 other than 1000 (the WebSocket API does
 * not let a client), so its peer sees them raised by 3000: 1001 arrives as 4001.
 */
export function dialWebSocket(
  url: string,
  handlers: DialHandlers,
  options: DialOptions = {},
): Dial {
  const dial = new WebSocketDial(url, handlers, options);
  dial.start();
  return dial;
}

class WebSocketDial implements Dial {
  readonly #url: string;
  readonly #handlers: DialHandlers;
  readonly #timeoutMs: number;
  readonly #onHandlerError: (error: unknown) => void;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled = false;

  constructor(url: string, handlers: DialHandlers, options: DialOptions) {
    this.#url = url;
    this.#handlers = handlers;
    this.#timeoutMs = options.timeoutMs ?? DIAL_TIMEOUT_MS;
    this.#onHandlerError = options.onHandlerError ?? reportHandlerError;
  }

  start(): void {
    try {
      const socket = new WebSocket(this.#url, [CLASP_SUBPROTOCOL]);
      socket.onopen = () => this.#open(socket);
      socket.onerror = (event) => {
        this.#fail(event instanceof ErrorEvent ? failureText(event.message) : "no reason given");
      };
      this.#socket = socket;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      queueMicrotask(() => this.#fail(reason));
      return;
    }
    this.#timer = setTimeout(
      () => this.#fail(`no answer within ${this.#timeoutMs} ms`),
      this.#timeoutMs,
    );
  }

  abort(): void {
    if (this.#settle()) this.#drop();
  }

  #open(socket: WebSocket): void {
    if (!this.#settle()) return;
    socket.onopen = null;
    openWebSocketTransport(socket, {
      accept: this.#handlers.onOpen,
      remoteAddress: hostAndPort(this.#url),
      role: "client",
      onHandlerError: this.#onHandlerError,
    });
  }

  #fail(reason: string): void {
    if (!this.#settle()) return;
    this.#drop();
    try {
      this.#handlers.onFailed(`Cannot connect to ${shownUrl(this.#url)}: ${reason}`);
    } catch (error) {
      this.#onHandlerError(error);
    }
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    return true;
  }

  #drop(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.onopen = null;
    socket.onerror = null;
    // While connecting, this cancels the handshake and frees the TCP connection.
    socket.close();
  }
}

/** Takes away what Deno writes before every reason. */
function failureText(message: string): string {
  const text = message.replace(/^NetworkError: /, "").replace(
    "failed to connect to WebSocket: ",
    "",
  );
  return text.replace(/^Invalid status code: (\d+)$/, "the server answered with HTTP status $1");
}

/** Without user, password and query: reasons end up in logs. */
function shownUrl(url: string): string {
  if (!URL.canParse(url)) return `"${url}"`;
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  const standardPort = protocol === "wss:" || protocol === "https:" ? "443" : "80";
  return `${hostname}:${port === "" ? standardPort : port}`;
}
