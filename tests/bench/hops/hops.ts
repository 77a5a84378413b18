/**
 * What an update costs on its way over three routers, beside other products: a client writes at leaf
 * A, others read at leaf B, and a hub is between the two.
 *
 *     deno task bench:hops [--rounds=3] [--only=fire,sync-10000] [--subjects=clasp-fed,nats]
 *                          [--messages=200000] [--json] [--smoke] [--help]
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
 * - Every run is of fresh processes. What is compared is routers that have run for a while, so each is
 *   warmed up first, by time and not by number: with the very load of the scenario for 3 seconds at
 *   full speed, and at the pace of the scenario for another if it has one. The rule is the same for
 *   all, those that are compiled beforehand included. (The syncs are of routers that start.)
 * - In each round all subjects run once. Ratios are made within a round.
 *
 * The time of an update is from the write at A to the read of the chunk at B that it came in. With a
 * window it tells how much is under way; what a router adds to a single update is in "light".
 *
 * All of it takes a quarter of an hour. Nothing else should run meanwhile: spreads tell whether
 * something did. Peers that are not installed are left out: `apt-get install -y nats-server
 * mosquitto`. CPU is read from /proc, so this runs on Linux only.
 *
 * A subject that does not start, ends, or brings nothing is left out of that round: its table says
 * why, the run goes on, and the exit code is 1. Ctrl-C and SIGTERM end all routers too.
 *
 * @module
 */
import { endAllOnSignal } from "./end_all_on_signal.ts";
import { loadScenarios } from "./load_scenarios.ts";
import { machineFacts } from "./machine_facts.ts";
import { HOPS_FLAGS, readOptions } from "./read_options.ts";
import { RECONNECT_SCENARIO } from "./reconnect_scenario.ts";
import { runScenario } from "./run_scenario.ts";
import type { Scenario } from "./scenario.ts";
import type { ScenarioResult } from "./scenario_result.ts";
import { scenarioTable } from "./scenario_table.ts";
import { smokeScenario } from "./smoke_scenario.ts";
import { syncScenarios } from "./sync_scenarios.ts";

const options = readOptions(Deno.args, allScenarios().map(({ name }) => name));
if (options.isHelp) {
  console.log(`deno task bench:hops ${HOPS_FLAGS}`);
  console.log(`scenarios: ${options.only.join(", ")}`);
  console.log(`subjects: ${options.subjects.join(", ")}`);
  Deno.exit(0);
}
endAllOnSignal();
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

/** All have run. A target that is missed is a fault only where one asks for nothing else. */
function isSound(result: ScenarioResult): boolean {
  const isSlow = result.targets.some(({ verdict }) => verdict === "MISSED");
  return result.failed.length === 0 && !result.faulty.includes("clasp-fed") &&
    !(options.isSmoke && isSlow);
}
