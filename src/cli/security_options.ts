import type { SecurityConfig } from "../edge/security_config.ts";
import { CAP_DEPTH_MAX } from "../limits.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { readPublicKey } from "./key_file.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Reads the flags of `clasp-fed server` that say who may do what; undefined in open mode.
 *
 * @throws {UsageError} when two of them contradict each other, or one has no effect
 * @throws {CommandError} when a key cannot be read
 */
export async function securityOptions(args: CommandArguments): Promise<SecurityConfig | undefined> {
  const mode = args.oneOf("security", ["open", "authenticated"] as const);
  const anchors = args.list("trust-anchor");
  const capDepthMax = args.integer("cap-max-depth", { min: 0, max: CAP_DEPTH_MAX });
  if (mode === "open" && anchors.length > 0) {
    throw new UsageError(
      "--security open checks no token; leave out --trust-anchor, or use --security authenticated",
    );
  }
  if (mode === "authenticated" && anchors.length === 0) {
    throw new UsageError(
      "--security authenticated needs to know which tokens count: --trust-anchor FILE",
    );
  }
  if (anchors.length === 0) {
    if (capDepthMax === undefined) return undefined;
    throw new UsageError("--cap-max-depth has no effect here; add --trust-anchor FILE");
  }
  const trustAnchors: string[] = [];
  for (const anchor of anchors) trustAnchors.push(await readPublicKey("trust-anchor", anchor));
  return { trustAnchors, ...(capDepthMax === undefined ? {} : { capDepthMax }) };
}
