import { encodeValue } from "../../src/wire/value_codec.ts";
import { assertLess } from "./assert.ts";
import { type ServerProcess, startServer } from "./process.ts";
import { RawClient } from "./raw_client.ts";

const ROUTED_DEADLINE_MS = 20_000;

/** The routers of a {@linkcode ThreeRouters}. Each owns `/<name>/**`, the hub what nobody owns. */
export type RouterName = "hub" | "site-a" | "site-b";

const NAMES: readonly RouterName[] = ["hub", "site-a", "site-b"];

/** A hub and two leaves, each in a process of its own. */
export class ThreeRouters implements AsyncDisposable {
  readonly #processes = new Map<RouterName, ServerProcess>();
  readonly #ports = new Map<RouterName, number>();

  /** Chooses the ports; nothing runs yet. */
  constructor() {
    for (const [name, port] of freePorts(NAMES)) this.#ports.set(name, port);
  }

  /** Starts all three and waits until each can write to each. */
  static async start(): Promise<ThreeRouters> {
    const routers = new ThreeRouters();
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
    const hub = `ws://127.0.0.1:${this.port("hub")}`;
    const role = name === "hub"
      ? ["--features", "federation"]
      : ["--federation-hub", hub, "--federation-namespaces", `/${name}/**`];
    const args = ["--port", String(this.port(name)), "--federation-id", name, ...role];
    this.#processes.set(name, await startServer(args));
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
    const process = this.#processes.get(name);
    if (process === undefined) throw new Error(`Router ${name} does not run`);
    this.#processes.delete(name);
    return await process.stop();
  }

  /**
   * Waits until a client of any router can write to any owner: all links are up and all claims known.
   * Leaves a param `/<owner>/ready/<writer>` for each pair.
   */
  async untilRouted(): Promise<void> {
    await Promise.all(NAMES.map((name) => this.#untilWritesAll(name)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((name) => this.kill(name)));
  }

  async #untilWritesAll(name: RouterName): Promise<void> {
    await using client = await RawClient.connect(this.port(name), "starter");
    const start = performance.now();
    for (const owner of NAMES) {
      for (;;) {
        const address = `/${owner}/ready/${name}`;
        const answer = await client.set(address, encodeValue(true));
        if (answer.type === "ACK" && await stamperOf(client, address) === owner) break;
        // Until then another router takes care of it.
        assertLess(performance.now() - start, ROUTED_DEADLINE_MS, `no way to ${owner}`);
      }
    }
  }
}

async function stamperOf(client: RawClient, address: string): Promise<string | undefined> {
  client.frames.length = 0;
  client.send({ type: "GET", address });
  await client.until(() => client.all("SNAPSHOT").length > 0, `the param at ${address}`);
  return client.all("SNAPSHOT")[0]?.params[0]?.writer;
}

/** A free port for each; free until somebody else takes it. */
function freePorts(names: readonly RouterName[]): readonly (readonly [RouterName, number])[] {
  const listeners = names.map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return names.map((name, index) => [name, ports[index] ?? 0]);
}
