import { DIAL_TIMEOUT_MS } from "../limits.ts";
import type { AcceptTransport } from "./transport.ts";
import { dropConnection } from "./drop_connection.ts";
import { reportHandlerError } from "./report_handler_error.ts";
import { failureText } from "./websocket_failure_text.ts";
import { openClientSocket } from "./websocket_handshake.ts";
import { openWebSocketTransport, type UpgradedConnection } from "./websocket_transport.ts";

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
  /** PEM texts of authorities to trust beside the usual ones, for `wss:`. */
  readonly caCerts?: readonly string[] | undefined;
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
 * The built-in `WebSocket` is not used: its dialling side leaves Nagle's algorithm on, so a small
 * message waits until the one before it is acknowledged. It cannot drop a connection, bounds no
 * message, and sends most close codes only from servers.
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
  readonly #options: DialOptions;
  readonly #onHandlerError: (error: unknown) => void;
  readonly #abortion = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled = false;

  constructor(url: string, handlers: DialHandlers, options: DialOptions) {
    this.#url = url;
    this.#handlers = handlers;
    this.#options = options;
    this.#onHandlerError = options.onHandlerError ?? reportHandlerError;
  }

  start(): void {
    const { timeoutMs = DIAL_TIMEOUT_MS, caCerts } = this.#options;
    this.#timer = setTimeout(() => this.#fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    openClientSocket(this.#url, { signal: this.#abortion.signal, caCerts }).then(
      (socket) => this.#open(socket),
      (error) => this.#fail(failureText(error)),
    );
  }

  abort(): void {
    if (this.#settle()) this.#abortion.abort();
  }

  #open(socket: UpgradedConnection): void {
    // An abort between the last answer and this turn comes too late for the handshake.
    if (!this.#settle()) return dropConnection(socket.connection);
    openWebSocketTransport(socket, {
      role: "client",
      accept: this.#handlers.onOpen,
      remoteAddress: hostAndPort(this.#url),
      onHandlerError: this.#onHandlerError,
    });
  }

  #fail(reason: string): void {
    if (!this.#settle()) return;
    this.#abortion.abort();
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
