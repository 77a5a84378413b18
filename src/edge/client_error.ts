/** A router refused something, or the connection to it is gone. */
export class ClientError extends Error {
  /** For telling errors apart by name. */
  override readonly name: string = "ClientError";
  /** Code of the router's ERROR message; 0 when there was no answer to go by. */
  readonly code: number;
  /** The address or pattern it was about. */
  readonly address: string | undefined;

  /** `message` says what could not be done, and why. */
  constructor(
    message: string,
    options: { readonly code?: number; readonly address?: string | undefined } = {},
  ) {
    super(message);
    this.code = options.code ?? 0;
    this.address = options.address;
  }
}
