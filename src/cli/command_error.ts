/** What was asked for could not be done: exit code 1. The message is for people. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
}
