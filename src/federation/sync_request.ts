import { FEDERATION_PATTERNS_BYTES_MAX, MAX_FEDERATION_PATTERNS } from "../limits.ts";
import type { NamespaceSyncMessage } from "../wire/message.ts";
import { patternBytes } from "./pattern_bytes.ts";

/**
 * Asks for a comparison of the states of these patterns. When they do not fit a frame, none is
 * named, which asks for all that was subscribed on the link.
 */
export function syncRequest(origin: string, patterns: readonly string[]): NamespaceSyncMessage {
  const fits = patterns.length <= MAX_FEDERATION_PATTERNS &&
    patternBytes(patterns) <= FEDERATION_PATTERNS_BYTES_MAX;
  return {
    type: "FEDERATION_SYNC",
    op: "RequestSync",
    patterns: fits ? patterns : [],
    revisions: [],
    origin,
  };
}
