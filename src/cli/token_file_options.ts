/**
 * What the commands that manage a token file have in common.
 *
 * @module
 */

import { tokenIdOf, type TokenRecord } from "../auth/token_record.ts";
import { changeTokenFile } from "../edge/auth/change_token_file.ts";
import { CPSK_PREFIX, hashToken } from "../edge/auth/cpsk_token.ts";
import { readTokenFile } from "../edge/auth/read_token_file.ts";
import { TokenFileError } from "../edge/auth/token_file_error.ts";
import type { Flag, Positional } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { timeText } from "./time_text.ts";
import { readTokenArgument } from "./token.ts";

const DEFAULT_FILE = "clasp-fed.tokens";

/** Flag of every command about a token file. */
export const TOKEN_FILE_FLAG: Flag = {
  name: "file",
  short: "f",
  value: "FILE",
  help: `The token file, as routers are given it with --tokens. Default ${DEFAULT_FILE}`,
};
/** What those that change it need. */
export const TOKEN_FILE_NOTE: string =
  "Writing the file needs --allow-read and --allow-write for its directory. Only its owner can read " +
  "it. Routers that run notice a change within a second.";
/** How a token of the file is named. */
export const TOKEN_ID: Positional = {
  name: "ID",
  help:
    "The token's id, or the beginning of it, as token list prints it; or the token itself, of " +
    "which - is read from standard input",
};

/** The token file that a command is about. */
export function tokenFilePath(args: CommandArguments): string {
  return args.text("file") ?? DEFAULT_FILE;
}

/** Reads the token file. @throws {CommandError} when it cannot be used */
export async function tokenRecords(args: CommandArguments): Promise<readonly TokenRecord[]> {
  return await asCommandError(async () => (await readTokenFile(tokenFilePath(args))).records);
}

/** Changes the token file. @throws {CommandError} when it cannot be used or written */
export async function changeTokens(
  args: CommandArguments,
  change: (records: readonly TokenRecord[]) => readonly TokenRecord[],
): Promise<void> {
  await asCommandError(() => changeTokenFile(tokenFilePath(args), change));
}

/** What a command names a token by, read before the file is. */
export async function tokenName(args: CommandArguments): Promise<string> {
  const text = args.positional(0) ?? "";
  const isToken = text === "-" || text.startsWith(CPSK_PREFIX);
  if (!isToken) return text.toLowerCase();
  return hashToken(await readTokenArgument("ID", text)).toHex();
}

/** The only token that a name can mean. @throws {CommandError} when there is none, or several are */
export function findToken(records: readonly TokenRecord[], name: string): TokenRecord {
  const found = records.filter(({ sha256 }) => sha256.startsWith(name));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  // A name may be a hash, of a token that was typed: neither is shown.
  if (only === undefined) throw new CommandError("There is no such token; see token list");
  const ids = found.slice(0, 5).map(tokenIdOf).join(", ");
  throw new CommandError(`${found.length} tokens begin like this: ${ids}; give more of the id`);
}

/** A token's end for people. */
export function expiryText({ expiresAtSeconds }: TokenRecord): string {
  if (expiresAtSeconds === undefined) return "never";
  const time = timeText(expiresAtSeconds);
  return isExpired({ expiresAtSeconds }) ? `expired ${time}` : time;
}

/** Whether a token's time is over. */
export function isExpired(
  { expiresAtSeconds = Infinity }: Pick<TokenRecord, "expiresAtSeconds">,
): boolean {
  return Date.now() >= expiresAtSeconds * 1_000;
}

/** A token for scripts. */
export function tokenFacts(record: TokenRecord): Record<string, unknown> {
  const { subject = null, scopes, createdAtSeconds, expiresAtSeconds = null } = record;
  return {
    id: tokenIdOf(record),
    subject,
    scopes: scopes.all.map(({ text }) => text),
    createdAtSeconds,
    expiresAtSeconds,
    expired: isExpired(record),
  };
}

async function asCommandError<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof TokenFileError) throw new CommandError(error.message);
    throw error;
  }
}
