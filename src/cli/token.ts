import { TOKEN_BYTES_MAX } from "../limits.ts";
import { CommandError } from "./command_error.ts";

/** How a token flag is explained in the help. */
export const TOKEN_HELP: string =
  "A value that starts with cap_ or cpsk_ is the token (who may list the " +
  "processes of this machine sees it), - is standard input, anything else a file (needs --allow-read)";

/** What to say of a token that stands on the command line itself, or undefined if it does not. */
export function exposureWarning(flag: string, value: string): string | undefined {
  if (!isToken(value)) return undefined;
  return `Whoever may list the processes of this machine sees the token in --${flag}; ` +
    `put it into a file that only you can read, and give its name: --${flag} FILE`;
}

/**
 * The token that the value of a token flag stands for.
 *
 * @throws {CommandError} when it cannot be read or is empty
 */
export async function readToken(flag: string, value: string): Promise<string> {
  return await readTokenArgument(`--${flag}`, value);
}

/**
 * The same for an argument beside the flags.
 *
 * @throws {CommandError} when it cannot be read or is empty
 */
export async function readTokenArgument(name: string, value: string): Promise<string> {
  if (isToken(value)) return value;
  const source = value === "-" ? "standard input" : `file "${value}"`;
  const text = value === "-" ? await readInput() : await readFile(name, value);
  const token = text.trim();
  if (token === "") throw new CommandError(`Cannot read ${name}: ${source} is empty`);
  if (token.length > TOKEN_BYTES_MAX) {
    throw new CommandError(
      `Cannot read ${name}: ${source} has more than ${TOKEN_BYTES_MAX} characters, which no token has`,
    );
  }
  return token;
}

function isToken(value: string): boolean {
  return /^(cap|cpsk)_/.test(value);
}

async function readInput(): Promise<string> {
  return await new Response(Deno.stdin.readable).text();
}

async function readFile(name: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new CommandError(`Cannot read ${name} from file "${path}": ${reasonOf(error, path)}`);
  }
}

function reasonOf(error: unknown, path: string): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `permission --allow-read="${path}" was not given to deno run`;
  }
  if (error instanceof Deno.errors.NotFound) {
    return "there is no such file (a token itself starts with cap_ or cpsk_)";
  }
  return error instanceof Error ? error.message : String(error);
}
