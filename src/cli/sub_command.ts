import { parsePattern } from "../address/pattern.ts";
import type { Client } from "../edge/client.ts";
import type { SubscribeOptions } from "../edge/subscribe_options.ts";
import type { Update } from "../edge/update.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { checked, CONNECTION_FLAGS, serverUrl, withClient } from "./connection.ts";
import { printDiagnostic, printLine } from "./output.ts";
import { stopSignal } from "./stop_signal.ts";
import { readSubscribeOptions, SUBSCRIBE_FLAGS } from "./subscribe_flags.ts";
import { formatUpdate, formatUpdateAsJson } from "./update_text.ts";

/** `clasp-fed sub`: prints what changes, until it is stopped. */
export const SUB_COMMAND: Command = {
  name: "sub",
  summary: "Print params and signals as they come",
  positionals: [
    {
      name: "PATTERN",
      isOptional: true,
      help: "* is one segment, ** any number of them. Default /**",
    },
  ],
  flags: [
    ...CONNECTION_FLAGS,
    ...SUBSCRIBE_FLAGS,
    { name: "count", value: "NUMBER", help: "End after so many lines" },
    { name: "json", help: "Print each as an object on a line of its own" },
  ],
  notes: [
    "First come the params that there are, then a line on standard error, then what changes. " +
    "Ctrl-C ends it with exit code 0.",
  ],
  examples: [
    'clasp-fed sub "/site-a/**"',
    'clasp-fed sub "/*/cue" --types event --json --count 1',
    'clasp-fed sub "/site-a/fader/*" --history 10 --rate 5 --epsilon 0.01',
  ],
  run: runSub,
};

async function runSub(args: CommandArguments): Promise<number> {
  const pattern = checked(args.positional(0) ?? "/**", parsePattern);
  const count = args.integer("count", { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? Infinity;
  const options = readSubscribeOptions(args);
  const format = args.has("json") ? formatUpdateAsJson : formatUpdate;
  const url = serverUrl(args);
  const stopped = stopSignal();
  await withClient(args, async (client) => {
    const printed = printUpdates(client, { pattern, options, count, format });
    const lost = client.closed.then((reason) => {
      throw new CommandError(`The connection to ${url} is gone: ${reason || "closed"}`);
    });
    await Promise.race([printed, lost, stopped]);
  });
  return 0;
}

/** Resolves when so many updates were printed. */
async function printUpdates(
  client: Client,
  { pattern, options, count, format }: {
    readonly pattern: string;
    readonly options: SubscribeOptions;
    readonly count: number;
    readonly format: (update: Update) => string;
  },
): Promise<void> {
  const done = Promise.withResolvers<void>();
  let left = count;
  const print = (update: Update): void => {
    if (left === 0) return;
    try {
      printLine(format(update));
      left--;
      if (left === 0) done.resolve();
    } catch (error) {
      // Nobody reads any more; thrown from here, it would count as a bug of the connection.
      left = 0;
      done.reject(error);
    }
  };
  const subscribed = client.subscribe(pattern, print, options)
    .then(() => printDiagnostic(`Subscribed to ${pattern}`));
  await Promise.race([done.promise, Promise.all([subscribed, done.promise])]);
}
