import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { readConfigFile } from "./config_file.ts";
import { ConfigFileError } from "./config_file_error.ts";
import { inKeys } from "./config_words.ts";
import { type ServerOptions, serverOptions } from "./server_options.ts";
import { UsageError } from "./usage_error.ts";

/** What `clasp-fed server` was told: by flags and, below them, by a configuration file. */
export interface ServerSettings {
  /** Both together. */
  readonly args: CommandArguments;
  readonly options: ServerOptions;
  /** What was typed. */
  readonly typed: CommandArguments;
  /** The file, if there is one. */
  readonly path: string | undefined;
  /** Whether every user of this machine can read it. */
  readonly isPublic: boolean;
  /** Does something that may complain of a flag; if the file said it, the complaint says where. */
  readonly inItsWords: <T>(act: () => T | Promise<T>) => Promise<T>;
}

/**
 * Reads the configuration file that the flags name, and the settings.
 *
 * @throws {UsageError} when a value cannot be understood or two contradict each other
 * @throws {CommandError} when the file cannot be read
 */
export async function readServerSettings(typed: CommandArguments): Promise<ServerSettings> {
  const path = typed.text("config");
  const file = path === undefined ? undefined : await readConfigFile(path);
  const args = file === undefined ? typed : typed.withDefaults(file.values);
  const inItsWords = async <T>(act: () => T | Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw path === undefined ? error : withKeys(error, { path, typed });
    }
  };
  const options = await inItsWords(() => serverOptions(args));
  return { typed, args, options, path, isPublic: file?.isPublic ?? false, inItsWords };
}

function withKeys(
  error: unknown,
  { path, typed }: { readonly path: string; readonly typed: CommandArguments },
): unknown {
  const isComplaint = error instanceof UsageError || error instanceof CommandError;
  if (!isComplaint) return error;
  const message = inKeys(error.message, (flag) => typed.has(flag));
  if (message === error.message) return error;
  const text = `${path}: ${message}`;
  return error instanceof UsageError ? new ConfigFileError(text) : new CommandError(text);
}
