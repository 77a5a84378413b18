import type { Command } from "./command.ts";
import { GET_COMMAND } from "./get_command.ts";
import { INFO_COMMAND } from "./info_command.ts";
import { PUB_COMMAND } from "./pub_command.ts";
import { SERVER_COMMAND } from "./server_command.ts";
import { SET_COMMAND } from "./set_command.ts";
import { SUB_COMMAND } from "./sub_command.ts";

/** All commands, as the help lists them. */
export const COMMANDS: readonly Command[] = [
  SERVER_COMMAND,
  SET_COMMAND,
  GET_COMMAND,
  PUB_COMMAND,
  SUB_COMMAND,
  INFO_COMMAND,
];
