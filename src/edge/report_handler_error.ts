/** Throws where nobody can catch, so that a bug ends the process unless it listens to `error`. */
export function reportHandlerError(error: unknown): void {
  queueMicrotask(() => reportError(error));
}
