import type { CapabilityLink, CapabilityToken } from "../auth/capability_token.ts";
import { signatureCheck } from "../auth/examine_capability.ts";
import { tokenLevels } from "../auth/token_levels.ts";
import { verifySignatures } from "../edge/auth/verify_signatures.ts";
import { CAPABILITY_ARGUMENT, capabilityArgument } from "./capability_argument.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { oneLine, printLine } from "./output.ts";
import { timeText } from "./time_text.ts";

/** `clasp-fed token cap inspect`: prints what a token says. */
export const TOKEN_CAP_INSPECT_COMMAND: Command = {
  name: "token cap inspect",
  summary: "Print what a capability token says, whether or not it is worth anything",
  positionals: [CAPABILITY_ARGUMENT],
  flags: [{ name: "json", help: "Print an object" }],
  notes: ["Whether a router accepts it, clasp-fed token cap verify tells."],
  examples: ["clasp-fed token cap inspect site-a.cap"],
  run: runTokenCapInspect,
};

async function runTokenCapInspect(args: CommandArguments): Promise<number> {
  const token = await capabilityArgument(args);
  const signatures = await signaturesOf(token);
  if (args.has("json")) {
    const { links, ...own } = token;
    const facts = { ...factsOf(own), signatures, delegatedFrom: links.map(factsOf) };
    printLine(oneLine(JSON.stringify(facts)));
    return 0;
  }
  printRows(token, "");
  printLine(`${"signatures".padEnd(14)}${signatures}`);
  for (const [index, link] of token.links.entries()) {
    printLine(`delegated from ${index + 1}${index === 0 ? " (the root)" : ""}`);
    printRows(link, "  ");
  }
  return 0;
}

type Claims = CapabilityLink | Omit<CapabilityToken, "links">;

/** What signatures say; a bare link holds too little to find out. */
async function signaturesOf(token: CapabilityToken): Promise<string> {
  if (token.links.some(({ kind }) => kind === "bare")) return "cannot be verified";
  const failed = await verifySignatures(tokenLevels(token).map(signatureCheck));
  return failed === undefined ? "valid" : `${failed.what} does not verify`;
}

function printRows(claims: Claims, indent: string): void {
  const rows: (readonly [string, string])[] = [
    ["issuer", claims.issuer],
    ["scopes", claims.scopes.join(", ")],
  ];
  if ("nonce" in claims) {
    rows.push(
      ["audience", claims.audience ?? "none: whoever has it can use it"],
      ["expires", timeText(claims.expiresAtSeconds)],
      ["nonce", claims.nonce],
    );
  } else {
    rows.push(["proof", "none: its signature covers what this link leaves out"]);
  }
  for (const [what, fact] of rows) printLine(`${indent}${what.padEnd(14)}${oneLine(fact)}`);
}

function factsOf(claims: Claims): Record<string, unknown> {
  const { issuer, scopes } = claims;
  if (!("nonce" in claims)) return { issuer, scopes };
  const { audience = null, expiresAtSeconds, nonce } = claims;
  return { issuer, audience, scopes, expiresAtSeconds, nonce };
}
