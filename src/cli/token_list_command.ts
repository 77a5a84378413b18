import { tokenIdOf } from "../auth/token_record.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { oneLine, printDiagnostic, printLine } from "./output.ts";
import { expiryText, TOKEN_FILE_FLAG, tokenFacts, tokenRecords } from "./token_file_options.ts";

/** `clasp-fed token list`: prints what a token file has. */
export const TOKEN_LIST_COMMAND: Command = {
  name: "token list",
  summary: "Print the tokens of a token file: id, expiry, subject and scopes",
  positionals: [],
  flags: [TOKEN_FILE_FLAG, { name: "json", help: "Print an array of objects" }],
  notes: ["The tokens themselves are nowhere: the file has their hashes."],
  examples: ["clasp-fed token list --file /etc/clasp-fed/tokens"],
  run: runTokenList,
};

async function runTokenList(args: CommandArguments): Promise<number> {
  const records = await tokenRecords(args);
  if (args.has("json")) {
    printLine(JSON.stringify(records.map(tokenFacts)));
    return 0;
  }
  for (const record of records) {
    const scopes = record.scopes.all.map(({ text }) => text).join(", ");
    const subject = record.subject ?? "-";
    printLine(oneLine(`${tokenIdOf(record)}  ${expiryText(record)}  ${subject}  ${scopes}`));
  }
  if (records.length === 0) printDiagnostic("There are no tokens in it");
  return 0;
}
