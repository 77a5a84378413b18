import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { checkedUrl, CONNECTION_FLAGS, serverUrl, withClients } from "./connection.ts";
import { printDiagnostic, printLine } from "./output.ts";
import { BENCH_ROOT, type BenchResult, LinkBench } from "./link_bench.ts";

const MESSAGES = 1_000;
const MESSAGES_MAX = 1_000_000;
const RATE = 200;
const RATE_MAX = 100_000;

/** `clasp-fed bench`: measures how a router, or the way between two, does on site. */
export const BENCH_COMMAND: Command = {
  name: "bench",
  summary: "Measure how long writes take from one router to another, and what is lost",
  positionals: [],
  flags: [
    ...CONNECTION_FLAGS,
    { name: "to", value: "URL", help: "Where the writes are to be seen. Default: the same router" },
    { name: "messages", value: "COUNT", help: `Writes. Default ${MESSAGES}` },
    {
      name: "rate",
      value: "COUNT",
      help: `Writes a second; 0 is as fast as the routers answer. Default ${RATE}`,
    },
    { name: "json", help: "Print an object" },
  ],
  notes: [
    `It writes: ten params below ${BENCH_ROOT}/, of a random name, which expire a minute after the ` +
    "last write. Do not run it at full rate during a show.",
    "seen: from the write until it is shown at the other router. answered: until its ACK, which " +
    "comes from the owner, for these addresses mostly the root. conflated: a newer value came first, " +
    "which is what routers do for a slow reader. lost: neither it nor a newer one came within 5 s; " +
    "then the exit code is 1.",
  ],
  examples: [
    "clasp-fed bench --server ws://site-a:7330 --to ws://site-b:7330",
    "clasp-fed bench --messages 10000 --rate 0 --json",
  ],
  run: runBench,
};

async function runBench(args: CommandArguments): Promise<number> {
  const from = serverUrl(args);
  const to = checkedUrl("--to", args.text("to") ?? from);
  const messages = args.integer("messages", { min: 1, max: MESSAGES_MAX }) ?? MESSAGES;
  const rate = args.integer("rate", { min: 0, max: RATE_MAX }) ?? RATE;
  const result = await withClients(args, [from, to], async ([writer, reader]) => {
    if (writer === undefined || reader === undefined) throw new TypeError("Two clients are needed");
    const bench = new LinkBench({ writer, reader, messages, rate });
    printDiagnostic(`Writing ${messages} values below ${bench.root}/, which expire in a minute`);
    return await bench.run();
  });
  if (args.has("json")) printLine(JSON.stringify({ from, to, ...result }));
  else print({ from, to }, result);
  const { lost, refused, firstRefusal } = result;
  if (refused > 0) throw new CommandError(`${refused} writes were refused: ${firstRefusal}`);
  if (lost > 0) throw new CommandError(`${lost} writes were not seen at ${to}; is the link up?`);
  return 0;
}

function print(
  { from, to }: { readonly from: string; readonly to: string },
  result: BenchResult,
): void {
  const rows: readonly (readonly [string, string])[] = [
    ["from", from],
    ["to", to],
    ["writes", `${result.messages} in ${result.seconds.toFixed(1)} s, ${result.perSecond}/s`],
    ["seen", timesText(result.seenMs)],
    ["answered", timesText(result.answeredMs)],
    ["conflated", String(result.conflated)],
    ["lost", String(result.lost)],
    ["refused", String(result.refused)],
  ];
  for (const [what, fact] of rows) printLine(`${what.padEnd(11)}${fact}`);
}

function timesText({ p50, p99, max }: BenchResult["seenMs"]): string {
  if (p50 === null || p99 === null || max === null) return "none";
  return `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, max ${max.toFixed(2)} ms`;
}
