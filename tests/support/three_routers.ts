import type { CertificateDirectory } from "./certificate_directory.ts";
import { freePorts } from "./free_ports.ts";
import { type ServerProcess, startServer } from "./process.ts";
import { untilRouted } from "./until_routed.ts";

/** The routers of a {@linkcode ThreeRouters}. Each owns `/<name>/**`, the hub what nobody owns. */
export type RouterName = "hub" | "site-a" | "site-b";

const NAMES: readonly RouterName[] = ["hub", "site-a", "site-b"];

/** A hub and two leaves, each in a process of its own. */
export class ThreeRouters implements AsyncDisposable {
  readonly #processes = new Map<RouterName, ServerProcess>();
  readonly #ports = new Map<RouterName, number>();
  readonly #certificates: CertificateDirectory | undefined;

  /** Chooses the ports; nothing runs yet. With certificates, all three speak `wss:` only. */
  constructor(certificates?: CertificateDirectory) {
    this.#certificates = certificates;
    const ports = freePorts(NAMES.length);
    for (const [index, name] of NAMES.entries()) this.#ports.set(name, ports[index] ?? 0);
  }

  /** Starts all three and waits until each can write to each. */
  static async start(certificates?: CertificateDirectory): Promise<ThreeRouters> {
    const routers = new ThreeRouters(certificates);
    try {
      await Promise.all(NAMES.map((name) => routers.start(name)));
      await routers.untilRouted();
    } catch (error) {
      await routers[Symbol.asyncDispose]();
      throw error;
    }
    return routers;
  }

  get ports(): readonly number[] {
    return NAMES.map((name) => this.port(name));
  }

  port(name: RouterName): number {
    return this.#ports.get(name) ?? 0;
  }

  /** Starts one, for the first time or again, on the port that it always has. */
  async start(name: RouterName): Promise<void> {
    const certificates = this.#certificates;
    const scheme = certificates === undefined ? "ws" : "wss";
    const hub = `${scheme}://127.0.0.1:${this.port("hub")}`;
    const role = name === "hub"
      ? ["--features", "federation"]
      : ["--federation-hub", hub, "--federation-namespaces", `/${name}/**`];
    const args = ["--port", String(this.port(name)), "--federation-id", name, ...role];
    if (certificates !== undefined) {
      args.push(...certificates.serverFlags, ...name === "hub" ? [] : certificates.clientFlags);
    }
    const permissions = certificates?.permissions;
    this.#processes.set(
      name,
      await startServer(args, permissions === undefined ? {} : { permissions }),
    );
  }

  /** The process of one that runs. */
  process(name: RouterName): ServerProcess {
    const process = this.#processes.get(name);
    if (process === undefined) throw new Error(`Router ${name} does not run`);
    return process;
  }

  /** Ends one without a word. */
  async kill(name: RouterName): Promise<void> {
    const process = this.#processes.get(name);
    this.#processes.delete(name);
    process?.kill("SIGKILL");
    await process?.ended();
  }

  /** Ends one as an operator does. */
  async stop(name: RouterName): Promise<Deno.CommandStatus> {
    const process = this.process(name);
    this.#processes.delete(name);
    return await process.stop();
  }

  /**
   * Waits until a client of any router can write to any owner: all links are up and all claims known.
   * Leaves a param `/<owner>/ready/<writer>` for each pair.
   */
  async untilRouted(): Promise<void> {
    await untilRouted(this.#ports);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((name) => this.kill(name)));
  }
}
