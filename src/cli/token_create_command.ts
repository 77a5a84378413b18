import { subjectProblem } from "../auth/token_list.ts";
import { tokenIdOf, type TokenRecord } from "../auth/token_record.ts";
import { hashToken, newCpskToken } from "../edge/auth/cpsk_token.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { parseDuration } from "./duration_text.ts";
import { printDiagnostic, printLine } from "./output.ts";
import { scopesOption } from "./scopes_option.ts";
import {
  changeTokens,
  expiryText,
  TOKEN_FILE_FLAG,
  TOKEN_FILE_NOTE,
  tokenFilePath,
} from "./token_file_options.ts";
import { UsageError } from "./usage_error.ts";

/** `clasp-fed token create`: makes a CPSK token and adds it to a token file. */
export const TOKEN_CREATE_COMMAND: Command = {
  name: "token create",
  summary: "Create a CPSK token, and add it to a token file",
  positionals: [],
  flags: [
    TOKEN_FILE_FLAG,
    {
      name: "scopes",
      short: "s",
      value: "LIST",
      isList: true,
      help: 'What the token allows: read:, write: or admin: and a pattern, as "write:/site-a/**"',
    },
    {
      name: "subject",
      value: "NAME",
      help:
        "Whom it is for. Tokens of one subject stand for the same holder: when one is revoked, " +
        "who uses another has to connect again",
    },
    {
      name: "expires",
      short: "e",
      value: "TIME",
      help: "How long it is good for, as 90s, 30m, 24h, 30d or 2w. Default: until it is revoked",
    },
  ],
  notes: [
    "write includes read, and admin includes both.",
    "The token goes to standard output, this once: the file has only its hash.",
    TOKEN_FILE_NOTE,
  ],
  examples: [
    'clasp-fed token create --scopes "read:/**,write:/site-a/**" --subject site-a > site-a.token',
  ],
  run: runTokenCreate,
};

async function runTokenCreate(args: CommandArguments): Promise<number> {
  const scopes = scopesOption(args);
  const subject = args.text("subject");
  const problem = subject === undefined ? undefined : subjectProblem(subject);
  if (problem !== undefined) throw new UsageError(`--subject: ${problem}`);
  const expires = args.text("expires");
  const createdAtSeconds = Math.floor(Date.now() / 1_000);
  const token = newCpskToken();
  const record: TokenRecord = {
    sha256: hashToken(token).toHex(),
    subject,
    scopes,
    createdAtSeconds,
    expiresAtSeconds: expires === undefined
      ? undefined
      : createdAtSeconds + parseDuration("expires", expires),
  };
  await changeTokens(args, (records) => [...records, record]);
  printLine(token);
  printDiagnostic(
    `Token ${tokenIdOf(record)} in ${tokenFilePath(args)} allows ` +
      `${scopes.all.map(({ text }) => text).join(", ")}; expires: ${expiryText(record)}`,
  );
  printDiagnostic("It is not shown again; whoever has it can use it");
  return 0;
}
