import type { CapabilityToken } from "../auth/capability_token.ts";
import { delegateCapability } from "../auth/delegate_capability.ts";
import { signatureCheck } from "../auth/examine_capability.ts";
import { tokenLevels } from "../auth/token_levels.ts";
import { signCapability } from "../edge/auth/sign_capability.ts";
import { verifySignatures } from "../edge/auth/verify_signatures.ts";
import { asCommandError, CAPABILITY_ARGUMENT, capabilityArgument } from "./capability_argument.ts";
import { capabilityClaims, capabilityFlags, printCapability } from "./capability_options.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { printDiagnostic } from "./output.ts";
import { timeText } from "./time_text.ts";

const EXPIRES_DEFAULT = "7d";

/** `clasp-fed token cap delegate`: signs a token with less than another one. */
export const TOKEN_CAP_DELEGATE_COMMAND: Command = {
  name: "token cap delegate",
  summary: "Make a capability token that allows less than one you were given",
  positionals: [CAPABILITY_ARGUMENT],
  flags: capabilityFlags(EXPIRES_DEFAULT),
  notes: [
    "TOKEN must have been made for the public key of --key (see --audience). The new token allows " +
    "at most what TOKEN does, and no longer. It contains all of TOKEN, so that routers can verify " +
    "both.",
    "Without --audience the new token is one to present; with it, one to delegate from again.",
  ],
  examples: [
    'clasp-fed token cap delegate site-a.cap --key site-a.key --scopes "write:/site-a/desk/**"',
  ],
  run: runTokenCapDelegate,
};

async function runTokenCapDelegate(args: CommandArguments): Promise<number> {
  const { key, claims } = await capabilityClaims(args, EXPIRES_DEFAULT);
  const parent = await capabilityArgument(args);
  const child = asCommandError(() => delegateCapability(parent, claims));
  await refuseWorthless(parent);
  printCapability(await signCapability(child, key));
  if (child.expiresAtSeconds < claims.expiresAtSeconds) {
    printDiagnostic(`It expires as early as its parent: ${timeText(child.expiresAtSeconds)}`);
  }
  return 0;
}

/** Refuses a parent that makes every child of it worthless. */
async function refuseWorthless(parent: CapabilityToken): Promise<void> {
  const failed = await verifySignatures(tokenLevels(parent).map(signatureCheck));
  if (failed !== undefined) {
    throw new CommandError(`Cannot delegate from capability token: ${failed.what} does not verify`);
  }
  if (parent.expiresAtSeconds > Date.now() / 1_000) return;
  const at = timeText(parent.expiresAtSeconds);
  throw new CommandError(`Cannot delegate from capability token: it expired at ${at}`);
}
