import { checkAuthorities } from "../edge/check_authorities.ts";
import { checkCertificate } from "../edge/check_certificate.ts";
import { Router, type RouterConfig } from "../edge/router.ts";
import { TlsError } from "../edge/tls_error.ts";
import type { TlsIdentity } from "../edge/check_certificate.ts";
import { CommandError } from "./command_error.ts";
import { fileProblem } from "./file_problem.ts";
import { printLine } from "./output.ts";
import type { ServerSettings } from "./server_settings.ts";
import { UsageError } from "./usage_error.ts";

/** What a server would be started with. */
export interface ServerParts {
  readonly config: RouterConfig;
  readonly tls: TlsIdentity | undefined;
}

/**
 * `clasp-fed server --check`: looks at all that a start needs and says what it would be. Nothing is
 * started, and no file is changed.
 *
 * @throws {UsageError} when the settings cannot be used
 * @throws {CommandError} when a file cannot be
 */
export async function checkServer(settings: ServerSettings, parts: ServerParts): Promise<void> {
  await settings.inItsWords(async () => {
    const { persist, ...config } = parts.config;
    checkTls(parts);
    try {
      // Without its file it has no effect on anything until it listens.
      new Router(config);
    } catch (error) {
      if (error instanceof RangeError) throw new UsageError(error.message);
      throw error;
    }
    if (persist !== undefined) await checkPersist(persist.path);
  });
  printLine(`${settings.path ?? "The command line"} is fine: ${summary(settings, parts)}`);
}

function checkTls({ config, tls }: ServerParts): void {
  try {
    if (tls !== undefined) checkCertificate(tls, Date.now());
    if (config.ca !== undefined) checkAuthorities(config.ca);
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    const flag = tls !== undefined && !error.message.includes("authorities") ? "cert" : "ca";
    throw new CommandError(`--${flag}: ${error.message}`);
  }
}

/** Whether a state file can be written where it is to be: a file is made beside it and removed. */
async function checkPersist(path: string): Promise<void> {
  const probe = `${path}.check-${crypto.randomUUID().slice(0, 8)}`;
  try {
    const file = await Deno.open(probe, { write: true, createNew: true, mode: 0o600 });
    file.close();
    await Deno.remove(probe);
    if (await exists(path)) {
      using _existing = await Deno.open(path, { read: true, write: true });
    }
  } catch (error) {
    const directory = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
    const problem = fileProblem(
      error,
      `--allow-read="${directory}" --allow-write="${directory}"`,
    );
    throw new CommandError(`Cannot keep params with --persist "${path}": ${problem}`);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function summary({ options }: ServerSettings, { config, tls }: ServerParts): string {
  const { federation, security, persist } = config;
  const { listen } = options;
  const { mode, routerId, ownedNamespaces = [] } = federation ?? {};
  const id = routerId === undefined ? "" : ` "${routerId}"`;
  const hubs = mode?.type === "leaf" ? ` of ${[mode.hubEndpoint].flat().join(", ")}` : "";
  return [
    `a ${mode === undefined ? "router" : mode.type}${id}${hubs}`,
    `on ${listen.hostname}:${listen.port}${tls === undefined ? "" : " with TLS"}`,
    ...(ownedNamespaces.length === 0 ? [] : [`owner of ${ownedNamespaces.join(", ")}`]),
    ...(security === undefined ? [] : ["authenticated"]),
    ...(persist === undefined ? [] : [`params kept in ${persist.path}`]),
  ].join(", ");
}
