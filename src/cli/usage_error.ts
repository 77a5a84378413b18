/** The command line cannot be understood: exit code 2. The message says what to type. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}
