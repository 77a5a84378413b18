import type { TokenFileAuthority } from "../edge/auth/token_file_authority.ts";
import { Router, type RouterConfig } from "../edge/router.ts";
import type { ListenAddress } from "../edge/router_listener.ts";
import { TlsError } from "../edge/tls_error.ts";
import { LOG } from "../edge/log.ts";
import { PersistError } from "../edge/persist_error.ts";
import type { TlsIdentity } from "../edge/check_certificate.ts";
import { CertificateRenewal, readCertificateFiles } from "./certificate_files.ts";
import { CAP_DEPTH_MAX_DEFAULT } from "../limits.ts";
import type { Command } from "./command.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { PUBLIC_KEY_HELP } from "./key_file.ts";
import { checkServer, type ServerParts } from "./check_server.ts";
import { configSchema } from "./config_schema.ts";
import { configureServerLog } from "./configure_server_log.ts";
import { openTokenAuthority } from "./open_token_authority.ts";
import { printLine } from "./output.ts";
import { readPemFile } from "./pem_file.ts";
import { securityOptions } from "./security_options.ts";
import { ServerReload } from "./server_reload.ts";
import { readServerSettings, type ServerSettings } from "./server_settings.ts";
import { stopSignal } from "./stop_signal.ts";
import { exposureWarning, readToken, TOKEN_HELP } from "./token.ts";
import { UsageError } from "./usage_error.ts";

