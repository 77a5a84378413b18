/**
 * What `token cap create` and `token cap delegate` have in common.
 *
 * @module
 */

import type { CapabilityClaims, CapabilityToken } from "../auth/capability_token.ts";
import { encodeCapability } from "../auth/encode_capability.ts";
import type { SigningKey } from "../edge/auth/signing_key.ts";
import { TOKEN_BYTES_MAX } from "../limits.ts";
import type { Flag } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { parseDuration } from "./duration_text.ts";
import { PUBLIC_KEY_HELP, readPublicKey, readSigningKey } from "./key_file.ts";
import { printDiagnostic, printLine } from "./output.ts";
import { scopesOption } from "./scopes_option.ts";
import { timeText } from "./time_text.ts";
import { UsageError } from "./usage_error.ts";

/** Flags of both commands. */
export function capabilityFlags(expiresDefault: string): readonly Flag[] {
  return [
    {
      name: "key",
      short: "k",
      value: "FILE",
      help: "Private key that signs, made by key generate (needs --allow-read)",
    },
    {
      name: "scopes",
      short: "s",
      value: "LIST",
      isList: true,
      help: 'What the token allows: read:, write: or admin: and a pattern, as "write:/site-a/**"',
    },
    {
      name: "expires",
      short: "e",
      value: "TIME",
      help: `How long it is good for, as 90s, 30m, 24h, 30d or 2w. Default ${expiresDefault}`,
    },
    {
      name: "audience",
      value: "KEY",
      help: "Public key of who may delegate from the token. With it, no router accepts the token " +
        `itself; without it, whoever has the token can use it. ${PUBLIC_KEY_HELP}`,
    },
  ];
}

/**
 * Reads the flags of both commands.
 *
 * @throws {UsageError} when one is missing or cannot be understood
 * @throws {CommandError} when a key cannot be read
 */
export async function capabilityClaims(
  args: CommandArguments,
  expiresDefault: string,
): Promise<{ readonly key: SigningKey; readonly claims: CapabilityClaims }> {
  const keyFile = args.text("key");
  if (keyFile === undefined) throw new UsageError("--key is missing: --key FILE");
  const scopes = scopesOption(args).all.map(({ text }) => text);
  const seconds = parseDuration("expires", args.text("expires") ?? expiresDefault);
  const audience = args.text("audience");
  const audienceKey = audience === undefined
    ? undefined
    : await readPublicKey("audience", audience);
  const key = await readSigningKey(keyFile);
  const claims: CapabilityClaims = {
    issuer: key.publicKey,
    audience: audienceKey,
    scopes,
    expiresAtSeconds: Math.floor(Date.now() / 1_000) + seconds,
    nonce: crypto.randomUUID(),
  };
  return { key, claims };
}

/** Prints a new token to standard output, and what it is to standard error. */
export function printCapability(token: CapabilityToken): void {
  const text = encodeCapability(token);
  if (text.length > TOKEN_BYTES_MAX) {
    throw new CommandError(
      `Cannot make capability token: it would have ${text.length} characters, ` +
        `no router accepts more than ${TOKEN_BYTES_MAX}; give it fewer scopes`,
    );
  }
  printLine(text);
  const { audience, scopes, expiresAtSeconds } = token;
  printDiagnostic(`Allows ${scopes.join(", ")} until ${timeText(expiresAtSeconds)}`);
  printDiagnostic(
    audience === undefined
      ? "Whoever has this token can use it"
      : `Only the holder of ${audience} can delegate from it; no router accepts it as it is`,
  );
}
