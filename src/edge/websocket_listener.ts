import {
  CLOSE_GRACE_MS,
  CLOSING_SOCKETS_MAX,
  CLOSING_SOCKETS_PER_ADDRESS_MAX,
  HANDSHAKE_TIMEOUT_SECONDS,
  IDLE_TIMEOUT_SECONDS,
  PAGE_TIMEOUT_SECONDS,
  VISITS_MAX,
  VISITS_PER_ADDRESS_MAX,
} from "../limits.ts";
import { AcceptedSocket, type AcceptedSockets } from "./accepted_socket.ts";
import { acceptConnections } from "./accept_connections.ts";
import { BoundedConnections } from "./bounded_connections.ts";
import type { ByteConnection } from "./byte_connection.ts";
import { HttpError } from "./http_error.ts";
import { HttpExchange } from "./http_exchange.ts";
import type { RequestHead } from "./http_request_head.ts";
import { reportHandlerError } from "./report_handler_error.ts";
import { createTlsServer } from "./tls_connection.ts";
import type { AcceptTransport, Listener, Transport, TransportHandler } from "./transport.ts";
import { asksForWebSocket, upgradeAnswer } from "./websocket_answer.ts";
import { openWebSocketTransport, type UpgradedConnection } from "./websocket_transport.ts";

export interface ListenOptions {
  /** 0 takes any free port; see `Listener.port`. */
  readonly port: number;
  readonly hostname: string;
  readonly accept: AcceptTransport;
  /**
   * Answers requests that do not ask for a WebSocket, GET and HEAD only; 426 with a hint unless given.
   * What it makes has to be there and taken within `PAGE_TIMEOUT_SECONDS`.
   */
  readonly http?:
    | ((request: Request, remoteHost: string) => Response | Promise<Response>)
    | undefined;
  /** Says why a host may not connect now, which it is told with HTTP 503. Asked before `accept`. */
  readonly refuse?: ((remoteHost: string) => string | undefined) | undefined;
  /**
   * Says why a web page may not connect, by its headers Origin and Host, which it is told with HTTP
   * 403; asked when there is an Origin, after `refuse`.
   */
  readonly refuseOrigin?: ((origin: string, host: string | null) => string | undefined) | undefined;
  /** PEM texts; makes it `wss:` and `https:`. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /**
   * Seconds without a message or a pong after which a connection is closed with 1001, 0 for never;
   * `IDLE_TIMEOUT_SECONDS` unless given. A silent peer is pinged after half of it. The ping waits
   * behind what is still buffered, so a peer that stops reading is not found this way: bound the
   * buffer.
   */
  readonly idleTimeoutSeconds?: number | undefined;
  /** Told what a handler threw; reported as an uncaught exception unless given. */
  readonly onHandlerError?: ((error: unknown) => void) | undefined;
  /** Told why the system lets nothing be accepted, over and over until it does. */
  readonly onAcceptFailed?: ((error: unknown) => void) | undefined;
}

/** RFC 6455: this end is going away. */
const CODE_GOING_AWAY = 1001;
const STOPPING = "the router is stopping";
const NOT_A_PAGE = 'This port speaks CLASP over WebSocket, subprotocol "clasp". ' +
  "Connect to it with a CLASP client.";
const INTERNAL_ERROR = "internal error";
const NOBODY: TransportHandler = { onMessage() {}, onText() {}, onClose() {} };

/**
 * Listens for WebSocket connections on any path.
 *
 * The subprotocol `clasp` is confirmed when it was offered, else `clasp.v2`, which is that of v0. A
 * client that offers none, or only others, is accepted without one, as the public router does: strict
 * clients then give up by themselves, lenient ones work.
 *
 * A connection has `HANDSHAKE_TIMEOUT_SECONDS` to ask for something, TLS included. Those that are no
 * WebSocket yet are bounded: of too many the oldest is cut, so slow ones keep nobody out.
 *
 * @throws {Deno.errors.AddrInUse} When the port is taken, and whatever else `Deno.listen` throws.
 */
export function listenWebSocket(options: ListenOptions): Listener {
  return new WebSocketListener(options);
}

interface Peer {
  readonly host: string;
  readonly port: number;
}

