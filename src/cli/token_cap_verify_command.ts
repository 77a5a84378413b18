import { CAP_DEPTH_MAX, CAP_DEPTH_MAX_DEFAULT } from "../limits.ts";
import type { CapabilityPolicy } from "../auth/capability_policy.ts";
import type { Capability } from "../auth/grant_capability.ts";
import { TokenError } from "../auth/token_error.ts";
import { verifyCapability } from "../edge/auth/verify_capability.ts";
import { CAPABILITY_ARGUMENT, capabilityText } from "./capability_argument.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { PUBLIC_KEY_HELP, readPublicKey } from "./key_file.ts";
import { oneLine, printLine } from "./output.ts";
import { timeText } from "./time_text.ts";
import { UsageError } from "./usage_error.ts";

/** `clasp-fed token cap verify`: decides as a router would. */
export const TOKEN_CAP_VERIFY_COMMAND: Command = {
  name: "token cap verify",
  summary: "Tell whether a router accepts a capability token, and why not",
  positionals: [CAPABILITY_ARGUMENT],
  flags: [
    {
      name: "trust-anchor",
      value: "KEY",
      isList: true,
      help: `Public key whose root tokens count. ${PUBLIC_KEY_HELP}`,
    },
    {
      name: "max-depth",
      aliases: ["cap-max-depth"],
      value: "COUNT",
      help: `Delegations that may lie behind the token. Default ${CAP_DEPTH_MAX_DEFAULT}`,
    },
    { name: "json", help: "Print an object, also when it is refused" },
  ],
  notes: ["Exit code 0 when the token is accepted, 1 when it is not."],
  examples: ["clasp-fed token cap verify site-a.cap --trust-anchor root.pub"],
  run: runTokenCapVerify,
};

async function runTokenCapVerify(args: CommandArguments): Promise<number> {
  const policy = await policyOf(args);
  const text = await capabilityText(args);
  try {
    printAccepted(await verifyCapability(text, policy), args.has("json"));
    return 0;
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    const { problem, message } = error;
    if (args.has("json")) printLine(oneLine(JSON.stringify({ valid: false, problem, message })));
    throw new CommandError(problem === "untrusted" ? `${message}; ${ANCHOR_HINT}` : message);
  }
}

const ANCHOR_HINT = "a file given as --trust-anchor holds a public key, as clasp-fed key show " +
  "prints it, and no private one";

async function policyOf(args: CommandArguments): Promise<CapabilityPolicy> {
  const anchors = args.list("trust-anchor");
  if (anchors.length === 0) {
    throw new UsageError("--trust-anchor is missing: --trust-anchor PUBLIC_KEY_OR_FILE");
  }
  const depthMax = args.integer("max-depth", { min: 0, max: CAP_DEPTH_MAX });
  const trustAnchors: string[] = [];
  for (const anchor of anchors) trustAnchors.push(await readPublicKey("trust-anchor", anchor));
  return {
    trustAnchors,
    depthMax: depthMax ?? CAP_DEPTH_MAX_DEFAULT,
    nowSeconds: Math.floor(Date.now() / 1_000),
  };
}

function printAccepted(capability: Capability, isJson: boolean): void {
  const { issuer, expiresAtSeconds, nonce, depth } = capability;
  const scopes = capability.scopes.all.map(({ text }) => text);
  if (isJson) {
    const facts = { valid: true, scopes, expiresAtSeconds, issuer, nonce, depth };
    printLine(oneLine(JSON.stringify(facts)));
    return;
  }
  const rows: readonly (readonly [string, string])[] = [
    ["accepted", scopes.length === 0 ? "but it allows nothing" : scopes.join(", ")],
    ["expires", timeText(expiresAtSeconds)],
    ["issuer", issuer],
    ["delegations", `${depth}`],
  ];
  for (const [what, fact] of rows) printLine(`${what.padEnd(14)}${oneLine(fact)}`);
}
