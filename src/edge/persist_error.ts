/** Params cannot be kept in a file, or not be read from it; the message says why and what to do. */
export class PersistError extends Error {
  /** For telling errors apart by name. */
  override readonly name: string = "PersistError";
}
