import net from "node:net";
import type { Prng } from "./prng.ts";
import { TcpProxyPair } from "./tcp_proxy_pair.ts";

/** From the side that dialled (a leaf) to the other (its hub), or back. */
export type Direction = "up" | "down";

/**
 * How bytes get through: as they come, not at all, or in little pieces that the receiver reads one by
 * one, most of them one byte. Those that do not get through stay in the system's buffers, so that a
 * sender feels it.
 */
export type Pace = "flowing" | "stalled" | "trickling";

/** How a connection ends after a cut in the middle of a frame: with FIN, or with RST. */
export type Ending = "closed" | "reset";

/**
 * A TCP proxy of this process on loopback, for faults between a leaf and its hub: it knows nothing of
 * what it passes on but where WebSocket frames end.
 *
 * Resets are real RST packets: `node:net` has `resetAndDestroy()`, `Deno.Conn` has nothing like it.
 */
export class TcpProxy implements AsyncDisposable {
  readonly #targetPort: number;
  readonly #prng: Prng;
  readonly #pairs = new Set<TcpProxyPair>();
  readonly #paces: Record<Direction, Pace> = { up: "flowing", down: "flowing" };
  /** Resolve when the listeners so far are gone, which is after the last of their connections. */
  readonly #closed: Promise<void>[] = [];
  #server: net.Server | undefined;
  #port = 0;
  #accepted = 0;

  private constructor(targetPort: number, prng: Prng) {
    this.#targetPort = targetPort;
    this.#prng = prng;
  }

  /** Listens on a free port of 127.0.0.1 and passes on to `targetPort`, which need not listen yet. */
  static async start(targetPort: number, prng: Prng): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort, prng);
    await proxy.admit();
    return proxy;
  }

  /** Where the leaf is to dial. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  /** Connections accepted so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Connections that are open at one end at least. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Bytes passed on so far, all connections that are open together. */
  get bytes(): number {
    let sum = 0;
    for (const pair of this.#pairs) sum += pair.bytes;
    return sum;
  }

  /** Changes how bytes of one direction get through, on all connections, later ones too. */
  setPace(direction: Direction, pace: Pace): void {
    this.#paces[direction] = pace;
    for (const pair of this.#pairs) pair.setPace(direction, pace);
  }

  /** Resets both ends of all connections at once, whatever is on its way. Returns how many. */
  cut(): number {
    const count = this.#pairs.size;
    for (const pair of this.#pairs) pair.reset();
    return count;
  }

  /**
   * Has the next bytes of a direction end in the middle of a WebSocket frame, and the connections with
   * them. Resolves when that has happened on all connections that are open now, or they have ended in
   * another way.
   */
  async truncate(direction: Direction, ending: Ending): Promise<void> {
    await Promise.all([...this.#pairs].map((pair) => pair.truncate(direction, ending)));
  }

  /** Stops to listen at once: dials are refused. Connections that are open go on. */
  refuse(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  /** Listens again, on the port that it always has. */
  async admit(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (leaf) => {
      this.#join(leaf);
    });
    this.#server = server;
    this.#closed.push(new Promise((resolve) => server.once("close", resolve)));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    const address = server.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
  }

  /** Cuts and stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.refuse();
    const ends = [...this.#pairs].map(({ ended }) => ended);
    this.cut();
    await Promise.all([...this.#closed, ...ends]);
  }

  #join(leaf: net.Socket): void {
    this.#accepted++;
    const hub = net.connect({
      port: this.#targetPort,
      host: "127.0.0.1",
      allowHalfOpen: true,
      noDelay: true,
    });
    const pair = new TcpProxyPair({ leaf, hub, prng: this.#prng, paces: this.#paces });
    this.#pairs.add(pair);
    pair.ended.then(() => this.#pairs.delete(pair));
  }
}