/** `clasp-fed server`: runs a router until it is told to stop. */
export const SERVER_COMMAND: Command = {
  name: "server",
  summary: "Run a router: alone, as a hub, or as a leaf of a hub",
  positionals: [],
  flags: [
    { name: "port", short: "p", value: "PORT", help: "Default 7330; 0 takes any free port" },
    { name: "host", value: "HOST", help: "Interface to listen on. Default 0.0.0.0, all of them" },
    { name: "name", value: "NAME", help: 'Shown to clients. Default "clasp-fed"' },
    {
      name: "features",
      value: "LIST",
      isList: true,
      help: "Added to param, event, stream, gesture, timeline; federation makes it a hub",
    },
    {
      name: "federation-mode",
      value: "MODE",
      help: "hub (accepts leaves) or leaf (connects to a hub; may have leaves of its own)",
    },
    {
      name: "federation-hub",
      value: "URL",
      isList: true,
      help: "The hub, as ws://hub:7330; makes it a leaf. Several are tried in turn",
    },
    {
      name: "federation-id",
      value: "ID",
      help: "Unique in the federation, the same at each start. Default: new at each start",
    },
    {
      name: "federation-namespaces",
      aliases: ["federation-namespace"],
      value: "PATTERNS",
      isList: true,
      help: "Patterns that this router owns, as /site-a/**",
    },
    {
      name: "federation-import",
      value: "PATTERNS",
      isList: true,
      help: "Patterns of the hub's state that a leaf mirrors. Default /**",
    },
    {
      name: "offline-writes",
      value: "accept|reject",
      help: "Writes whose owner cannot be reached: accept stamps them here until it is back, " +
        "reject answers ERROR 501. Default accept",
    },
    {
      name: "accept-writes",
      value: "PATTERNS",
      isList: true,
      help: "Where other routers may write what they do not own. Default /**, within their tokens",
    },
    {
      name: "security",
      value: "open|authenticated",
      help: "authenticated: clients and leaves need a token, and may do what its scopes allow. " +
        "Default open, authenticated with --trust-anchor",
    },
    {
      name: "trust-anchor",
      value: "KEY",
      isList: true,
      help: `Public key whose capability tokens count. ${PUBLIC_KEY_HELP}`,
    },
    {
      name: "cap-max-depth",
      value: "COUNT",
      help: `Delegations that may lie behind a capability token. Default ${CAP_DEPTH_MAX_DEFAULT}`,
    },
    {
      name: "federation-token",
      value: "TOKEN",
      help: `Shown to the hub: a capability token or a CPSK token. ${TOKEN_HELP}`,
    },
    {
      name: "tokens",
      value: "FILE",
      help:
        "Lets in only who shows a token of this file, which clasp-fed token create makes. Read " +
        "again within a second when it changes. Needs --allow-read",
    },
    {
      name: "cert",
      value: "FILE",
      help: "Certificate (PEM), with those that lead to its authority behind it: clients connect " +
        "with wss:// then, and no longer with ws://. Needs --key, and --allow-read for both; " +
        "SIGHUP reads both again",
    },
    { name: "key", value: "FILE", help: "Private key of that certificate (PEM, not encrypted)" },
    {
      name: "ca",
      value: "FILE",
      help: "Authorities (PEM) that a leaf trusts beside the usual ones when its hub is wss://. " +
        "Needs --allow-read",
    },
    { name: "max-sessions", value: "COUNT", help: "Connections at once. Default 1000" },
    {
      name: "max-sessions-per-address",
      value: "COUNT",
      help:
        "Of these, from one remote address (of IPv6, one /64). Default 256; behind a proxy all " +
        "come from one",
    },
    {
      name: "max-messages-per-second",
      value: "COUNT",
      help:
        "What a client may send; more is ignored (ERROR 429), for 10 s on end closes it. Default " +
        "200000, 0 no limit. Other routers have none. Use 1000 where strangers connect",
    },
    {
      name: "max-bytes-per-second",
      value: "BYTES",
      help: "The same in bytes. Default 268435456 (256 MiB), 0 no limit",
    },
    {
      name: "allow-origin",
      value: "ORIGIN",
      isList: true,
      help: "Web pages that may connect, as https://panel.example; * for all. Default local",
    },
    {
      name: "no-http",
      help: "Shows nothing over HTTP on its port: no page, /status, /metrics, /healthz, /readyz",
    },
    {
      name: "ready-without-hub",
      help: "A leaf counts as ready (/readyz) before it has met its hub",
    },
    {
      name: "param-ttl",
      value: "SECONDS",
      help: "TTL of params that are set without one, renewed by writes and reads. Default 0, never",
    },
    {
      name: "event-ttl",
      value: "MS",
      help:
        "Milliseconds after which an event published here reaches nobody any more. Default 5000",
    },
    {
      name: "persist",
      value: "FILE",
      help:
        "Keeps params over a restart. Needs --allow-read and --allow-write for its directory; " +
        "use it with --federation-id",
    },
    {
      name: "persist-interval",
      value: "SECONDS",
      help: "Between two writings of that file, if anything changed. Default 30",
    },
    {
      name: "drain-timeout",
      value: "SECONDS",
      help: "At a stop, how long connections have to take what waits for them. Default 30",
    },
    {
      name: "log-level",
      short: "l",
      value: "LEVEL",
      help: "debug, info, warn or error. Default info",
    },
    { name: "json-logs", help: "Log JSON, one object a line" },
    {
      name: "config",
      short: "c",
      value: "FILE",
      help: "Reads settings from a JSON file; flags win over it. Needs --allow-read. See " +
        "--print-schema for what it may have",
    },
    { name: "check", help: "Look at all settings and files, say what is wrong, and start nothing" },
    { name: "print-schema", help: "Print the JSON Schema of the configuration file" },
  ],
  notes: [
    "Flags that take several values may be repeated or given a list with commas.",
    'The log goes to standard error. The line with the event "listening" comes first, whatever ' +
    "the log level, and names the port.",
    "Ctrl-C or SIGTERM refuses what is new, closes each connection when it has taken what waits for " +
    "it, saves the params, and ends with exit code 0 (1 when they could not be saved). A second " +
    "one, half a second later or more, ends at once with 130 or 143.",
    "A browser lets any page on the internet connect to routers that its user can reach. So pages " +
    "get HTTP 403 unless --allow-origin names them. local stands for pages whose host is this " +
    "machine or has a private address or a local name, and for apps; * is for public routers; null " +
    "is for files that a browser opens, and lets in any page with a sandboxed frame. Programs that " +
    "are no browsers send no origin and always may connect.",
    "SIGHUP reads the configuration file and the files that it names again. Namespaces, hubs, tokens, " +
    "limits, the log level and the drain timeout change without ending a session; the log says what " +
    "was taken into use and what needs a restart. A file that is wrong changes nothing.",
    'SIGHUP takes a renewed certificate into use: clients and peers are closed with 1012, "certificate ' +
    'renewed", and connect again. One that cannot be used is logged, and the old one stays.',
    "Names of files in the configuration are those of the directory in which the router was started.",
    "A state file that is damaged is copied to FILE.damaged-TIME, and the router starts with what is " +
    "whole in it. One of a newer version, or of a router with another --federation-id, is refused.",
  ],
  examples: [
    "clasp-fed server --port 7330 --features federation",
    "clasp-fed server --features federation --trust-anchor root.pub",
    'clasp-fed server --port 7331 --federation-hub ws://hub:7330 --federation-namespaces "/site-a/**"',
    "clasp-fed server --config clasp-fed.json --check",
  ],
  run: runServer,
};

