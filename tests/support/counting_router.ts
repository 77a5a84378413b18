/**
 * A router in a process of its own that tells its counts: prints its port, then a line of counts for
 * each line of input: at once, or, when the line holds a number, as soon as there are no more
 * connections than that. Takes the part of `RouterCoreConfig` that differs from the defaults, as JSON.
 *
 * @module
 */
import { DENO_ENVIRONMENT, newBootId } from "../../src/edge/deno_environment.ts";
import { RouterHost } from "../../src/edge/router_host.ts";
import { listenWebSocket } from "../../src/edge/websocket_listener.ts";
import { ROUTER_CORE_DEFAULTS } from "../../src/router/router_config.ts";
import { inputLines } from "./line_process.ts";

/** What the script answers. */
export interface RouterCounts {
  /** Open connections, those without HELLO included. */
  readonly connections: number;
  readonly clients: number;
  readonly params: number;
  readonly rssBytes: number;
}

const LOOK_INTERVAL_MS = 20;

if (import.meta.main) await main();

async function main(): Promise<void> {
  const host = new RouterHost(DENO_ENVIRONMENT, {
    config: {
      ...ROUTER_CORE_DEFAULTS,
      routerId: "counted",
      bootId: newBootId(),
      ...JSON.parse(Deno.args[0] ?? "{}"),
    },
  });
  const listener = listenWebSocket({
    hostname: "127.0.0.1",
    port: 0,
    accept: (transport) => host.accept(transport),
  });
  console.log(listener.port);
  for await (const line of inputLines()) {
    const connectionsMax = line === "" ? Infinity : Number(line);
    while (host.core.connections > connectionsMax) await pause();
    const counts: RouterCounts = {
      connections: host.core.connections,
      clients: host.core.clientSessions,
      params: host.core.params.size,
      rssBytes: Deno.memoryUsage().rss,
    };
    console.log(JSON.stringify(counts));
  }
  host.stop("The test is over");
  await listener.stop();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
}
