import type { Client, ClockFacts } from "../edge/client.ts";
import { ClientError } from "../edge/client_error.ts";
import { VERSION } from "../edge/version.ts";
import { UPLINK_ADDRESS } from "../router/reserved.ts";
import { buildFacts } from "./build_facts.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CONNECTION_FLAGS, serverUrl, withClient } from "./connection.ts";
import { oneLine, printLine } from "./output.ts";
import { toJsonValue } from "./to_json_value.ts";

/** The clock is asked so often; the shortest round trip counts. */
const CLOCK_ROUNDS = 5;
const LABEL_WIDTH = 14;

/** `clasp-fed info`: prints what this program is and, of a router, what it says of itself. */
export const INFO_COMMAND: Command = {
  name: "info",
  summary: "Print what this program is; with --server, what a router says of itself",
  positionals: [],
  flags: [...CONNECTION_FLAGS, { name: "json", help: "Print an object" }],
  notes: [
    "Without --server no router is asked. The clock offset is what to add to this machine's clock for " +
    "the router's time. The uplink is a leaf's way to its hub.",
  ],
  examples: ["clasp-fed info --json", "clasp-fed info --server ws://hub:7330"],
  run: runInfo,
};

async function runInfo(args: CommandArguments): Promise<number> {
  const build = buildFacts();
  const isAsked = ["server", "token", "ca"].some((flag) => args.has(flag));
  const router = isAsked ? await routerFacts(args) : undefined;
  if (args.has("json")) {
    printLine(JSON.stringify({ ...router, clientVersion: VERSION, build }));
    return 0;
  }
  const compiled = build.compiled ? "one binary" : "run from its sources";
  printRows([
    ...(router === undefined ? [] : routerRows(router)),
    ["this command", `clasp-fed ${build.version}, ${compiled}`],
    ["built with", `deno ${build.deno}, V8 ${build.v8}, ${build.target}`],
  ]);
  return 0;
}

interface AskedRouter {
  readonly server: string;
  readonly name: string;
  readonly features: readonly string[];
  readonly session: string;
  readonly roundTripMs: number;
  readonly clockOffsetMs: number;
  /** The param in which a leaf tells of its way to the hub; null when it has none. */
  readonly uplink: Readonly<Record<string, unknown>> | null;
}

async function routerFacts(args: CommandArguments): Promise<AskedRouter> {
  const server = serverUrl(args);
  return await withClient(args, async (client) => {
    const clock = await measureClock(client);
    const { name, features, session } = client.router;
    return {
      server,
      name,
      features,
      session,
      roundTripMs: clock.roundTripMicros / 1_000,
      clockOffsetMs: clock.offsetMicros / 1_000,
      uplink: features.includes("federation") ? await uplinkOf(client) : null,
    };
  });
}

/** What a token does not let it read is not told. */
async function uplinkOf(client: Client): Promise<AskedRouter["uplink"]> {
  try {
    const value = toJsonValue(await client.get(UPLINK_ADDRESS));
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch (error) {
    if (error instanceof ClientError) return null;
    throw error;
  }
}

function routerRows(router: AskedRouter): (readonly [string, string])[] {
  const { uplink } = router;
  return [
    ["server", router.server],
    ["name", router.name],
    ["features", router.features.join(", ")],
    ["session", router.session],
    ["round trip", `${router.roundTripMs.toFixed(3)} ms`],
    ["clock offset", `${router.clockOffsetMs.toFixed(3)} ms`],
    ...(uplink === null ? [] : [["uplink", uplinkText(uplink)] as const]),
  ];
}

function uplinkText(uplink: Readonly<Record<string, unknown>>): string {
  const { state, hub, router, rttMs, reason } = uplink;
  const isUp = state === "Active";
  const more = isUp ? `round trip ${rttMs} ms` : String(reason || "no reason given");
  return `${state}, hub "${router}" at ${hub}, ${more}`;
}

function printRows(rows: readonly (readonly [string, string])[]): void {
  for (const [what, fact] of rows) printLine(`${what.padEnd(LABEL_WIDTH)}${oneLine(fact)}`);
}

async function measureClock(client: Client): Promise<ClockFacts> {
  let best = await client.measureClock();
  for (let round = 1; round < CLOCK_ROUNDS; round++) {
    const next = await client.measureClock();
    if (next.roundTripMicros < best.roundTripMicros) best = next;
  }
  return best;
}