async function runServer(typed: CommandArguments): Promise<number> {
  if (typed.has("print-schema")) {
    printLine(configSchema(SERVER_COMMAND.flags));
    return 0;
  }
  const settings = await readServerSettings(typed);
  configureServerLog(settings.args);
  const { listen } = settings.options;
  const parts = await settings.inItsWords(() => readParts(settings));
  if (typed.has("check")) {
    await parts.authority?.close();
    await checkServer(settings, parts);
    return 0;
  }
  const { config, authority, tls } = parts;
  const router = await settings.inItsWords(() => makeRouter(config));
  // Listened to first: who reads that the router listens may stop it at once.
  const stopped = stopSignal();
  const renewal = tls === undefined ? undefined : new CertificateRenewal(router, tls);
  const token = config.federation?.authToken;
  const reload = new ServerReload({ typed, settings, router, authority, renewal, token });
  reload.start();
  await settings.inItsWords(() => startToListen(router, listen, tls));
  const signal = await stopped;
  const { drainTimeoutMs } = reload;
  LOG.info("Stopping after {signal}; {connections} connections have {seconds} s", {
    event: "stopping",
    signal,
    connections: router.connectionCount,
    seconds: drainTimeoutMs / 1_000,
  });
  await stop(router, drainTimeoutMs);
  await authority?.close();
  LOG.info("Stopped", { event: "stopped" });
  return 0;
}

/** Reads the files that the settings name. */
async function readParts(
  settings: ServerSettings,
): Promise<ServerParts & { readonly authority: TokenFileAuthority | undefined }> {
  const { args, options: { config, files: { certificate, caPath, tokensPath } } } = settings;
  const tls = certificate === undefined ? undefined : await readCertificateFiles(certificate);
  const authority = await openTokenAuthority(tokensPath);
  try {
    const security = await securityOptions(args, authority);
    const withAuthorities = await withCa(config, caPath);
    const withAll = {
      ...await withToken(withAuthorities, settings),
      ...(security === undefined ? {} : { security }),
    };
    return { config: withAll, tls, authority };
  } catch (error) {
    await authority?.close();
    throw error;
  }
}

async function stop(router: Router, drainTimeoutMs: number): Promise<void> {
  try {
    await router.stop("The router is stopping", { drainTimeoutMs });
  } catch (error) {
    if (error instanceof PersistError) throw new CommandError(error.message);
    throw error;
  }
}

async function withToken(config: RouterConfig, settings: ServerSettings): Promise<RouterConfig> {
  const { args, typed, path, isPublic } = settings;
  const token = args.text("federation-token");
  if (token === undefined) return config;
  const warning = exposureWarning("federation-token", token);
  if (warning !== undefined && typed.has("federation-token")) {
    LOG.warn(warning, { event: "token-exposed" });
  } else if (warning !== undefined && isPublic) {
    LOG.warn('Everybody on this machine can read the token in "{path}": chmod 600 it', {
      event: "token-exposed",
      path,
    });
  }
  const authToken = await readToken("federation-token", token);
  return { ...config, federation: { ...config.federation, authToken } };
}

async function withCa(config: RouterConfig, path: string | undefined): Promise<RouterConfig> {
  if (path === undefined) return config;
  const { text } = await readPemFile("ca", path);
  return { ...config, ca: text };
}

function makeRouter(config: RouterConfig): Router {
  try {
    return new Router(config);
  } catch (error) {
    // Bounds that the core checks: the length of a name, the number of patterns.
    if (error instanceof RangeError) throw new UsageError(error.message);
    if (error instanceof PersistError) throw new CommandError(error.message);
    if (error instanceof TlsError) throw new CommandError(`--ca: ${error.message}`);
    throw error;
  }
}

function startToListen(router: Router, listen: ListenAddress, tls: TlsIdentity | undefined): void {
  try {
    router.listen({ ...listen, ...tls });
  } catch (error) {
    if (error instanceof TlsError) throw new CommandError(error.message);
    const reason = reasonOf(error, listen);
    if (reason === undefined) throw error;
    throw new CommandError(`Cannot listen on ${listen.hostname}:${listen.port}: ${reason}`);
  }
}

function reasonOf(error: unknown, { port }: ListenAddress): string | undefined {
  if (error instanceof Deno.errors.NotCapable) {
    return "permission --allow-net was not given: deno run --allow-net main.ts server";
  }
  if (error instanceof Deno.errors.AddrInUse) {
    return `port ${port} is in use; stop who has it or choose another with --port`;
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return "no interface of this machine has this address; see --host";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `the system does not let this user have port ${port}; choose one from 1024 up`;
  }
  return error instanceof Error ? error.message : undefined;
}
