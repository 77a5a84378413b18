import type { CapabilityToken } from "../auth/capability_token.ts";
import { decodeCapability } from "../auth/decode_capability.ts";
import { TokenError } from "../auth/token_error.ts";
import type { Positional } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { readTokenArgument } from "./token.ts";

/** The argument of every command that looks at a token. */
export const CAPABILITY_ARGUMENT: Positional = {
  name: "TOKEN",
  help: "The token, which starts with cap_ (who may list the processes of this machine sees it); " +
    "- is standard input, anything else a file (needs --allow-read)",
};

/** The text of the token that a command is about. @throws {CommandError} when it cannot be read */
export async function capabilityText(args: CommandArguments): Promise<string> {
  return await readTokenArgument("TOKEN", args.positional(0) ?? "");
}

/** The token itself. @throws {CommandError} when it cannot be read, or is none */
export async function capabilityArgument(args: CommandArguments): Promise<CapabilityToken> {
  const text = await capabilityText(args);
  return asCommandError(() => decodeCapability(text));
}

/** Does something with a token; what is wrong with it is told to the user. */
export function asCommandError<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof TokenError) throw new CommandError(error.message);
    throw error;
  }
}
