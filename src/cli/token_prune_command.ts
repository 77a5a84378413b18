import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { printLine } from "./output.ts";
import { changeTokens, isExpired, TOKEN_FILE_FLAG, TOKEN_FILE_NOTE } from "./token_file_options.ts";

/** `clasp-fed token prune`: takes expired tokens out of a token file. */
export const TOKEN_PRUNE_COMMAND: Command = {
  name: "token prune",
  summary: "Take the tokens that have expired out of a token file",
  positionals: [],
  flags: [TOKEN_FILE_FLAG],
  notes: [TOKEN_FILE_NOTE],
  examples: ["clasp-fed token prune --file /etc/clasp-fed/tokens"],
  run: runTokenPrune,
};

async function runTokenPrune(args: CommandArguments): Promise<number> {
  let count = 0;
  await changeTokens(args, (records) => {
    const kept = records.filter((record) => !isExpired(record));
    count = records.length - kept.length;
    return count === 0 ? records : kept;
  });
  printLine(`Pruned ${count}`);
  return 0;
}
