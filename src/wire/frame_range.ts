/** A frame in bytes that may hold more. */
export interface FrameRange {
  readonly whole: Uint8Array;
  /** Index of its first byte. */
  readonly start: number;
  /** Index after its last byte. */
  readonly end: number;
}

/** A frame that is all there is. */
export function wholeFrame(whole: Uint8Array): FrameRange {
  return { whole, start: 0, end: whole.length };
}
