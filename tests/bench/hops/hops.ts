/**
 * What an update costs on its way over three routers, beside other products: a client writes at leaf
 * A, others read at leaf B, and a hub is between the two.
 *
 *     deno task bench:hops [--rounds=3] [--only=fire,sync-10000] [--subjects=clasp-fed,nats]
 *                          [--messages=200000] [--json] [--smoke]
 *
 * What is compared, and why that is fair:
 *
 * - Only the CPU of the three routers is counted, of all their threads. The load client is a process
 *   of its own and the same for all; only the bytes that it writes and reads differ. It uses bare
 *   TCP, not a client library, so that it keeps up with the routers.
 * - All write the same: a number of 8 bytes to one of 1,000 addresses of 20 characters (21 in CLASP,
 *   with its first slash). In CLASP each SET is a WebSocket message, as its public clients send it, in
 *   NATS a PUB, in MQTT a PUBLISH. What a client writes in one turn leaves in one TCP write, whatever
 *   the protocol.
 * - Each update is followed to each reader: lost ones, repeated ones, and addresses that show
 *   something else last than was written last are counted. Faster by losing is not faster.
 * - nats keeps no values, mosquitto retains them, nats-jetstream keeps the last one of each subject at
 *   its hub, clasp-fed keeps all values at each of its routers.
 * - relay and relay-joined copy bytes and do nothing else: what Deno itself costs.
 * - Every run is of fresh processes; those that compile while they run are warmed up first. In each
 *   round all subjects run once. Ratios are made within a round.
 *
 * The time of an update is from the write at A to the read of the chunk at B that it came in. With a
 * window it tells how much is under way; what a router adds to a single update is in "light".
 *
 * All of it takes a quarter of an hour. Nothing else should run meanwhile: spreads tell whether
 * something did. Peers that are not installed are left out: `apt-get install -y nats-server mosquitto`. CPU is read
 * from /proc, so this runs on Linux only.
 *
 * @module
 */
import { loadScenarios } from "./load_scenarios.ts";
import { machineFacts } from "./machine_facts.ts";
import { readOptions } from "./read_options.ts";
import { RECONNECT_SCENARIO } from "./reconnect_scenario.ts";
import { runScenario } from "./run_scenario.ts";
import type { Scenario } from "./scenario.ts";
import type { ScenarioResult } from "./scenario_result.ts";
import { scenarioTable } from "./scenario_table.ts";
import { smokeScenario } from "./smoke_scenario.ts";
import { syncScenarios } from "./sync_scenarios.ts";

const options = readOptions(Deno.args, allScenarios().map(({ name }) => name));
const facts = machineFacts();
const results: ScenarioResult[] = [];
if (!options.isJson) console.log(`${Object.values(facts).join(", ")}\n`);
for (const scenario of chosenScenarios()) {
  const onNote = (note: string): void => console.error(note);
  const result = await runScenario(scenario, { ...options, onNote });
  results.push(result);
  if (!options.isJson) console.log(scenarioTable(result));
}
if (options.isJson) console.log(JSON.stringify({ facts, scenarios: results }, undefined, 2));
Deno.exit(results.every(isSound) ? 0 : 1);

function allScenarios(messages?: number): readonly Scenario[] {
  return [...loadScenarios(messages), ...syncScenarios(), RECONNECT_SCENARIO];
}

function chosenScenarios(): readonly Scenario[] {
  if (options.isSmoke) return [smokeScenario(options.messages)];
  return allScenarios(options.messages).filter(({ name }) => options.only.includes(name));
}

/** A target that is missed is a fault only where one asks for nothing else. */
function isSound(result: ScenarioResult): boolean {
  const isSlow = result.targets.some(({ verdict }) => verdict === "MISSED");
  return !result.faulty.includes("clasp-fed") && !(options.isSmoke && isSlow);
}
