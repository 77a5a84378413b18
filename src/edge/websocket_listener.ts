import {
  CLOSE_GRACE_MS,
  IDLE_TIMEOUT_SECONDS,
  LINGERING_SOCKETS_PER_ADDRESS_MAX,
} from "../limits.ts";
import type { AcceptTransport, Listener, Transport, TransportHandler } from "./transport.ts";
import {
  CLASP_SUBPROTOCOL,
  openWebSocketTransport,
  reportHandlerError,
} from "./websocket_transport.ts";

export interface ListenOptions {
  /** 0 takes any free port; see `Listener.port`. */
  readonly port: number;
  readonly hostname: string;
  readonly accept: AcceptTransport;
  /** Answers requests that do not ask for a WebSocket; 426 with a hint unless given. */
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
}

/** RFC 6455: this end is going away. */
const CODE_GOING_AWAY = 1001;
const STOPPING = "the router is stopping";
const NOT_A_PAGE = 'This port speaks CLASP over WebSocket, subprotocol "clasp". ' +
  "Connect to it with a CLASP client.";
/** What clients of v0 offer, whose frames are told apart by themselves. */
const V0_SUBPROTOCOL = "clasp.v2";
const NOBODY: TransportHandler = { onMessage() {}, onText() {}, onClose() {} };

/**
 * Listens for WebSocket connections on any path.
 *
 * The subprotocol `clasp` is confirmed when it was offered, else `clasp.v2`, which is that of v0. A
 * client that offers none, or only others, is accepted without one, as the public router does: strict
 * clients then give up by themselves, lenient ones work.
 *
 * A host that has `LINGERING_SOCKETS_PER_ADDRESS_MAX` lingering sockets is refused with HTTP 503
 * until one of them is gone. Clients behind one proxy are one host.
 *
 * After we close, Deno drops the connection at the first message that still arrives. So a peer that
 * is busy sending sees it break instead of our code and reason: tell it why in a message first.
 *
 * @throws {Deno.errors.AddrInUse} When the port is taken, and whatever else `Deno.serve` throws.
 */
export function listenWebSocket(options: ListenOptions): Listener {
  return new WebSocketListener(options);
}

