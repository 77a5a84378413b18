import type { RouterCommand, RouterKind } from "./router_kind.ts";

const RELAY = new URL("relay.ts", import.meta.url).pathname;

/** Three relays that only copy bytes, each message by itself. */
export const RELAY_KIND: RouterKind = relayKind([]);
/** The same; what comes in one turn leaves as one message. */
export const JOINED_RELAY_KIND: RouterKind = relayKind(["--joined"]);

function relayKind(more: readonly string[]): RouterKind {
  const relay = (...args: string[]): RouterCommand => ({
    program: Deno.execPath(),
    args: ["run", "--no-prompt", "--allow-net", RELAY, ...args, ...more],
  });
  return {
    protocol: "relay",
    hub: ({ hub }) => relay(`--port=${hub}`),
    leaf: (name, ports) => relay(`--port=${ports[name]}`, `--hub=${ports.hub}`),
  };
}
