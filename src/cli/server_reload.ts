import type { TokenFileAuthority } from "../edge/auth/token_file_authority.ts";
import type { LiveSettings } from "../edge/live_settings.ts";
import { LOG } from "../edge/log.ts";
import type { Router } from "../edge/router.ts";
import { FederationError } from "../federation/federation_error.ts";
import { SESSIONS_MAX } from "../limits.ts";
import { ROUTER_CORE_DEFAULTS } from "../router/router_config.ts";
import type { CertificateRenewal } from "./certificate_files.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { configureServerLog } from "./configure_server_log.ts";
import { SERVER_KEYS, type ServerKey } from "./server_keys.ts";
import type { ServerOptions } from "./server_options.ts";
import { readServerSettings, type ServerSettings } from "./server_settings.ts";
import { readToken } from "./token.ts";
import { UsageError } from "./usage_error.ts";

/** The token is a secret, and the certificate's files have lines of their own. */
const TOKEN_FLAG = "federation-token";
const CERTIFICATE_FLAGS: readonly string[] = ["cert", "key"];
const STANDARD_INPUT = "-";

/** Of a server that runs. */
export interface RunningServer {
  /** What was typed: it stays in force whatever the file says. */
  readonly typed: CommandArguments;
  readonly settings: ServerSettings;
  readonly router: Router;
  readonly authority: TokenFileAuthority | undefined;
  readonly renewal: CertificateRenewal | undefined;
  /** As the hub is shown it. */
  readonly token: string | undefined;
}

/**
 * At each SIGHUP, reads the configuration file and the files that it names again, and takes into use
 * what can change while the router runs: no session ends by it. Each change is logged, with what needs
 * a restart; a file that is wrong is logged and changes nothing.
 */
export class ServerReload {
  readonly #server: RunningServer;
  /** What is in force, by flag. */
  readonly #inForce = new Map<string, readonly string[]>();
  #token: string | undefined;
  #drainTimeoutMs: number;
  #reloading: Promise<void> = Promise.resolve();
  #isAwaited = false;

  constructor(server: RunningServer) {
    this.#server = server;
    this.#token = server.token;
    this.#drainTimeoutMs = server.settings.options.drainTimeoutMs;
    for (const { flag } of SERVER_KEYS) this.#inForce.set(flag, server.settings.args.given(flag));
  }

  /** How long connections have at a stop, as it is now. */
  get drainTimeoutMs(): number {
    return this.#drainTimeoutMs;
  }

