import { BENCH_COMMAND } from "./bench_command.ts";
import type { Command } from "./command.ts";
import { EXPLAIN_COMMAND } from "./explain_command.ts";
import { GET_COMMAND } from "./get_command.ts";
import { INFO_COMMAND } from "./info_command.ts";
import { KEY_GENERATE_COMMAND } from "./key_generate_command.ts";
import { KEY_SHOW_COMMAND } from "./key_show_command.ts";
import { PUB_COMMAND } from "./pub_command.ts";
import { QUERY_COMMAND } from "./query_command.ts";
import { SERVER_COMMAND } from "./server_command.ts";
import { SET_COMMAND } from "./set_command.ts";
import { STATUS_COMMAND } from "./status_command.ts";
import { SUB_COMMAND } from "./sub_command.ts";
import { TOKEN_CAP_CREATE_COMMAND } from "./token_cap_create_command.ts";
import { TOKEN_CAP_DELEGATE_COMMAND } from "./token_cap_delegate_command.ts";
import { TOKEN_CAP_INSPECT_COMMAND } from "./token_cap_inspect_command.ts";
import { TOKEN_CAP_VERIFY_COMMAND } from "./token_cap_verify_command.ts";
import { TOKEN_CREATE_COMMAND } from "./token_create_command.ts";
import { TOKEN_LIST_COMMAND } from "./token_list_command.ts";
import { TOKEN_PRUNE_COMMAND } from "./token_prune_command.ts";
import { TOKEN_REVOKE_COMMAND } from "./token_revoke_command.ts";
import { TOKEN_SHOW_COMMAND } from "./token_show_command.ts";
import { VERIFY_COMMAND } from "./verify_command.ts";

/** All commands, as the help lists them. */
export const COMMANDS: readonly Command[] = [
  SERVER_COMMAND,
  SET_COMMAND,
  GET_COMMAND,
  PUB_COMMAND,
  SUB_COMMAND,
  QUERY_COMMAND,
  STATUS_COMMAND,
  VERIFY_COMMAND,
  EXPLAIN_COMMAND,
  BENCH_COMMAND,
  INFO_COMMAND,
  KEY_GENERATE_COMMAND,
  KEY_SHOW_COMMAND,
  TOKEN_CREATE_COMMAND,
  TOKEN_LIST_COMMAND,
  TOKEN_SHOW_COMMAND,
  TOKEN_REVOKE_COMMAND,
  TOKEN_PRUNE_COMMAND,
  TOKEN_CAP_CREATE_COMMAND,
  TOKEN_CAP_DELEGATE_COMMAND,
  TOKEN_CAP_INSPECT_COMMAND,
  TOKEN_CAP_VERIFY_COMMAND,
];
