import { PEERS_ROOT, UPLINK_ADDRESS } from "../../src/router/reserved.ts";
import { decodeValue } from "../../src/wire/value_codec.ts";
import { RawClient } from "./raw_client.ts";

const COUNTERS = ["expired", "unknown", "dropped"] as const;

/** Events that a router counts as lost, on its link to its hub and on those to its leaves. */
export async function countedLosses(port: number, routerId: string): Promise<number> {
  await using client = await RawClient.connect(port, "loss reader");
  await client.ask({ type: "SUBSCRIBE", id: 1, pattern: "/no/such/param", types: 0 });
  let losses = 0;
  for (const { address, value } of client.all("SNAPSHOT").flatMap(({ params }) => params)) {
    const isShown = address === UPLINK_ADDRESS || address.startsWith(`${PEERS_ROOT}/`);
    if (!isShown) continue;
    const facts = new Map(Object.entries(Object(decodeValue(value))));
    // What other hubs tell of their leaves is asked of them.
    if (address !== UPLINK_ADDRESS && facts.get("hub") !== routerId) continue;
    for (const counter of COUNTERS) losses += Number(facts.get(counter) ?? 0);
  }
  return losses;
}
