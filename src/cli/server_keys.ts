/**
 * The one table of what `clasp-fed server` can be told in a configuration file: for each flag its key,
 * what that may be, and whether SIGHUP takes a change of it into use.
 *
 * @module
 */

import {
  CAP_DEPTH_MAX,
  EVENT_LIFE_MAX_MS,
  EVENT_LIFE_MIN_MS,
  PERSIST_INTERVAL_SECONDS_MAX,
} from "../limits.ts";
import { LOG_LEVELS } from "./log_output.ts";

const TTL_SECONDS_MAX = 0x7fff_ffff;
const RATE_MAX = 1_000_000_000_000;
const DRAIN_SECONDS_MAX = 3_600;
const SESSIONS_MAX = 1_000_000;

/** What a key may be. */
export type KeyValue =
  | { readonly kind: "text" }
  /** One text, or several. */
  | { readonly kind: "list" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "word"; readonly words: readonly string[] }
  | { readonly kind: "switch" };

/** A key of the configuration file. */
export interface ServerKey {
  /** The flag that says the same, without dashes. */
  readonly flag: string;
  /** Names of the key and of the section that it is in, with dots, as `federation.hub`. */
  readonly path: string;
  readonly value: KeyValue;
  /** Whether a router takes it while it runs. */
  readonly isLive?: true;
}

const TEXT: KeyValue = { kind: "text" };
const LIST: KeyValue = { kind: "list" };

/** All keys. */
export const SERVER_KEYS: readonly ServerKey[] = [
  { flag: "port", path: "port", value: integer(0, 65_535) },
  { flag: "host", path: "host", value: TEXT },
  { flag: "name", path: "name", value: TEXT },
  { flag: "features", path: "features", value: LIST },
  { flag: "federation-mode", path: "federation.mode", value: word("hub", "leaf") },
  { flag: "federation-hub", path: "federation.hub", value: LIST, isLive: true },
  { flag: "federation-id", path: "federation.id", value: TEXT },
  { flag: "federation-namespaces", path: "federation.namespaces", value: LIST, isLive: true },
  { flag: "federation-import", path: "federation.imports", value: LIST },
  { flag: "federation-token", path: "federation.token", value: TEXT, isLive: true },
  { flag: "offline-writes", path: "federation.offlineWrites", value: word("accept", "reject") },
  { flag: "accept-writes", path: "federation.acceptWrites", value: LIST },
  {
    flag: "ready-without-hub",
    path: "federation.readyWithoutHub",
    value: { kind: "switch" },
  },
  { flag: "security", path: "security.mode", value: word("open", "authenticated") },
  { flag: "trust-anchor", path: "security.trustAnchors", value: LIST },
  { flag: "cap-max-depth", path: "security.capDepthMax", value: integer(0, CAP_DEPTH_MAX) },
  { flag: "tokens", path: "security.tokens", value: TEXT },
  { flag: "cert", path: "tls.cert", value: TEXT, isLive: true },
  { flag: "key", path: "tls.key", value: TEXT, isLive: true },
  { flag: "ca", path: "tls.ca", value: TEXT },
  { flag: "max-sessions", path: "limits.sessions", value: integer(1, SESSIONS_MAX), isLive: true },
  {
    flag: "max-sessions-per-address",
    path: "limits.sessionsPerAddress",
    value: integer(1, SESSIONS_MAX),
    isLive: true,
  },
  {
    flag: "max-messages-per-second",
    path: "limits.messagesPerSecond",
    value: integer(0, RATE_MAX),
    isLive: true,
  },
  {
    flag: "max-bytes-per-second",
    path: "limits.bytesPerSecond",
    value: integer(0, RATE_MAX),
    isLive: true,
  },
  { flag: "allow-origin", path: "allowOrigins", value: LIST },
  { flag: "no-http", path: "noHttp", value: { kind: "switch" } },
  { flag: "param-ttl", path: "paramTtlSeconds", value: integer(0, TTL_SECONDS_MAX) },
  { flag: "event-ttl", path: "eventTtlMs", value: integer(EVENT_LIFE_MIN_MS, EVENT_LIFE_MAX_MS) },
  { flag: "persist", path: "persist.file", value: TEXT },
  {
    flag: "persist-interval",
    path: "persist.intervalSeconds",
    value: integer(1, PERSIST_INTERVAL_SECONDS_MAX),
  },
  {
    flag: "drain-timeout",
    path: "drainTimeoutSeconds",
    value: integer(0, DRAIN_SECONDS_MAX),
    isLive: true,
  },
  { flag: "log-level", path: "log.level", value: word(...LOG_LEVELS), isLive: true },
  { flag: "json-logs", path: "log.json", value: { kind: "switch" }, isLive: true },
];

/** The bounds of a flag that is a whole number. */
export function integerBounds(flag: string): { readonly min: number; readonly max: number } {
  const value = SERVER_KEYS.find((key) => key.flag === flag)?.value;
  if (value?.kind !== "integer") throw new TypeError(`--${flag} is no whole number`);
  return value;
}

function integer(min: number, max: number): KeyValue {
  return { kind: "integer", min, max };
}

function word(...words: readonly string[]): KeyValue {
  return { kind: "word", words };
}
