import type { CommandArguments } from "./command_arguments.ts";
import { configureLog, LOG_LEVELS } from "./log_output.ts";

/** Logs as the flags of `clasp-fed server` say. */
export function configureServerLog(args: CommandArguments): void {
  configureLog({
    level: args.oneOf("log-level", LOG_LEVELS) ?? "info",
    isJson: args.has("json-logs"),
  });
}
