/**
 * What could not be decoded: the envelope (answered with ERROR 100) or the message inside it
 * (answered with ERROR 101).
 */
export type WireErrorKind = "frame" | "message";

/**
 * Bytes that are no valid frame, message or value.
 *
 * The only error that decoding throws, whatever the bytes are. The bytes that follow the frame in
 * the same WebSocket message cannot be trusted after a `frame` error; after a `message` error the
 * next frame still starts at `payloadEnd`.
 */
export class WireError extends Error {
  /** For telling errors apart by name. */
  override readonly name: string = "WireError";
  /** What is at fault. */
  readonly kind: WireErrorKind;
  /** Index in the decoded array of the first byte that could not be read. */
  readonly offset: number;

  /**
   * Made by decoders only.
   *
   * @param kind Whether the frame or the message inside it is at fault.
   * @param offset Index of the first byte that could not be read.
   * @param message What could not be read, and why.
   */
  constructor(kind: WireErrorKind, offset: number, message: string) {
    super(message);
    this.kind = kind;
    this.offset = offset;
  }
}
