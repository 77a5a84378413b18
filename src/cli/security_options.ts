import type { TokenAuthority } from "../edge/auth/token_authority.ts";
import type { SecurityConfig } from "../edge/security_config.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { readPublicKey } from "./key_file.ts";
import { integerBounds } from "./server_keys.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Reads the flags of `clasp-fed server` that say who may do what; undefined in open mode.
 *
 * @throws {UsageError} when two of them contradict each other, or one has no effect
 * @throws {CommandError} when a key cannot be read
 */
export async function securityOptions(
  args: CommandArguments,
  tokenFile: TokenAuthority | undefined,
): Promise<SecurityConfig | undefined> {
  const mode = args.oneOf("security", ["open", "authenticated"] as const);
  const anchors = args.list("trust-anchor");
  const capDepthMax = args.integer("cap-max-depth", integerBounds("cap-max-depth"));
  const hasTokens = anchors.length > 0 || tokenFile !== undefined;
  if (mode === "open" && hasTokens) {
    throw new UsageError(
      "--security open checks no token; leave out --tokens and --trust-anchor, or use --security " +
        "authenticated",
    );
  }
  if (mode === "authenticated" && !hasTokens) {
    throw new UsageError(
      "--security authenticated needs to know which tokens count: --tokens FILE or --trust-anchor FILE",
    );
  }
  if (anchors.length === 0 && capDepthMax !== undefined) {
    throw new UsageError("--cap-max-depth has no effect here; add --trust-anchor FILE");
  }
  if (!hasTokens) return undefined;
  const trustAnchors: string[] = [];
  for (const anchor of anchors) trustAnchors.push(await readPublicKey("trust-anchor", anchor));
  return {
    trustAnchors,
    authorities: tokenFile === undefined ? [] : [tokenFile],
    ...(capDepthMax === undefined ? {} : { capDepthMax }),
  };
}
