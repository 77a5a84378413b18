import { parsePattern } from "../address/pattern.ts";
import { MAX_FEDERATION_PATTERNS } from "../limits.ts";
import { FEATURE } from "../wire/message.ts";

/** Settings of a router's federation, all present and checked. */
export interface FederationCoreConfig {
  /** Hubs to connect to, tried in turn; empty on the root. */
  readonly hubUrls: readonly string[];
  /** Patterns this router owns. */
  readonly namespaces: readonly string[];
  /** Patterns of the hub's state that are mirrored here. */
  readonly imports: readonly string[];
  readonly token: string | undefined;
  readonly autoReconnect: boolean;
  /** Longest delay between attempts after a lost link. */
  readonly reconnectDelayMs: number;
  /** 0: no limit. */
  readonly maxReconnectAttempts: number;
  /** Between comparisons of states while a link is up. */
  readonly syncIntervalMs: number;
  /** What happens to writes whose owner cannot be reached. */
  readonly offlineWrites: "accept" | "reject";
  /** Where other routers may write what is not theirs, as patterns; undefined: wherever they may. */
  readonly acceptWrites: readonly string[] | undefined;
  /** Whether the state of links is shown as params under `/clasp/federation`. */
  readonly showsLinks: boolean;
  /** Name in HELLO to the hub. */
  readonly clientName: string;
  /** Feature bits in HELLO to the hub; those of federation are added. */
  readonly features: number;
}

/** Settings that a router takes while it runs; see `FederationCore.reconfigure`. */
export type LiveFederationConfig = Partial<
  Pick<FederationCoreConfig, "hubUrls" | "namespaces" | "token">
>;

const SYNC_INTERVAL_MIN_MS = 1_000;

/** Settings nobody named. */
export const FEDERATION_CORE_DEFAULTS: FederationCoreConfig = {
  hubUrls: [],
  namespaces: [],
  imports: ["/**"],
  token: undefined,
  autoReconnect: true,
  reconnectDelayMs: 5_000,
  maxReconnectAttempts: 0,
  syncIntervalMs: 30_000,
  offlineWrites: "accept",
  acceptWrites: undefined,
  showsLinks: true,
  clientName: "clasp-federation",
  features: FEATURE.param | FEATURE.event | FEATURE.stream,
};

/**
 * Checks settings early.
 *
 * @throws {TypeError} when a pattern cannot be parsed or a hub is not a ws: or wss: URL
 * @throws {RangeError} when there are too many patterns or a number is out of bounds
 */
export function validateFederationCoreConfig(config: FederationCoreConfig): void {
  for (const key of ["namespaces", "imports", "acceptWrites"] as const) {
    const patterns = config[key] ?? [];
    if (patterns.length > MAX_FEDERATION_PATTERNS) {
      throw new RangeError(
        `Cannot federate with ${patterns.length} ${key}: at most ${MAX_FEDERATION_PATTERNS} ` +
          "patterns are allowed",
      );
    }
    for (const pattern of patterns) parsePattern(pattern);
  }
  for (const url of config.hubUrls) {
    if (!URL.canParse(url) || !/^wss?:$/.test(new URL(url).protocol)) {
      throw new TypeError(
        `Cannot federate with hub "${url}": a URL like ws://hub.example:7330 is needed`,
      );
    }
  }
  if (!Number.isFinite(config.reconnectDelayMs) || config.reconnectDelayMs < 0) {
    throw new RangeError(
      `Cannot federate with reconnectDelayMs ${config.reconnectDelayMs}: 0 or more is needed`,
    );
  }
  if (!Number.isFinite(config.syncIntervalMs) || config.syncIntervalMs < SYNC_INTERVAL_MIN_MS) {
    throw new RangeError(
      `Cannot federate with syncIntervalMs ${config.syncIntervalMs}: ` +
        `${SYNC_INTERVAL_MIN_MS} or more is needed`,
    );
  }
  if (!Number.isSafeInteger(config.maxReconnectAttempts) || config.maxReconnectAttempts < 0) {
    throw new RangeError(
      `Cannot federate with maxReconnectAttempts ${config.maxReconnectAttempts}: ` +
        "a whole number is needed, 0 for no limit",
    );
  }
}
