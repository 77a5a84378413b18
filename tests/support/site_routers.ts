import { freePorts } from "./free_ports.ts";
import type { Prng } from "./prng.ts";
import { type ServerProcess, startServer } from "./process.ts";
import { TcpProxy } from "./tcp_proxy.ts";
import { untilRouted } from "./until_routed.ts";

/** Name and router id of the hub of {@linkcode SiteRouters}. */
export const HUB = "hub";

/**
 * A hub and a leaf for each site, each in a process of its own, perhaps with a proxy of this
 * process between each leaf and the hub. Each owns `/<its name>/**`.
 */
export class SiteRouters implements AsyncDisposable {
  readonly sites: readonly string[];
  readonly #ports: ReadonlyMap<string, number>;
  readonly #proxies = new Map<string, TcpProxy>();
  readonly #processes = new Map<string, ServerProcess>();

  private constructor(sites: readonly string[]) {
    this.sites = sites;
    const names = [HUB, ...sites];
    const ports = freePorts(names.length);
    this.#ports = new Map(names.map((name, index) => [name, ports[index] ?? 0]));
  }

  /**
   * Starts all and waits until each can write to each.
   *
   * @param prng Of the proxies. Without it there are none, and the leaves dial the hub itself.
   */
  static async start(sites: readonly string[], prng?: Prng): Promise<SiteRouters> {
    const routers = new SiteRouters(sites);
    try {
      if (prng !== undefined) {
        for (const site of sites) {
          routers.#proxies.set(site, await TcpProxy.start(routers.port(HUB), prng));
        }
      }
      await Promise.all(routers.names.map((name) => routers.start(name)));
      await routers.untilRouted();
    } catch (error) {
      await routers[Symbol.asyncDispose]();
      throw error;
    }
    return routers;
  }

  /** The hub first. */
  get names(): readonly string[] {
    return [...this.#ports.keys()];
  }

  get ports(): readonly number[] {
    return [...this.#ports.values()];
  }

  port(name: string): number {
    return this.#ports.get(name) ?? missing(name);
  }

  /** Between a leaf and the hub. */
  proxy(site: string): TcpProxy {
    return this.#proxies.get(site) ?? missing(site);
  }

  process(name: string): ServerProcess {
    return this.#processes.get(name) ?? missing(name);
  }

  /** Starts one, for the first time or again, on the port that it always has. */
  async start(name: string): Promise<void> {
    const hubUrl = this.#proxies.get(name)?.url ?? `ws://127.0.0.1:${this.port(HUB)}`;
    const role = name === HUB ? ["--features", "federation"] : [
      "--federation-hub",
      hubUrl,
      "--federation-namespaces",
      `/${name}/**`,
    ];
    const args = ["--port", String(this.port(name)), "--federation-id", name, ...role];
    this.#processes.set(name, await startServer(args));
  }

  /** Ends one without a word. */
  async kill(name: string): Promise<void> {
    const process = this.process(name);
    this.#processes.delete(name);
    process.kill("SIGKILL");
    await process.ended();
  }

  /** Waits until each can write to each. */
  async untilRouted(): Promise<void> {
    await untilRouted(this.#ports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((name) => this.kill(name)));
    for (const proxy of this.#proxies.values()) await proxy[Symbol.asyncDispose]();
  }
}

function missing(name: string): never {
  throw new Error(`There is no router "${name}", or it does not run`);
}