class WebSocketListener implements Listener {
  readonly port: number;
  readonly hostname: string;
  readonly #options: ListenOptions;
  readonly #onHandlerError: (error: unknown) => void;
  readonly #secure: ((tcp: ByteConnection) => ByteConnection) | undefined;
  readonly #listener: Deno.TcpListener;
  readonly #accepting: Promise<void>;
  readonly #visits = new BoundedConnections({
    max: VISITS_MAX,
    perAddressMax: VISITS_PER_ADDRESS_MAX,
  });
  readonly #closing = new BoundedConnections({
    max: CLOSING_SOCKETS_MAX,
    perAddressMax: CLOSING_SOCKETS_PER_ADDRESS_MAX,
  });
  readonly #open: Set<Transport> = new Set();
  readonly #sockets: AcceptedSockets;
  /** WebSockets whose TCP connection exists, and requests whose answer has not left. */
  #busy = 0;
  #onIdle: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#onHandlerError = options.onHandlerError ?? reportHandlerError;
    this.#sockets = {
      accept: (transport) => this.#welcome(transport),
      idleTimeoutSeconds: options.idleTimeoutSeconds ?? IDLE_TIMEOUT_SECONDS,
      onHandlerError: this.#onHandlerError,
      closing: (host, transport) => {
        this.#open.delete(transport);
        return this.#closing.add(host, () => transport.cut());
      },
      gone: (transport) => {
        if (transport !== undefined) this.#open.delete(transport);
        this.#letGo();
      },
    };
    this.#secure = options.tls && createTlsServer(options.tls);
    this.#listener = Deno.listen({ port: options.port, hostname: options.hostname });
    const { port, hostname } = this.#listener.addr as Deno.NetAddr;
    this.port = port;
    this.hostname = hostname;
    this.#accepting = acceptConnections(this.#listener, {
      onConnection: (tcp) => void this.#visit(tcp),
      onFailed: (error) => options.onAcceptFailed?.(error),
    });
  }

  owns(transport: Transport): boolean {
    return this.#open.has(transport);
  }

  stop(graceMs: number = CLOSE_GRACE_MS): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    for (const transport of [...this.#open]) transport.close(CODE_GOING_AWAY, STOPPING);
    // Meanwhile whoever comes is told.
    await this.#idleWithin(graceMs);
    this.#listener.close();
    this.#visits.cutAll();
    this.#closing.cutAll();
    await this.#accepting;
  }

  async #visit(tcp: Deno.TcpConn): Promise<void> {
    const { hostname, port } = tcp.remoteAddr;
    const host = hostname.replace(/^::ffff:(?=\d+\.)/, "");
    configure(tcp);
    const exchange = new HttpExchange(this.#secure?.(tcp) ?? tcp);
    const leave = this.#visits.add(host, () => exchange.cut());
    try {
      await this.#serve(exchange, { host, port });
    } catch (error) {
      exchange.cut();
      this.#onHandlerError(error);
    }
    leave();
  }

  async #serve(exchange: HttpExchange, peer: Peer): Promise<void> {
    let head: RequestHead | undefined;
    let release = () => {};
    try {
      head = await exchange.readHead(HANDSHAKE_TIMEOUT_SECONDS * 1_000);
      if (head === undefined) return exchange.cut();
      release = this.#hold();
      exchange.cutAfter(PAGE_TIMEOUT_SECONDS * 1_000);
      const response = await this.#respond(exchange, head, peer);
      if (response === undefined) return;
      await exchange.answer(response, { isHeadOnly: head.method === "HEAD" });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      // One that has said nothing sensible in its time does not get another.
      if (head === undefined) exchange.cutAfter(CLOSE_GRACE_MS);
      await exchange.answer(textResponse(error), { isHeadOnly: head?.method === "HEAD" });
    } finally {
      release();
    }
    await exchange.leave();
  }

  /** Undefined once the connection is a WebSocket or was cut. */
  async #respond(
    exchange: HttpExchange,
    head: RequestHead,
    peer: Peer,
  ): Promise<Response | undefined> {
    if (this.#stopped !== undefined) throw new HttpError(503, STOPPING);
    if (!asksForWebSocket(head)) return await this.#page(head, peer.host);
    const refusal = this.#options.refuse?.(peer.host);
    if (refusal !== undefined) throw new HttpError(503, refusal);
    const foreign = this.#foreignPage(head);
    if (foreign !== undefined) throw new HttpError(403, foreign);
    const upgraded = await exchange.upgrade(await upgradeAnswer(head));
    if (upgraded === undefined) exchange.cut();
    else this.#accept(upgraded, peer);
    return undefined;
  }

  #foreignPage(head: RequestHead): string | undefined {
    const origin = head.headers.get("origin");
    if (origin === undefined) return undefined;
    return this.#options.refuseOrigin?.(origin, head.host ?? null);
  }

  async #page(head: RequestHead, remoteHost: string): Promise<Response> {
    const { http } = this.#options;
    if (http === undefined) throw new HttpError(426, NOT_A_PAGE, { upgrade: "websocket" });
    const request = requestOf(head, { isSecure: this.#secure !== undefined, listener: this });
    try {
      return await http(request, remoteHost);
    } catch (error) {
      this.#onHandlerError(error);
      throw new HttpError(500, INTERNAL_ERROR);
    }
  }

  #accept(upgraded: UpgradedConnection, { host, port }: Peer): void {
    this.#busy++;
    const remoteAddress = `${bracketed(host)}:${port}`;
    openWebSocketTransport(upgraded, new AcceptedSocket(this.#sockets, { host, remoteAddress }));
  }

  #welcome(transport: Transport): TransportHandler {
    this.#open.add(transport);
    if (this.#stopped === undefined) return this.#options.accept(transport);
    transport.close(CODE_GOING_AWAY, STOPPING);
    return NOBODY;
  }

  /** Keeps `stop` waiting, until what it returns is called. */
  #hold(): () => void {
    this.#busy++;
    return () => this.#letGo();
  }

  #letGo(): void {
    this.#busy--;
    if (this.#busy === 0) this.#onIdle?.();
  }

  #idleWithin(graceMs: number): Promise<void> {
    if (this.#busy === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function configure(tcp: Deno.TcpConn): void {
  try {
    // A small message is not to wait until the one before it is acknowledged.
    tcp.setNoDelay(true);
    // Nobody else notices that the peer is gone where nothing is sent.
    tcp.setKeepAlive(true);
  } catch {
    // Gone already; reading says so.
  }
}

function requestOf(
  { method, host, target, headers }: RequestHead,
  { isSecure, listener }: { readonly isSecure: boolean; readonly listener: Listener },
): Request {
  const name = host ?? `${bracketed(listener.hostname)}:${listener.port}`;
  const url = `${isSecure ? "https" : "http"}://${name}${target}`;
  if (!URL.canParse(url)) throw new HttpError(400, "Bad request: its Host header names no host");
  return new Request(url, { method, headers: [...headers] });
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function textResponse({ status, message, headers }: HttpError): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { ...headers, "content-type": "text/plain; charset=utf-8" },
  });
}
