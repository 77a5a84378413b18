import { AddressError } from "../address/address.ts";
import { parsePattern } from "../address/pattern.ts";
import type { FederationConfig, FederationMode } from "../edge/federation_config.ts";
import { OriginPolicy } from "../edge/origin_policy.ts";
import type { RouterConfig } from "../edge/router.ts";
import type { ListenAddress } from "../edge/router_listener.ts";
import type { PersistConfig } from "../edge/param_keeper.ts";
import { ROUTER_CORE_DEFAULTS } from "../router/router_config.ts";
import { FEATURE, type FeatureName } from "../wire/message.ts";
import type { CommandArguments } from "./command_arguments.ts";
import { type ServerFiles, serverFiles } from "./server_files.ts";
import { integerBounds } from "./server_keys.ts";
import { suggestion } from "./suggestion.ts";
import { UsageError } from "./usage_error.ts";

const DRAIN_SECONDS_DEFAULT = 30;
const FEATURE_NAMES = (Object.keys(FEATURE) as FeatureName[]).filter((name) => name !== "envelope");
const FEDERATION_MODES = ["hub", "leaf", "mesh"] as const;

/** What the flags of `clasp-fed server` ask for; the files that they name are read later. */
export interface ServerOptions {
  readonly config: RouterConfig;
  readonly listen: ListenAddress;
  readonly drainTimeoutMs: number;
  readonly files: ServerFiles;
}

/**
 * Reads the flags of `clasp-fed server`.
 *
 * @throws {UsageError} when a value cannot be understood or two flags contradict each other
 */
export function serverOptions(args: CommandArguments): ServerOptions {
  const name = args.text("name");
  const maxSessions = integer(args, "max-sessions");
  const limits = limitOptions(args);
  const allowedOrigins = origins(args);
  const ttlSeconds = integer(args, "param-ttl");
  const eventTtlMs = integer(args, "event-ttl");
  const drainSeconds = integer(args, "drain-timeout");
  const federation = federationOptions(args);
  const persist = persistOptions(args);
  return {
    config: {
      features: features(args),
      ...(name === undefined ? {} : { name }),
      ...(maxSessions === undefined ? {} : { maxSessions }),
      ...limits,
      ...(allowedOrigins.length === 0 ? {} : { allowedOrigins }),
      ...(ttlSeconds === undefined || ttlSeconds === 0
        ? {}
        : { paramTtl: { kind: "sliding", seconds: ttlSeconds } }),
      ...(eventTtlMs === undefined ? {} : { eventTtlMs }),
      ...(federation === undefined ? {} : { federation }),
      ...(persist === undefined ? {} : { persist }),
      ...(args.has("no-http") ? { httpPages: false } : {}),
      ...(args.has("ready-without-hub") ? { readyWithoutHub: true } : {}),
    },
    listen: {
      port: integer(args, "port") ?? 7330,
      hostname: args.text("host") ?? "0.0.0.0",
    },
    drainTimeoutMs: (drainSeconds ?? DRAIN_SECONDS_DEFAULT) * 1_000,
    files: serverFiles(args, federation?.mode),
  };
}

function limitOptions(
  args: CommandArguments,
): Pick<RouterConfig, "maxSessionsPerAddress" | "maxMessagesPerSecond" | "maxBytesPerSecond"> {
  const perAddress = integer(args, "max-sessions-per-address");
  const messages = integer(args, "max-messages-per-second");
  const bytes = integer(args, "max-bytes-per-second");
  return {
    ...(perAddress === undefined ? {} : { maxSessionsPerAddress: perAddress }),
    ...(messages === undefined ? {} : { maxMessagesPerSecond: messages }),
    ...(bytes === undefined ? {} : { maxBytesPerSecond: bytes }),
  };
}

function origins(args: CommandArguments): readonly string[] {
  const texts = args.list("allow-origin");
  try {
    new OriginPolicy(texts);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`--allow-origin: ${error.message}`);
    throw error;
  }
  return texts;
}

function persistOptions(args: CommandArguments): PersistConfig | undefined {
  const path = args.text("persist");
  const seconds = integer(args, "persist-interval");
  if (path === undefined) {
    if (seconds === undefined) return undefined;
    throw new UsageError("--persist-interval has no effect here; add --persist FILE");
  }
  return { path, ...(seconds === undefined ? {} : { intervalMs: seconds * 1_000 }) };
}

