/** A request that is answered with an HTTP status instead of what it asks for. */
export class HttpError extends Error {
  override readonly name: string = "HttpError";
  readonly status: number;
  /** Headers that belong to the status. */
  readonly headers: Readonly<Record<string, string>>;

  /** @param message One line for people. */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}
