import { freePorts } from "../../support/free_ports.ts";
import { TempDirectory } from "../../support/temp_directory.ts";
import type { ChainPorts, RouterKind } from "./router_kind.ts";
import { RouterProcess } from "./router_process.ts";

const LISTEN_DEADLINE_MS = 20_000;
const RETRY_MS = 10;

/** A hub and two leaves of one product, each in a process of its own. */
export class RouterChain implements AsyncDisposable {
  readonly ports: ChainPorts;
  readonly #kind: RouterKind;
  readonly #directory: TempDirectory;
  readonly #processes = new Map<"hub" | "a" | "b", RouterProcess>();

  private constructor(kind: RouterKind, directory: TempDirectory) {
    const [hub = 0, hubLinks = 0, a = 0, b = 0] = freePorts(4);
    this.ports = { hub, hubLinks, a, b };
    this.#kind = kind;
    this.#directory = directory;
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

  /** Throws when a router has ended. */
  assertRuns(): void {
    for (const process of this.#processes.values()) process.assertRuns();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const processes = [...this.#processes.values()];
    await Promise.all(processes.map((process) => process[Symbol.asyncDispose]()));
    await this.#directory[Symbol.asyncDispose]();
  }

  #launch(name: "hub" | "a" | "b"): RouterProcess {
    const { ports } = this;
    const command = name === "hub" ? this.#kind.hub(ports) : this.#kind.leaf(name, ports);
    const process = new RouterProcess(command, this.#directory.path);
    this.#processes.set(name, process);
    return process;
  }

  async #untilListening(name: "hub" | "a" | "b"): Promise<void> {
    const startMs = performance.now();
    for (;;) {
      this.assertRuns();
      try {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.ports[name] });
        return connection.close();
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        if (performance.now() - startMs > LISTEN_DEADLINE_MS) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
