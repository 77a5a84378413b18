import { tokenIdOf } from "../auth/token_record.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { printLine } from "./output.ts";
import {
  changeTokens,
  findToken,
  TOKEN_FILE_FLAG,
  TOKEN_FILE_NOTE,
  TOKEN_ID,
  tokenName,
} from "./token_file_options.ts";

/** `clasp-fed token revoke`: takes a token out of a token file. */
export const TOKEN_REVOKE_COMMAND: Command = {
  name: "token revoke",
  summary: "Take a token out of a token file: routers let nobody in by it any more",
  positionals: [TOKEN_ID],
  flags: [TOKEN_FILE_FLAG],
  notes: ["Who is connected by it is disconnected.", TOKEN_FILE_NOTE],
  examples: ["clasp-fed token revoke 3fa2"],
  run: runTokenRevoke,
};

async function runTokenRevoke(args: CommandArguments): Promise<number> {
  const name = await tokenName(args);
  let id = "";
  await changeTokens(args, (records) => {
    const revoked = findToken(records, name);
    id = tokenIdOf(revoked);
    return records.filter((record) => record !== revoked);
  });
  printLine(`Revoked ${id}`);
  return 0;
}
