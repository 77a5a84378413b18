import { LATEST_TIME_MICROS, TIME_SEEN_MAX_MICROS } from "../limits.ts";
import type { EncodedValue } from "../wire/message.ts";

/** What tells one version of a param from another, and which of the two is newer. */
export interface Stamp {
  /** Starts at 1 and grows by 1 with each write. */
  readonly revision: number;
  /** Federation time of the stamp, microseconds; newer than any version the stamper knew. */
  readonly timestampMicros: number;
  /** Id of the router that stamped it. */
  readonly origin: string;
}

/**
 * One version of a param: what a router knows of it, and what decides between two routers that know
 * different things. Never changed in place; a newer version replaces it.
 *
 * Order and merge rule: `src/federation/README.md`, "Versions".
 */
export interface Version extends Stamp {
  /** As it travelled: type code, then data. Absent in a tombstone, which is left when it expires. */
  readonly value: EncodedValue | undefined;
  /** The effective time to live as the wire's u32 (see `decodeTtl`); 0 is never. */
  readonly ttl: number;
}

/** A version that has not expired. */
export interface LiveVersion extends Version {
  /** Always there. */
  readonly value: EncodedValue;
}

/** What is left of a version that has expired. */
export function tombstoneOf(version: Version): Version {
  return { ...version, value: undefined };
}

/** Whether a version has a value. */
export function isLive(version: Version | undefined): version is LiveVersion {
  return version?.value !== undefined;
}

/** Largest revision a router takes from a peer: leaves room for every later stamp. */
export const VERSION_NUMBER_MAX: number = Number.MAX_SAFE_INTEGER - 2 ** 40;

/** Beyond it nothing is stamped: what is stamped past it would be refused by every peer. */
export const VERSION_NUMBER_STAMPED_PAST_MAX: number = VERSION_NUMBER_MAX - 2 ** 40;

/** The same for timestamps: half a year of later stamps, which peers take, are left. */
export const TIME_STAMPED_PAST_MAX_MICROS: number = (LATEST_TIME_MICROS + TIME_SEEN_MAX_MICROS) / 2;

/** Whether a stamp past this one would be taken by every peer. */
export function canBeFollowed(
  { timestampMicros, revision }: Pick<Stamp, "timestampMicros" | "revision">,
): boolean {
  return timestampMicros <= TIME_STAMPED_PAST_MAX_MICROS &&
    revision <= VERSION_NUMBER_STAMPED_PAST_MAX;
}

/**
 * Orders two versions of one param: higher timestamp, then higher origin (by code units), then
 * higher revision. Negative when `a` is older, 0 when they are the same version.
 */
export function compareVersions(a: Stamp, b: Stamp): number {
  if (a.timestampMicros !== b.timestampMicros) return a.timestampMicros - b.timestampMicros;
  if (a.origin !== b.origin) return a.origin < b.origin ? -1 : 1;
  return a.revision - b.revision;
}

/** What a merge did to the version that was known. */
export type Merge =
  /** The known version stays as it is. */
  | { readonly kind: "kept" }
  /** The incoming version is newer and taken as it came. */
  | { readonly kind: "taken"; readonly version: Version }
  /** The newer of the two, with a revision neither of them had: every link must hear of it. */
  | { readonly kind: "raised"; readonly version: Version };

const KEPT: Merge = { kind: "kept" };

/**
 * Merges a version that came from a peer into what is known. Every router merges alike, so routers
 * that saw the same versions hold the same one, in whatever order they saw them.
 *
 * The newer version wins. Two different stamps must not leave the winner with a revision at or below
 * the loser's, or a client that saw the loser would see the revision go backwards: the winner's
 * becomes the loser's + 1. Timestamp and origin never change.
 *
 * What has expired at one router has expired at all: clocks differ, and may be set back.
 */
export function mergeVersion(known: Version | undefined, incoming: Version): Merge {
  if (known === undefined) return { kind: "taken", version: incoming };
  const sameStamp = incoming.timestampMicros === known.timestampMicros &&
    incoming.origin === known.origin;
  if (sameStamp) return mergeSameStamp(known, incoming);
  const order = compareVersions(incoming, known);
  const winner = order > 0 ? incoming : known;
  const loser = order > 0 ? known : incoming;
  if (winner.revision > loser.revision) {
    return order > 0 ? { kind: "taken", version: incoming } : KEPT;
  }
  return {
    kind: "raised",
    version: { ...winner, revision: Math.min(loser.revision + 1, VERSION_NUMBER_MAX) },
  };
}

/** Two states of one version: it may have been raised at one router and have expired at the other. */
function mergeSameStamp(known: Version, incoming: Version): Merge {
  const isHigher = incoming.revision > known.revision;
  const [higher, lower] = isHigher ? [incoming, known] : [known, incoming];
  // A tombstone has the TTL of what it is the end of: another one is none of it.
  if (isLive(higher) && !isLive(lower) && lower.ttl === higher.ttl) {
    return higher.revision === lower.revision
      ? { kind: "taken", version: lower }
      : { kind: "raised", version: tombstoneOf(higher) };
  }
  return isHigher ? { kind: "taken", version: incoming } : KEPT;
}