  /** Windows sends SIGHUP when a terminal is closed, so it ends a server there. */
  start(): void {
    if (Deno.build.os === "windows") return;
    Deno.addSignalListener("SIGHUP", () => this.#signalled());
  }

  /** One after the other; signals that come while one waits to begin are that one. */
  #signalled(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.#reloading = this.#reloading.then(async () => {
      this.#isAwaited = false;
      try {
        await this.#reload();
      } catch (error) {
        // A mistake of ours: it is told, and is not to end a router that runs.
        LOG.error("Internal error at SIGHUP, part of the settings may be old: {error}", {
          event: "reload-failed",
          error,
        });
      }
    });
  }

  async #reload(): Promise<void> {
    const { typed, authority } = this.#server;
    let next: ServerSettings;
    try {
      next = await readServerSettings(typed);
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof UsageError)) throw error;
      LOG.error("The old configuration stays in use: {reason}", {
        event: "config-refused",
        reason: error.message,
      });
      return;
    }
    const changed = SERVER_KEYS.filter(({ flag }) => this.#isChanged(flag, next));
    for (const key of changed) {
      if (!CERTIFICATE_FLAGS.includes(key.flag)) await this.#take(key, next);
    }
    await this.#takeToken(next);
    await authority?.check();
    if (changed.length === 0) {
      LOG.info("Nothing in the configuration has changed", { event: "config-unchanged" });
    }
    this.#tryHubAgain();
    await this.#takeCertificate(
      next,
      changed.filter((key) => CERTIFICATE_FLAGS.includes(key.flag)),
    );
  }

  #isChanged(flag: string, next: ServerSettings): boolean {
    const [before = [], after] = [this.#inForce.get(flag), next.args.given(flag)];
    return before.length !== after.length || before.some((value, index) => value !== after[index]);
  }

  async #take(key: ServerKey, next: ServerSettings): Promise<void> {
    const { flag } = key;
    if (flag === TOKEN_FLAG) return;
    const act = this.#actionFor(flag, next);
    if (act === undefined) return this.#needsRestart(key);
    try {
      await next.inItsWords(act);
    } catch (error) {
      if (!isComplaint(error)) throw error;
      LOG.error('"{key}" stays as it was: {reason}', {
        event: "config-key-refused",
        key: key.path,
        reason: error.message,
      });
      return;
    }
    this.#inForce.set(flag, next.args.given(flag));
    const value = next.args.given(flag).join(", ");
    LOG.info('"{key}" is now {value}', {
      event: "config-applied",
      key: key.path,
      value: value === "" ? "what it is without being set" : value,
    });
  }

  /** What takes a change of a flag into use; undefined when only a restart does. */
  #actionFor(flag: string, next: ServerSettings): (() => void) | undefined {
    switch (flag) {
      case "log-level":
      case "json-logs":
        return () => configureServerLog(next.args);
      case "drain-timeout":
        return () => {
          this.#drainTimeoutMs = next.options.drainTimeoutMs;
        };
    }
    const { router } = this.#server;
    const settings = liveSettings(flag, next.options);
    const wasLeaf = router.federation?.mode.type === "leaf";
    const isOther = flag.startsWith("federation-") &&
      (router.federation === undefined || wasLeaf !== isLeaf(next.options));
    if (settings === undefined || isOther) return undefined;
    return () => router.reconfigure(settings);
  }

  /** Also when its file is the same: what is in the file may be another token. */
  async #takeToken(next: ServerSettings): Promise<void> {
    const source = next.args.text(TOKEN_FLAG);
    const key = keyOf(TOKEN_FLAG);
    const isKept = source === STANDARD_INPUT && !this.#isChanged(TOKEN_FLAG, next);
    if (isKept || (source === undefined && this.#token === undefined)) return;
    if (source === undefined || this.#server.router.federation?.mode.type !== "leaf") {
      return this.#needsRestart(key);
    }
    try {
      const authToken = await next.inItsWords(() => readToken(TOKEN_FLAG, source));
      this.#inForce.set(TOKEN_FLAG, next.args.given(TOKEN_FLAG));
      if (authToken === this.#token) return;
      this.#server.router.reconfigure({ authToken });
      this.#token = authToken;
      LOG.info("The hub is shown another token from the next connection on", {
        event: "config-applied",
        key: key.path,
      });
    } catch (error) {
      if (!isComplaint(error)) throw error;
      LOG.error("The old token for the hub stays in use: {reason}", {
        event: "config-key-refused",
        key: key.path,
        reason: error.message,
      });
    }
  }

  async #takeCertificate(next: ServerSettings, changed: readonly ServerKey[]): Promise<void> {
    const { renewal } = this.#server;
    const { certificate } = next.options.files;
    if (renewal === undefined || certificate === undefined) {
      return changed.forEach((key) => this.#needsRestart(key));
    }
    await renewal.renew(certificate, this.#drainTimeoutMs);
    for (const { flag } of changed) this.#inForce.set(flag, next.args.given(flag));
  }

  /** What has failed may have been mended at the other end. */
  #tryHubAgain(): void {
    const { router } = this.#server;
    const mode = router.federation?.mode;
    if (mode?.type === "leaf") router.reconfigure({ hubEndpoint: [mode.hubEndpoint].flat() });
  }

  #needsRestart({ path }: ServerKey): void {
    LOG.warn('"{key}" has changed, which needs a restart: the router goes on with what it had', {
      event: "config-needs-restart",
      key: path,
    });
  }
}

function keyOf(flag: string): ServerKey {
  const key = SERVER_KEYS.find((each) => each.flag === flag);
  if (key === undefined) throw new TypeError(`--${flag} has no key`);
  return key;
}

function isLeaf({ config }: ServerOptions): boolean {
  return config.federation?.mode?.type === "leaf";
}

/** A setting that the router takes while it runs; a key that is gone is what it is by default. */
function liveSettings(flag: string, { config }: ServerOptions): LiveSettings | undefined {
  switch (flag) {
    case "max-sessions":
      return { maxSessions: config.maxSessions ?? SESSIONS_MAX };
    case "max-sessions-per-address":
      return {
        maxSessionsPerAddress: config.maxSessionsPerAddress ??
          ROUTER_CORE_DEFAULTS.sessionsPerAddressMax,
      };
    case "max-messages-per-second":
      return {
        maxMessagesPerSecond: config.maxMessagesPerSecond ??
          ROUTER_CORE_DEFAULTS.messagesPerSecondMax,
      };
    case "max-bytes-per-second":
      return {
        maxBytesPerSecond: config.maxBytesPerSecond ?? ROUTER_CORE_DEFAULTS.bytesPerSecondMax,
      };
    case "federation-namespaces":
      return { ownedNamespaces: config.federation?.ownedNamespaces ?? [] };
    case "federation-hub": {
      const mode = config.federation?.mode;
      return mode?.type === "leaf" ? { hubEndpoint: [mode.hubEndpoint].flat() } : undefined;
    }
    default:
      return undefined;
  }
}

/** What a setting, or a file that it names, may be the reason of. */
function isComplaint(error: unknown): error is Error {
  return error instanceof CommandError || error instanceof UsageError ||
    error instanceof FederationError || error instanceof RangeError || error instanceof TypeError;
}
