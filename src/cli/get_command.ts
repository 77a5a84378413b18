import { parseAddress } from "../address/address.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { checked, CONNECTION_FLAGS, withClient } from "./connection.ts";
import { printLine } from "./output.ts";
import { ADDRESS } from "./set_command.ts";
import { formatParamAsJson } from "./update_text.ts";
import { formatValue } from "./value_text.ts";

/** `clasp-fed get`: prints the value of a param. */
export const GET_COMMAND: Command = {
  name: "get",
  summary: "Print the value of a param as JSON",
  positionals: [ADDRESS],
  flags: [
    ...CONNECTION_FLAGS,
    { name: "json", help: "Print an object with address, value, type and revision" },
  ],
  notes: [
    "An integer is printed as 1, a float as 1.0. What JSON has no form for becomes a string: " +
    '"NaN", "Infinity", "-Infinity", and bytes as "base64:...".',
  ],
  examples: ["clasp-fed get /site-a/lights/1", "clasp-fed get /site-a/lights/1 --json"],
  run: runGet,
};

async function runGet(args: CommandArguments): Promise<number> {
  const address = checked(args.positional(0) ?? "", parseAddress);
  const param = await withClient(args, (client) => client.getParam(address));
  printLine(args.has("json") ? formatParamAsJson(param) : formatValue(param.encoded));
  return 0;
}
