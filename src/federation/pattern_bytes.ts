const ENCODER = new TextEncoder();

/** What patterns take in a FEDERATION_SYNC message, bytes. */
export function patternBytes(patterns: readonly string[]): number {
  return patterns.reduce((bytes, text) => bytes + 2 + ENCODER.encode(text).length, 0);
}
