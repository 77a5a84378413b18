import { getLogger, type Logger } from "npm:@logtape/logtape@2.4.2";

/**
 * Where the library logs: LogTape category `["clasp-fed"]`, silent until the application configures
 * it. Each record has a property `event` that names what happened, for machines.
 */
export const LOG: Logger = getLogger(["clasp-fed"]);

/** Logs what a handler threw: a bug in one session, which has been closed, and no reason to end. */
export function logHandlerError(error: unknown): void {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  LOG.error("A connection was closed by an internal error, a bug; please report it: {error}", {
    event: "handler-error",
    error: message,
    ...(stack === undefined ? {} : { stack }),
  });
}
