import { MAX_FEDERATION_PATTERNS } from "../limits.ts";
import type { NamespaceSyncMessage } from "../wire/message.ts";

/** Patterns in a request, bytes: leaves room for the router's id in the same frame. */
const PAYLOAD_BYTES = 60_000;
const ENCODER = new TextEncoder();

/**
 * Asks for a comparison of the states of these patterns. When they do not fit a frame, none is
 * named, which asks for all that was subscribed on the link.
 */
export function syncRequest(origin: string, patterns: readonly string[]): NamespaceSyncMessage {
  const bytes = patterns.reduce((sum, text) => sum + 2 + ENCODER.encode(text).length, 0);
  return {
    type: "FEDERATION_SYNC",
    op: "RequestSync",
    patterns: bytes <= PAYLOAD_BYTES && patterns.length <= MAX_FEDERATION_PATTERNS ? patterns : [],
    revisions: [],
    origin,
  };
}
