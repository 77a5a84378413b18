import {
  BYTES_PER_SECOND_MAX,
  EVENT_LIFE_MAX_MS,
  EVENT_LIFE_MIN_MS,
  EVENT_LIFE_MS,
  MESSAGES_PER_SECOND_MAX,
  NAME_BYTES_MAX,
  OUTBOX_BYTES_MAX,
  OUTBOX_HIGH_WATER_BYTES,
  PARAMS_MAX,
  SESSIONS_MAX,
  SESSIONS_PER_ADDRESS_MAX,
} from "../limits.ts";
import { FEATURE, type FeatureName } from "../wire/message.ts";

/** Settings of a router's core, all present. */
export interface RouterCoreConfig {
  /** Shown to clients in WELCOME. */
  readonly name: string;
  /** Unique in the federation; origin of all that this router stamps. */
  readonly routerId: string;
  /** Random, new at each process start; at most 2^53 - 1. */
  readonly bootId: number;
  readonly features: readonly FeatureName[];
  /** Connections at once, peers included. */
  readonly sessionsMax: number;
  /** Of these, from one remote address. */
  readonly sessionsPerAddressMax: number;
  /** Messages that a client may send in a second; 0: no limit. Peers have none. */
  readonly messagesPerSecondMax: number;
  /** Bytes of them, likewise. */
  readonly bytesPerSecondMax: number;
  readonly paramsMax: number;
  /** TTL of a SET that names none, as on the wire; 0 is never. */
  readonly defaultTtl: number;
  /** Life of what clients of this router publish, milliseconds: later than that nobody gets it. */
  readonly eventTtlMs: number;
  readonly outboxBytesMax: number;
  readonly outboxHighWaterBytes: number;
}

/** Settings that a router takes while it runs; see `RouterCore.setLimits`. */
export type SessionLimits = Partial<
  Pick<
    RouterCoreConfig,
    "sessionsMax" | "sessionsPerAddressMax" | "messagesPerSecondMax" | "bytesPerSecondMax"
  >
>;

/** Settings nobody named. */
export const ROUTER_CORE_DEFAULTS: Omit<RouterCoreConfig, "routerId" | "bootId"> = {
  name: "clasp-fed",
  features: ["param", "event", "stream", "gesture", "timeline"],
  sessionsMax: SESSIONS_MAX,
  sessionsPerAddressMax: SESSIONS_PER_ADDRESS_MAX,
  messagesPerSecondMax: MESSAGES_PER_SECOND_MAX,
  bytesPerSecondMax: BYTES_PER_SECOND_MAX,
  paramsMax: PARAMS_MAX,
  defaultTtl: 0,
  eventTtlMs: EVENT_LIFE_MS,
  outboxBytesMax: OUTBOX_BYTES_MAX,
  outboxHighWaterBytes: OUTBOX_HIGH_WATER_BYTES,
};

/**
 * Checks settings early.
 *
 * @throws {RangeError} when a number or a length is out of bounds
 * @throws {TypeError} when a feature is unknown
 */
export function validateRouterCoreConfig(config: RouterCoreConfig): void {
  for (const key of ["name", "routerId"] as const) {
    const bytes = new TextEncoder().encode(config[key]).length;
    if (bytes === 0 || bytes > NAME_BYTES_MAX) {
      throw new RangeError(
        `Cannot start a router with ${key} "${config[key]}": it has ${bytes} bytes, ` +
          `1 to ${NAME_BYTES_MAX} are allowed`,
      );
    }
  }
  for (
    const key of [
      "sessionsMax",
      "sessionsPerAddressMax",
      "paramsMax",
      "outboxBytesMax",
      "outboxHighWaterBytes",
    ] as const
  ) {
    if (!Number.isSafeInteger(config[key]) || config[key] < 1) {
      throw new RangeError(
        `Cannot start a router with ${key} ${config[key]}: a whole number from 1 up is needed`,
      );
    }
  }
  for (const key of ["messagesPerSecondMax", "bytesPerSecondMax"] as const) {
    if (!Number.isSafeInteger(config[key]) || config[key] < 0) {
      throw new RangeError(
        `Cannot start a router with ${key} ${
          config[key]
        }: a whole number is needed, 0 for no limit`,
      );
    }
  }
  const { eventTtlMs } = config;
  if (
    !Number.isSafeInteger(eventTtlMs) || eventTtlMs < EVENT_LIFE_MIN_MS ||
    eventTtlMs > EVENT_LIFE_MAX_MS
  ) {
    throw new RangeError(
      `Cannot start a router with eventTtlMs ${eventTtlMs}: a whole number from ` +
        `${EVENT_LIFE_MIN_MS} to ${EVENT_LIFE_MAX_MS} is needed`,
    );
  }
  for (const feature of config.features) {
    if (!Object.hasOwn(FEATURE, feature)) {
      throw new TypeError(
        `Cannot start a router with feature "${feature}": known are ${
          Object.keys(FEATURE).filter((name) => name !== "envelope").join(", ")
        }`,
      );
    }
  }
}

/** The bits of some features. */
export function featureBits(features: readonly FeatureName[]): number {
  return features.reduce((bits, feature) => bits | FEATURE[feature], 0);
}
