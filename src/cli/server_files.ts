import type { FederationMode } from "../edge/federation_config.ts";
import type { CertificateFiles } from "./certificate_files.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { UsageError } from "./usage_error.ts";

/** The files that flags of `clasp-fed server` name, beside that of `--persist`. */
export interface ServerFiles {
  readonly certificate?: CertificateFiles;
  /** Authorities to trust. */
  readonly caPath?: string;
  /** The tokens that this router accepts. */
  readonly tokensPath?: string;
}

/**
 * Reads the names of these files; the files themselves are read later.
 *
 * @throws {UsageError} when one has no effect
 */
export function serverFiles(args: CommandArguments, mode: FederationMode | undefined): ServerFiles {
  const certificate = certificateFiles(args);
  const caPath = checkedCaPath(args, mode);
  const tokensPath = args.text("tokens");
  return {
    ...(certificate === undefined ? {} : { certificate }),
    ...(caPath === undefined ? {} : { caPath }),
    ...(tokensPath === undefined ? {} : { tokensPath }),
  };
}

function certificateFiles(args: CommandArguments): CertificateFiles | undefined {
  const [certPath, keyPath] = [args.text("cert"), args.text("key")];
  if (certPath !== undefined && keyPath !== undefined) return { certPath, keyPath };
  if (certPath === undefined && keyPath === undefined) return undefined;
  const [given, missing] = certPath === undefined ? ["key", "cert"] : ["cert", "key"];
  throw new UsageError(`--${given} has no effect without --${missing}: add --${missing} FILE`);
}

function checkedCaPath(
  args: CommandArguments,
  mode: FederationMode | undefined,
): string | undefined {
  const path = args.text("ca");
  if (path === undefined) return undefined;
  const urls = mode?.type === "leaf" ? [mode.hubEndpoint].flat() : [];
  if (urls.some((url) => /^wss:/i.test(url))) return path;
  throw new UsageError("--ca has no effect here; it is for a leaf with --federation-hub wss://HUB");
}
