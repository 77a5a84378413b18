import { UsageError } from "./usage_error.ts";

/** A configuration file is wrong: exit code 2. The message names the file, the key and the cure. */
export class ConfigFileError extends UsageError {
  override readonly name: string = "ConfigFileError";
}
