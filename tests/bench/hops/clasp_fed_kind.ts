import type { RouterCommand, RouterKind } from "./router_kind.ts";

const MESSAGES_PER_SECOND = 1_000_000;
const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

/**
 * This project's routers, as a user starts them. Leaf A owns what is written; leaf B imports it, as
 * the peers' leaves take all that their hub has. The one client that writes may send more than the
 * 200,000 messages a second that a session may otherwise: the peers have no such limit.
 */
export const CLASP_FED_KIND: RouterKind = {
  protocol: "clasp",
  hub: ({ hub }) => server(hub, "hub", ["--features", "federation"]),
  leaf: (name, ports) =>
    server(ports[name], `leaf-${name}`, [
      "--federation-hub",
      `ws://127.0.0.1:${ports.hub}`,
      ...(name === "a"
        ? ["--federation-namespaces", "/site-a/**"]
        : ["--federation-import", "/site-a/**"]),
    ]),
};

function server(port: number, id: string, args: readonly string[]): RouterCommand {
  const place = ["--port", String(port), "--host", "127.0.0.1", "--federation-id", id];
  const limit = ["--max-messages-per-second", String(MESSAGES_PER_SECOND)];
  const run = ["run", "--no-prompt", "--allow-net", MAIN];
  return {
    program: Deno.execPath(),
    args: [...run, "server", "--json-logs", ...limit, ...place, ...args],
  };
}
