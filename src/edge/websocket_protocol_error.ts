/** A peer broke the rules of RFC 6455, or ours about sizes. */
export class WebSocketProtocolError extends Error {
  override readonly name: string = "WebSocketProtocolError";
  /** What to close the connection with. */
  readonly closeCode: number;
  /** How large a message is that is too large, as far as is known. */
  readonly tooLargeBytes: number | undefined;

  constructor(closeCode: number, message: string, tooLargeBytes?: number) {
    super(message);
    this.closeCode = closeCode;
    this.tooLargeBytes = tooLargeBytes;
  }
}