function features(args: CommandArguments): readonly FeatureName[] {
  const added = args.list("features").map((text) => {
    const name = FEATURE_NAMES.find((each) => each === text);
    if (name !== undefined) return name;
    throw new UsageError(
      `--features knows ${FEATURE_NAMES.join(", ")}, but not "${text}"` +
        suggestion(text, FEATURE_NAMES),
    );
  });
  return [...new Set([...ROUTER_CORE_DEFAULTS.features, ...added])];
}

/** The federation's settings; undefined when this router stands alone. */
function federationOptions(args: CommandArguments): Partial<FederationConfig> | undefined {
  const mode = federationMode(args);
  refuseUseless(args, mode);
  if (mode === undefined) return undefined;
  const routerId = args.text("federation-id");
  const ownedNamespaces = patterns(args, "federation-namespaces");
  const imports = patterns(args, "federation-import");
  const acceptWrites = patterns(args, "accept-writes");
  const offlineWrites = args.oneOf("offline-writes", ["accept", "reject"] as const);
  return {
    mode,
    ...(routerId === undefined ? {} : { routerId }),
    ...(ownedNamespaces.length === 0 ? {} : { ownedNamespaces }),
    ...(imports.length === 0 ? {} : { imports }),
    ...(offlineWrites === undefined ? {} : { offlineWrites }),
    ...(acceptWrites.length === 0 ? {} : { acceptWrites }),
  };
}

function federationMode(args: CommandArguments): FederationMode | undefined {
  const mode = args.oneOf("federation-mode", FEDERATION_MODES);
  const hubs = hubUrls(args);
  switch (mode) {
    case "mesh":
      throw new UsageError(
        "--federation-mode mesh is not implemented; use a hub and leaves: " +
          "--federation-mode leaf --federation-hub ws://HUB:7330",
      );
    case "leaf":
      if (hubs.length > 0) return { type: "leaf", hubEndpoint: hubs };
      throw new UsageError(
        "--federation-mode leaf needs to know its hub: --federation-hub ws://HUB:7330",
      );
    case "hub":
      if (hubs.length === 0) return { type: "hub" };
      throw new UsageError(
        "--federation-mode hub has no hub of its own; leave out --federation-hub, " +
          "or use --federation-mode leaf",
      );
    case undefined:
      if (hubs.length > 0) return { type: "leaf", hubEndpoint: hubs };
      return args.list("features").includes("federation") ? { type: "hub" } : undefined;
  }
}

function hubUrls(args: CommandArguments): readonly string[] {
  const urls = args.list("federation-hub");
  for (const url of urls) {
    if (URL.canParse(url) && /^wss?:$/.test(new URL(url).protocol)) continue;
    throw new UsageError(`--federation-hub needs a URL like ws://hub.example:7330, not "${url}"`);
  }
  return urls;
}

function integer(args: CommandArguments, flag: string): number | undefined {
  return args.integer(flag, integerBounds(flag));
}

/** Refuses what would have no effect in this mode, so that nobody relies on it. */
function refuseUseless(args: CommandArguments, mode: FederationMode | undefined): void {
  const ofAll = ["federation-id", "federation-namespaces", "offline-writes", "accept-writes"];
  const ofLeaves = ["federation-import", "federation-token", "ready-without-hub"];
  const useless = [...(mode === undefined ? ofAll : []), ...(mode?.type === "leaf" ? [] : ofLeaves)]
    .find((name) => args.has(name));
  if (useless === undefined) return;
  const leaf = "--federation-hub ws://HUB:7330 for a leaf";
  throw new UsageError(
    `--${useless} has no effect here; add ` +
      (ofLeaves.includes(useless) ? leaf : `--features federation for a hub, or ${leaf}`),
  );
}

function patterns(args: CommandArguments, flag: string): readonly string[] {
  const texts = args.list(flag);
  for (const text of texts) {
    try {
      parsePattern(text);
    } catch (error) {
      if (error instanceof AddressError) throw new UsageError(`--${flag}: ${error.message}`);
      throw error;
    }
  }
  return texts;
}
