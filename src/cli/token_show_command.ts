import { tokenIdOf } from "../auth/token_record.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { oneLine, printLine } from "./output.ts";
import { timeText } from "./time_text.ts";
import {
  expiryText,
  findToken,
  TOKEN_FILE_FLAG,
  TOKEN_ID,
  tokenFacts,
  tokenName,
  tokenRecords,
} from "./token_file_options.ts";

/** `clasp-fed token show`: prints what is known of one token. */
export const TOKEN_SHOW_COMMAND: Command = {
  name: "token show",
  summary: "Print what a token file says of one token",
  positionals: [TOKEN_ID],
  flags: [TOKEN_FILE_FLAG, { name: "json", help: "Print an object" }],
  notes: [],
  examples: ["clasp-fed token show 3fa2", "clasp-fed token show - < site-a.token"],
  run: runTokenShow,
};

async function runTokenShow(args: CommandArguments): Promise<number> {
  const name = await tokenName(args);
  const record = findToken(await tokenRecords(args), name);
  if (args.has("json")) {
    printLine(JSON.stringify(tokenFacts(record)));
    return 0;
  }
  const rows: readonly (readonly [string, string])[] = [
    ["id", tokenIdOf(record)],
    ["subject", record.subject ?? "-"],
    ["scopes", record.scopes.all.map(({ text }) => text).join(", ")],
    ["created", timeText(record.createdAtSeconds)],
    ["expires", expiryText(record)],
  ];
  for (const [what, fact] of rows) printLine(`${what.padEnd(9)}${oneLine(fact)}`);
  return 0;
}
