/**
 * Leaves in a process of their own, each a router that dials the hub it is told to, once. Takes a URL
 * a line, and answers with the port where clients find that leaf; of "stop" and a port, it stops that
 * leaf.
 *
 * @module
 */
import { Router } from "../../mod.ts";
import { inputLines } from "../support/line_process.ts";

const LEAF_ID = "the-router";
/** What the leaf owns: what is outside of what its hub declares. */
const NAMESPACE = "/o/**";

if (import.meta.main) await main();

async function main(): Promise<void> {
  const leaves = new Map<string, Router>();
  const stopping: Promise<void>[] = [];
  for await (const line of inputLines()) {
    if (line === "") continue;
    const [command, port = ""] = line.split(" ");
    if (command === "stop") {
      const leaf = leaves.get(port);
      leaves.delete(port);
      if (leaf !== undefined) stopping.push(leaf.stop());
      console.log("0");
      continue;
    }
    const leaf = startLeaf(line);
    const listening = leaf.listen({ port: 0, hostname: "127.0.0.1" });
    leaves.set(String(listening.port), leaf);
    console.log(listening.port);
  }
  await Promise.all([...stopping, ...[...leaves.values()].map((leaf) => leaf.stop())]);
}

function startLeaf(hubEndpoint: string): Router {
  return new Router({
    federation: {
      mode: { type: "leaf", hubEndpoint },
      routerId: LEAF_ID,
      ownedNamespaces: [NAMESPACE],
      autoReconnect: false,
    },
  });
}
