import { TokenFileAuthority } from "../edge/auth/token_file_authority.ts";
import { TokenFileError } from "../edge/auth/token_file_error.ts";
import { CommandError } from "./command_error.ts";

/**
 * Who decides on tokens by a token file; nobody without one.
 *
 * @throws {CommandError} when the file cannot be used
 */
export async function openTokenAuthority(
  path: string | undefined,
): Promise<TokenFileAuthority | undefined> {
  if (path === undefined) return undefined;
  try {
    return await TokenFileAuthority.open(path);
  } catch (error) {
    if (error instanceof TokenFileError) throw new CommandError(`--tokens: ${error.message}`);
    throw error;
  }
}
