import { withDeadline } from "../support/deadline.ts";
import { type Bytes, join } from "./raw_bytes.ts";
import { type Habits, WireSession } from "./wire_session.ts";

const DEADLINE_MS = 10_000;
const BROKEN = 1006;

/** Where leaves dial to: a WebSocket server that says only what it is told. */
export class ScriptedHub implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #awaited = new Map<string, (link: HubLink) => void>();
  #last = 0;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#accept(request));
  }

  /** A URL of its own for one leaf, and what comes of it when it has dialled. */
  expect(): { readonly url: string; readonly link: Promise<HubLink> } {
    const path = `/${++this.#last}`;
    const { promise, resolve } = Promise.withResolvers<HubLink>();
    this.#awaited.set(path, resolve);
    return {
      url: `ws://127.0.0.1:${this.#server.addr.port}${path}`,
      link: withDeadline(promise, DEADLINE_MS, "a leaf's connection"),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  #accept(request: Request): Response {
    const path = new URL(request.url).pathname;
    const { socket, response } = Deno.upgradeWebSocket(request, {
      protocol: "clasp",
      idleTimeout: 0,
    });
    socket.binaryType = "arraybuffer";
    const opened = this.#awaited.get(path);
    this.#awaited.delete(path);
    const link = new HubLink(socket);
    socket.onopen = () => opened?.(link);
    return response;
  }
}

/** The hub's end of a leaf's connection. */
export class HubLink {
  readonly session: WireSession;
  readonly #socket: WebSocket;
  readonly #gone: Promise<void>;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.session = new WireSession((...messages) => this.#send(messages), GREETED_HABITS);
    socket.onmessage = ({ data }) => this.session.received(new Uint8Array(data));
    socket.onerror = () => {};
    this.#gone = new Promise((resolve) => {
      socket.onclose = ({ code, reason }) => {
        this.session.ended({ code: code === 0 ? BROKEN : code, reason });
        resolve();
      };
    });
  }

  /** Closes, and waits until the leaf has. */
  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    await withDeadline(this.#gone, DEADLINE_MS, "the end of a leaf's connection");
  }

  #send(messages: readonly Bytes[]): void {
    // A copy: what is sent may be used for more.
    for (const message of messages) this.#socket.send(join(message));
  }
}

/** Until it is registered, what a leaf asks for is part of the answer. */
const GREETED_HABITS: Habits = { answersSync: false, marker: "SYNC" };
