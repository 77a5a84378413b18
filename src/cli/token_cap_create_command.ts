import { signCapability } from "../edge/auth/sign_capability.ts";
import { capabilityClaims, capabilityFlags, printCapability } from "./capability_options.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";

const EXPIRES_DEFAULT = "30d";

/** `clasp-fed token cap create`: signs a root token. */
export const TOKEN_CAP_CREATE_COMMAND: Command = {
  name: "token cap create",
  summary: "Create a capability token, signed by a trust anchor",
  positionals: [],
  flags: capabilityFlags(EXPIRES_DEFAULT),
  notes: [
    "write includes read, and admin includes both.",
    "The token goes to standard output. Routers accept it that have the public key of --key among " +
    "their trust anchors; nothing has to be told to them.",
  ],
  examples: [
    'clasp-fed token cap create --key root.key --scopes "write:/site-a/**" --expires 30d',
    'clasp-fed token cap create --key root.key --scopes "write:/**" --audience site-a.pub > site-a.cap',
  ],
  run: runTokenCapCreate,
};

async function runTokenCapCreate(args: CommandArguments): Promise<number> {
  const { key, claims } = await capabilityClaims(args, EXPIRES_DEFAULT);
  printCapability(await signCapability({ ...claims, links: [] }, key));
  return 0;
}
