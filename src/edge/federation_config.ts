import {
  FEDERATION_CORE_DEFAULTS,
  type FederationCoreConfig,
} from "../federation/federation_config.ts";
import { FEATURE, type FeatureName } from "../wire/message.ts";
import { ConfigError } from "../federation/federation_error.ts";

/** How a router takes part in a federation. */
export type FederationMode =
  /** Accepts leaves. */
  | { readonly type: "hub" }
  /** Connects to a hub: the first of these URLs that works. May accept leaves of its own. */
  | { readonly type: "leaf"; readonly hubEndpoint: string | readonly string[] }
  /** Named by the public API, which does not implement it either: refused. */
  | { readonly type: "mesh"; readonly peers: readonly string[] };

/** Settings of a router's federation; names and defaults as in the public CLASP federation API. */
export interface FederationConfig {
  /** Default: hub. */
  readonly mode: FederationMode;
  /** Unique in the federation, the same at each start. Default: a new UUID at each start. */
  readonly routerId: string;
  /**
   * Patterns this router owns: it alone decides writes there. Left at its default `["/**"]`, the
   * router claims nothing, for what nobody claims belongs to the root hub.
   */
  readonly ownedNamespaces: readonly string[];
  /** Patterns of the hub's state that are mirrored here. Default: `["/**"]`. */
  readonly imports: readonly string[];
  /** Token for the hub's HELLO. */
  readonly authToken: string | undefined;
  /** Connect again after a lost link. Default: true. */
  readonly autoReconnect: boolean;
  /** Longest delay between attempts after a lost link, milliseconds. Default: 5000. */
  readonly reconnectDelayMs: number;
  /** Attempts before the link counts as Failed. Default: 0, no limit. */
  readonly maxReconnectAttempts: number;
  /** Between comparisons of both states while the link is up, milliseconds. Default: 30000. */
  readonly syncIntervalMs: number;
  /**
   * What happens to a write whose owner cannot be reached. `accept`: this router stamps it in the
   * owner's place, and the versions are merged when the owner is back, the newer one wins. `reject`:
   * ERROR 501, nothing is changed. Default: accept.
   */
  readonly offlineWrites: "accept" | "reject";
  /**
   * Patterns in which other routers may have this one write what is not theirs: requests of their
   * clients, and what they bring with them after a time alone. What they own, and all that this
   * router's hub tells, is taken anyway. Default: everything, in authenticated mode what their tokens
   * allow.
   */
  readonly acceptWrites: readonly string[] | undefined;
  /** Name in HELLO to the hub. Default: "clasp-federation". */
  readonly clientName: string;
  /** Features in HELLO to the hub. Default: param, event, stream, federation. */
  readonly features: readonly FeatureName[];
}

/** Settings nobody named. The router id is made anew each time this is read. */
export function federationDefaults(): FederationConfig {
  return {
    mode: { type: "hub" },
    routerId: crypto.randomUUID(),
    ownedNamespaces: ["/**"],
    imports: FEDERATION_CORE_DEFAULTS.imports,
    authToken: undefined,
    autoReconnect: FEDERATION_CORE_DEFAULTS.autoReconnect,
    reconnectDelayMs: FEDERATION_CORE_DEFAULTS.reconnectDelayMs,
    maxReconnectAttempts: FEDERATION_CORE_DEFAULTS.maxReconnectAttempts,
    syncIntervalMs: FEDERATION_CORE_DEFAULTS.syncIntervalMs,
    offlineWrites: FEDERATION_CORE_DEFAULTS.offlineWrites,
    acceptWrites: FEDERATION_CORE_DEFAULTS.acceptWrites,
    clientName: FEDERATION_CORE_DEFAULTS.clientName,
    features: ["param", "event", "stream", "federation"],
  };
}

/**
 * What the core is told of a configuration.
 *
 * @throws {ConfigError} when the mode is mesh, or a leaf has no hub
 */
export function toCoreConfig(
  config: FederationConfig,
  given: Partial<FederationConfig>,
): { readonly config: FederationCoreConfig; readonly isLeaf: boolean } {
  const { mode } = config;
  return {
    isLeaf: mode.type === "leaf",
    config: {
      hubUrls: hubUrlsOf(mode),
      namespaces: given.ownedNamespaces ?? [],
      imports: config.imports,
      token: config.authToken,
      autoReconnect: config.autoReconnect,
      reconnectDelayMs: config.reconnectDelayMs,
      maxReconnectAttempts: config.maxReconnectAttempts,
      syncIntervalMs: config.syncIntervalMs,
      offlineWrites: config.offlineWrites,
      acceptWrites: config.acceptWrites,
      showsLinks: true,
      clientName: config.clientName,
      features: config.features.reduce((bits, name) => bits | FEATURE[name], 0),
    },
  };
}

function hubUrlsOf(mode: FederationMode): readonly string[] {
  switch (mode.type) {
    case "hub":
      return [];
    case "leaf":
      return typeof mode.hubEndpoint === "string" ? [mode.hubEndpoint] : mode.hubEndpoint;
    case "mesh":
      throw new ConfigError(
        "Federation mode mesh is not implemented: use a hub and leaves, " +
          '{ type: "leaf", hubEndpoint: "ws://..." }',
      );
  }
}
