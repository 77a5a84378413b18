import type { NamespaceSyncMessage } from "../wire/message.ts";

/** Patterns in one request, bytes: leaves room for router ids, this one's and the answerer's. */
const PAYLOAD_BYTES = 60_000;
const ENCODER = new TextEncoder();

/** Asks for the state of some patterns: as many RequestSync as fit frames, at least one. */
export function syncRequests(
  origin: string,
  patterns: readonly string[],
): readonly NamespaceSyncMessage[] {
  const chunks: string[][] = [[]];
  let bytes = 0;
  for (const pattern of patterns) {
    const size = 2 + ENCODER.encode(pattern).length;
    if (bytes + size > PAYLOAD_BYTES) {
      chunks.push([]);
      bytes = 0;
    }
    bytes += size;
    chunks.at(-1)?.push(pattern);
  }
  return chunks.map((chunk) => ({
    type: "FEDERATION_SYNC",
    op: "RequestSync",
    patterns: chunk,
    revisions: [],
    origin,
  }));
}
