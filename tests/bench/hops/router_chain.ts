import { withDeadline } from "../../support/deadline.ts";
import { freePorts } from "../../support/free_ports.ts";
import { TempDirectory } from "../../support/temp_directory.ts";
import type { ChainPorts, RouterKind } from "./router_kind.ts";
import { RouterProcess } from "./router_process.ts";

const LISTEN_DEADLINE_MS = 20_000;
const RETRY_MS = 10;
/** Until the end of a router is known that somebody has lost a connection to. */
const END_NEWS_MS = 200;
/** What people call them. */
const NAMES = { hub: "the hub", a: "leaf A", b: "leaf B" } as const;

type RouterName = keyof typeof NAMES;

/** A hub and two leaves of one product, each in a process of its own. */
export class RouterChain implements AsyncDisposable {
  readonly ports: ChainPorts;
  readonly #kind: RouterKind;
  readonly #directory: TempDirectory;
  readonly #processes = new Map<RouterName, RouterProcess>();
  /** For who exits without disposing of this. */
  readonly #onUnload = (): void => Deno.removeSync(this.#directory.path, { recursive: true });

  private constructor(kind: RouterKind, directory: TempDirectory) {
    const [hub = 0, hubLinks = 0, a = 0, b = 0] = freePorts(4);
    this.ports = { hub, hubLinks, a, b };
    this.#kind = kind;
    this.#directory = directory;
    globalThis.addEventListener("unload", this.#onUnload);
  }

  /** Starts the hub and leaf A, and waits until they listen. */
  static async startWithoutB(kind: RouterKind): Promise<RouterChain> {
    const chain = new RouterChain(kind, await TempDirectory.make());
    try {
      chain.#launch("hub");
      await chain.#untilListening("hub");
      await kind.prepareHub?.(chain.ports);
      chain.#launch("a");
      await chain.#untilListening("a");
    } catch (error) {
      await chain[Symbol.asyncDispose]();
      throw error;
    }
    return chain;
  }

  /** Starts all three and waits until they listen. */
  static async start(kind: RouterKind): Promise<RouterChain> {
    const chain = await RouterChain.startWithoutB(kind);
    try {
      chain.launchB();
      await chain.#untilListening("b");
    } catch (error) {
      await chain[Symbol.asyncDispose]();
      throw error;
    }
    return chain;
  }

  get protocol(): RouterKind["protocol"] {
    return this.#kind.protocol;
  }

  /** Of the routers. */
  get processIds(): readonly number[] {
    return [...this.#processes.values()].map(({ id }) => id);
  }

  /** Starts leaf B and does not wait until it listens. */
  launchB(): void {
    this.#launch("b");
  }

  /**
   * Waits for something that needs the routers.
   *
   * @throws {Error} When a router ends before that, whatever else goes wrong because of that.
   */
  async whileRunning<T>(work: Promise<T>): Promise<T> {
    const ends = [...this.#processes.values()].map(({ ended }) => ended);
    try {
      await Promise.race([work, ...ends]);
    } catch (error) {
      // Who has lost a connection to a router may be heard before that router's end is.
      await withDeadline(Promise.race(ends), END_NEWS_MS, "the end of a router").catch(() => {});
      this.#assertRuns();
      throw error;
    }
    this.#assertRuns();
    return await work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const processes = [...this.#processes.values()];
    await Promise.all(processes.map((process) => process[Symbol.asyncDispose]()));
    globalThis.removeEventListener("unload", this.#onUnload);
    await this.#directory[Symbol.asyncDispose]();
  }

  #assertRuns(): void {
    for (const process of this.#processes.values()) process.assertRuns();
  }

  #launch(name: RouterName): void {
    const { ports } = this;
    const command = name === "hub" ? this.#kind.hub(ports) : this.#kind.leaf(name, ports);
    const place = { name: NAMES[name], directory: this.#directory.path };
    this.#processes.set(name, new RouterProcess(command, place));
  }

  async #untilListening(name: RouterName): Promise<void> {
    const startMs = performance.now();
    for (;;) {
      this.#assertRuns();
      try {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.ports[name] });
        return connection.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      }
      if (performance.now() - startMs > LISTEN_DEADLINE_MS) {
        throw new Error(`Waited ${LISTEN_DEADLINE_MS} ms in vain for ${NAMES[name]} to listen`);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
