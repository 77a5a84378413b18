import { LineProcess } from "../../support/line_process.ts";
import type { CollectPlan, LoadPlan } from "./load_plan.ts";
import { lineOf, startLoadClient } from "./measure_load.ts";
import { RouterChain } from "./router_chain.ts";
import type { RouterKind } from "./router_kind.ts";
import type { Measures, Scenario } from "./scenario.ts";

const WINDOW = 1_000;

/**
 * The scenarios of a leaf that starts: how long until a client of it has all values that were written
 * at the other leaf before, from the start of its process and from the moment it listens.
 *
 * Leaves of clasp-fed and mosquitto have the values themselves then. With JetStream the values stay
 * at the hub, and a consumer reads them over the leaf, which keeps nothing: less work than a leaf with
 * a mirror of the stream has.
 */
export function syncScenarios(): readonly Scenario[] {
  return [
    syncScenario(10_000, { reach: 2, aim: 1.2 }),
    syncScenario(100_000, { reach: 1.5, aim: 1 }),
  ];
}

function syncScenario(
  params: number,
  limits: { readonly reach: number; readonly aim: number },
): Scenario {
  return {
    name: `sync-${params}`,
    title: `leaf B starts; until a client of it has ${params} values`,
    subjects: ["clasp-fed", "nats-jetstream", "mosquitto", "mosquitto-qos1"],
    targets: [
      { quantity: "startMs", against: "nats-jetstream", ...limits },
      { quantity: "openMs", against: "nats-jetstream", ...limits },
    ],
    run: ({ kind }) => measureSync(kind, params),
  };
}

async function measureSync(kind: RouterKind, params: number): Promise<Measures> {
  await using chain = await RouterChain.startWithoutB(kind);
  await fill(chain, params);
  const plan: CollectPlan = {
    protocol: kind.protocol === "nats" ? "jetstream" : kind.protocol,
    readerPort: chain.ports.b,
    addresses: params,
  };
  await using client = LineProcess.start("../bench/hops/collect_client.ts", JSON.stringify(plan));
  await lineOf(client, "ready");
  const startMs = Date.now();
  chain.launchB();
  const collected = chain.whileRunning(lineOf(client, "collected"));
  const { openMs, atMs, lost, wrong } = await collected;
  // That a value comes in a snapshot and as an update too is no fault.
  return { startMs: atMs - startMs, openMs: atMs - openMs, lost, wrong };
}

/** Writes each address once at leaf A and waits until a client of the hub has seen all. */
async function fill(chain: RouterChain, params: number): Promise<void> {
  const { ports, protocol } = chain;
  const plan: LoadPlan = {
    protocol,
    writerPort: ports.a,
    readerPort: ports.hub,
    readers: 1,
    addresses: params,
    warmUpSeconds: 0,
    messages: params,
    window: WINDOW,
    isConfirmed: protocol === "mqtt-qos1",
  };
  await using client = startLoadClient(plan);
  await chain.whileRunning(lineOf(client, "ready"));
  await client.say("go");
  const { result } = await chain.whileRunning(lineOf(client, "result"));
  if (result.lost + result.wrong > 0) throw new Error(`Lost: ${JSON.stringify(result)}`);
}
