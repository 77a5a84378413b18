/** A peer broke the rules of RFC 6455, or ours about sizes. */
export class WebSocketProtocolError extends Error {
  override readonly name: string = "WebSocketProtocolError";
  /** What to close the connection with. */
  readonly closeCode: number;

  constructor(closeCode: number, message: string) {
    super(message);
    this.closeCode = closeCode;
  }
}
