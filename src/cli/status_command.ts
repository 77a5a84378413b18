import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { CONNECTION_FLAGS } from "./connection.ts";
import { oneLine, printDiagnostic, printLine } from "./output.ts";
import { StatusSource } from "./status_source.ts";
import { statusText } from "./status_text.ts";
import { stopSignal } from "./stop_signal.ts";

const WATCH_INTERVAL_MS = 1_000;
/** From the upper left corner, with nothing below. */
const REDRAW = "\x1b[H\x1b[2J\x1b[3J";
/** Lines of each list on a terminal; a pipe gets all. */
const TERMINAL_ROWS_MAX = 200;

/** `clasp-fed status`: draws how a router and its links are. */
export const STATUS_COMMAND: Command = {
  name: "status",
  summary: "Show how a router and its links are: states, rates, namespaces, queues",
  positionals: [],
  flags: [
    ...CONNECTION_FLAGS,
    { name: "watch", short: "w", help: "Draw it anew each second, until Ctrl-C" },
    { name: "json", help: "Print the object that the router has at /status" },
  ],
  notes: [
    "It reads /status over HTTP on the router's port (https for wss://). A router in authenticated " +
    "mode wants a token with the scope admin:/**.",
    "IN/s and OUT/s are versions and events a second, over the last 5 s.",
  ],
  examples: [
    "clasp-fed status --server ws://hub:7330 --watch",
    "clasp-fed status --json",
  ],
  run: runStatus,
};

async function runStatus(args: CommandArguments): Promise<number> {
  using source = await StatusSource.open(args);
  const isJson = args.has("json");
  if (args.has("watch")) await watch(source, { isJson });
  else printLine(await draw(source, { isJson }));
  return 0;
}

async function watch(
  source: StatusSource,
  { isJson }: { readonly isJson: boolean },
): Promise<void> {
  const stopped = stopSignal().then(() => true);
  const isRedrawn = !isJson && Deno.stdout.isTerminal();
  for (;;) {
    try {
      const text = await draw(source, { isJson });
      printLine(isRedrawn ? REDRAW + text : isJson ? text : `${text}\n`);
    } catch (error) {
      // It may be back in a moment: that is what one watches for.
      if (!(error instanceof CommandError)) throw error;
      if (isRedrawn) printLine(REDRAW + oneLine(error.message));
      else printDiagnostic(`clasp-fed: ${oneLine(error.message)}`);
    }
    if (await Promise.race([stopped, pause(WATCH_INTERVAL_MS)])) return;
  }
}

async function draw(
  source: StatusSource,
  { isJson }: { readonly isJson: boolean },
): Promise<string> {
  const { status, text } = await source.read();
  if (isJson) return text;
  const isTerminal = Deno.stdout.isTerminal();
  return statusText(status, source.server, {
    hasColor: isTerminal && !Deno.noColor,
    rowsMax: isTerminal ? TERMINAL_ROWS_MAX : Infinity,
  });
}

async function pause(ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  await promise;
  return false;
}
