/** A certificate or a key cannot be used; the message says which, why and what to do. */
export class TlsError extends Error {
  /** For telling errors apart by name. */
  override readonly name: string = "TlsError";
}
