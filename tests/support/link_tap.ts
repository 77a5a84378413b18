import { type EnvelopeFrame, readEnvelope } from "../../src/federation/envelope_reader.ts";
import type { ForwardMessage } from "../../src/wire/message.ts";

/** One frame behind a context, on its way over a link. */
export interface TappedEntry {
  readonly kind: ForwardMessage["kind"];
  readonly origin: string;
  readonly frame: EnvelopeFrame;
}

/** Stands between a leaf and its hub, passes everything on and keeps what is forwarded. */
export class LinkTap implements AsyncDisposable {
  /** From the leaf to the hub. */
  readonly up: TappedEntry[] = [];
  /** From the hub to the leaf. */
  readonly down: TappedEntry[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #gone: Promise<void>[] = [];

  constructor(hubPort: number) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request, {
        protocol: "clasp",
        idleTimeout: 0,
      });
      this.#join(socket, new WebSocket(`ws://127.0.0.1:${hubPort}`, ["clasp"]));
      return response;
    });
  }

  /** Where the leaf is to dial. */
  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Waits until both ends are gone, which the routers see to. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#gone);
    await this.#server.shutdown();
  }

  #join(leaf: WebSocket, hub: WebSocket): void {
    const early: ArrayBuffer[] = [];
    for (const socket of [leaf, hub]) {
      socket.binaryType = "arraybuffer";
      socket.onerror = () => {};
    }
    hub.onopen = () => early.forEach((data) => hub.send(data));
    leaf.onmessage = ({ data }) => {
      record(data, this.up);
      if (hub.readyState === WebSocket.OPEN) hub.send(data);
      else early.push(data);
    };
    hub.onmessage = ({ data }) => {
      record(data, this.down);
      leaf.send(data);
    };
    const ends = [[leaf, hub], [hub, leaf]] as const;
    for (const [socket, other] of ends) {
      this.#gone.push(
        new Promise((resolve) => {
          socket.onclose = () => {
            other.close();
            resolve();
          };
        }),
      );
    }
  }
}

function record(data: ArrayBuffer, entries: TappedEntry[]): void {
  readEnvelope(new Uint8Array(data), {
    isDone: false,
    message() {},
    forwarded: ({ kind, origin }, _index, frame) => entries.push({ kind, origin, frame }),
  });
}