class WebSocketListener implements Listener {
  readonly port: number;
  readonly hostname: string;
  readonly #options: ListenOptions;
  readonly #onHandlerError: (error: unknown) => void;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #abortion: AbortController = new AbortController();
  readonly #open: Set<Transport> = new Set();
  readonly #lingering: LingeringSockets = new LingeringSockets();
  /** WebSockets whose TCP connection exists, and requests whose answer has not left. */
  #busy = 0;
  #onIdle: (() => void) | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#onHandlerError = options.onHandlerError ?? reportHandlerError;
    this.#server = Deno.serve({
      port: options.port,
      hostname: options.hostname,
      ...options.tls,
      signal: this.#abortion.signal,
      onListen: () => {},
      onError: (error) => {
        this.#onHandlerError(error);
        return textResponse(500, "internal error");
      },
    }, (request, info) => this.#answer(request, info));
    this.port = this.#server.addr.port;
    this.hostname = this.#server.addr.hostname;
  }

  get lingeringSockets(): number {
    return this.#lingering.total;
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
    await this.#idleWithin(graceMs);
    // `shutdown()` would wait for answers that never come, and cannot be followed by an abort.
    this.#abortion.abort();
    await this.#server.finished;
  }

  #answer(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Response | Promise<Response> {
    if (this.#stopped !== undefined) return textResponse(503, STOPPING);
    if (!asksForWebSocket(request)) return this.#page(request, info);
    // Neither this nor the headers can be read after the upgrade.
    const host = hostOf(info);
    const refusal = this.#refusal(host);
    if (refusal !== undefined) return textResponse(503, refusal);
    const foreign = this.#foreignPage(request.headers);
    if (foreign !== undefined) return textResponse(403, foreign);
    return this.#upgrade(request, { host, port: info.remoteAddr.port });
  }

  #page(
    request: Request,
    info: Deno.ServeHandlerInfo<Deno.NetAddr>,
  ): Response | Promise<Response> {
    this.#busy++;
    const release = () => this.#release();
    info.completed.then(release, release);
    const http = this.#options.http;
    if (http !== undefined) return http(request, hostOf(info));
    return textResponse(426, NOT_A_PAGE, { upgrade: "websocket" });
  }

  #refusal(host: string): string | undefined {
    const lingering = this.#lingering.count(host);
    if (lingering >= LINGERING_SOCKETS_PER_ADDRESS_MAX) {
      return `Cannot accept a connection from ${host}: ` +
        `${lingering} earlier ones were closed here and are still held open there`;
    }
    return this.#options.refuse?.(host);
  }

  #foreignPage(headers: Headers): string | undefined {
    const origin = headers.get("origin");
    return origin === null ? undefined : this.#options.refuseOrigin?.(origin, headers.get("host"));
  }

  #upgrade(request: Request, peer: Peer): Response {
    const protocol = chosenProtocol(request);
    let upgrade: Deno.WebSocketUpgrade;
    try {
      const idleTimeout = this.#options.idleTimeoutSeconds ?? IDLE_TIMEOUT_SECONDS;
      upgrade = Deno.upgradeWebSocket(request, { idleTimeout });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return textResponse(400, `Cannot open a WebSocket: ${error.message}`);
    }
    const { socket, response } = upgrade;
    // The option `protocol` finds ours only in lists that are written "a, b", not "a,b".
    if (protocol !== undefined) response.headers.set("sec-websocket-protocol", protocol);
    this.#busy++;
    socket.onopen = () => this.#accept(socket, peer);
    // Before it is open, a socket that breaks says no more than this.
    socket.onerror = () => this.#release();
    return response;
  }

  #accept(socket: WebSocket, peer: Peer): void {
    let transport: Transport | undefined;
    let isLingering = false;
    const leave = () => {
      if (transport !== undefined) this.#open.delete(transport);
    };
    openWebSocketTransport(socket, {
      accept: (opened) => {
        transport = opened;
        this.#open.add(opened);
        if (this.#stopped === undefined) return this.#options.accept(opened);
        opened.close(CODE_GOING_AWAY, STOPPING);
        return NOBODY;
      },
      remoteAddress: `${peer.host.includes(":") ? `[${peer.host}]` : peer.host}:${peer.port}`,
      onHandlerError: this.#onHandlerError,
      onLingering: () => {
        leave();
        isLingering = true;
        this.#lingering.add(peer.host);
      },
      onGone: () => {
        leave();
        if (isLingering) this.#lingering.delete(peer.host);
        this.#release();
      },
    });
  }

  #release(): void {
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

interface Peer {
  readonly host: string;
  readonly port: number;
}

/** How many sockets linger, by remote host. */
class LingeringSockets {
  readonly #counts: Map<string, number> = new Map();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  count(host: string): number {
    return this.#counts.get(host) ?? 0;
  }

  add(host: string): void {
    this.#total++;
    this.#counts.set(host, this.count(host) + 1);
  }

  delete(host: string): void {
    this.#total--;
    const left = this.count(host) - 1;
    if (left === 0) this.#counts.delete(host);
    else this.#counts.set(host, left);
  }
}

function hostOf({ remoteAddr: { hostname } }: Deno.ServeHandlerInfo<Deno.NetAddr>): string {
  return hostname.replace(/^::ffff:(?=\d+\.)/, "");
}

function asksForWebSocket(request: Request): boolean {
  return listed(request.headers.get("upgrade")?.toLowerCase()).includes("websocket");
}

function chosenProtocol(request: Request): string | undefined {
  const offered = listed(request.headers.get("sec-websocket-protocol"));
  return [CLASP_SUBPROTOCOL, V0_SUBPROTOCOL].find((protocol) => offered.includes(protocol));
}

function listed(header: string | null | undefined): string[] {
  return (header ?? "").split(",").map((item) => item.trim());
}

function textResponse(status: number, text: string, headers: HeadersInit = {}): Response {
  const response = new Response(`${text}\n`, { status, headers });
  response.headers.set("content-type", "text/plain; charset=utf-8");
  return response;
}
