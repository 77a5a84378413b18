import { FRAME_PAYLOAD_BYTES_MAX } from "../limits.ts";

/** A message that does not fit one frame. What was written of it has been taken back. */
export class FrameTooLargeError extends RangeError {
  override readonly name: string = "FrameTooLargeError";
  /** Size of the payload that did not fit. */
  readonly payloadBytes: number;

  /** @param payloadBytes Size of the payload that did not fit. */
  constructor(payloadBytes: number) {
    super(
      `Cannot write a frame: its payload takes ${payloadBytes} bytes, ` +
        `at most ${FRAME_PAYLOAD_BYTES_MAX} fit`,
    );
    this.payloadBytes = payloadBytes;
  }
}
