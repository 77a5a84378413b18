import type { Client, ClockFacts } from "../edge/client.ts";
import { VERSION } from "../edge/version.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CONNECTION_FLAGS, serverUrl, withClient } from "./connection.ts";
import { oneLine, printLine } from "./output.ts";

/** The clock is asked so often; the shortest round trip counts. */
const CLOCK_ROUNDS = 5;

/** `clasp-fed info`: prints what a router says of itself. */
export const INFO_COMMAND: Command = {
  name: "info",
  summary: "Print what a router says of itself, and how far away it is",
  positionals: [],
  flags: [...CONNECTION_FLAGS, { name: "json", help: "Print an object" }],
  notes: ["The clock offset is what to add to this machine's clock for the router's time."],
  examples: ["clasp-fed info --server ws://hub:7330"],
  run: runInfo,
};

async function runInfo(args: CommandArguments): Promise<number> {
  const server = serverUrl(args);
  const { router, clock } = await withClient(args, async (client) => ({
    router: client.router,
    clock: await measureClock(client),
  }));
  const facts = {
    server,
    name: router.name,
    features: router.features,
    session: router.session,
    roundTripMs: clock.roundTripMicros / 1_000,
    clockOffsetMs: clock.offsetMicros / 1_000,
    clientVersion: VERSION,
  };
  if (args.has("json")) {
    printLine(JSON.stringify(facts));
    return 0;
  }
  const rows: readonly (readonly [string, string])[] = [
    ["server", server],
    ["name", facts.name],
    ["features", facts.features.join(", ")],
    ["session", facts.session],
    ["round trip", `${facts.roundTripMs.toFixed(3)} ms`],
    ["clock offset", `${facts.clockOffsetMs.toFixed(3)} ms`],
    ["this command", `clasp-fed ${VERSION}`],
  ];
  for (const [what, fact] of rows) printLine(`${what.padEnd(14)}${oneLine(fact)}`);
  return 0;
}

async function measureClock(client: Client): Promise<ClockFacts> {
  let best = await client.measureClock();
  for (let round = 1; round < CLOCK_ROUNDS; round++) {
    const next = await client.measureClock();
    if (next.roundTripMicros < best.roundTripMicros) best = next;
  }
  return best;
}
