/** A token file cannot be used; the message says which, why and what to do. */
export class TokenFileError extends Error {
  /** For telling errors apart by name. */
  override readonly name: string = "TokenFileError";
}
