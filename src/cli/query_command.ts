import { parsePattern } from "../address/pattern.ts";
import type { AnnouncedSignal } from "../edge/query_answers.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { checked, CONNECTION_FLAGS, withClient } from "./connection.ts";
import { oneLine, printDiagnostic, printLine } from "./output.ts";

/** `clasp-fed query`: prints the signals that clients have announced. */
export const QUERY_COMMAND: Command = {
  name: "query",
  summary: "Print the signals that clients of any site have announced",
  positionals: [{ name: "PATTERN", help: "An address or a pattern, as /site-a/**" }],
  flags: [...CONNECTION_FLAGS, { name: "json", help: "Print each as an object on its own line" }],
  notes: [
    "A client announces what it offers; params that are set without that are not among them: see " +
    "clasp-fed sub. Without any the exit code is 0, too.",
  ],
  examples: ['clasp-fed query "/site-a/**"', "clasp-fed query /site-a/lights/1 --json"],
  run: runQuery,
};

async function runQuery(args: CommandArguments): Promise<number> {
  const pattern = checked(args.positional(0) ?? "", parsePattern);
  const signals = await withClient(args, (client) => client.query(pattern));
  for (const signal of signals) {
    printLine(args.has("json") ? JSON.stringify(signal) : describe(signal));
  }
  if (signals.length === 0 && !args.has("json")) {
    printDiagnostic(`Nobody has announced a signal at ${pattern}`);
  }
  return 0;
}

function describe({ address, kind, datatype, access }: AnnouncedSignal): string {
  const facts = [kind, ...(datatype === undefined ? [] : [datatype])];
  const more = access === undefined ? "" : ` (${access})`;
  return oneLine(`${address} ${facts.join(" ")}${more}`);
}
