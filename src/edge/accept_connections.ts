import { ACCEPT_RETRY_MS } from "../limits.ts";

/** Connections that come at once after which others get their turn. */
const ACCEPTED_PER_TURN = 32;

/** What {@linkcode acceptConnections} tells. */
export interface AcceptHandlers {
  readonly onConnection: (connection: Deno.TcpConn) => void;
  /** The system did not let one be accepted; tried again. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Accepts connections until the listener is closed, whatever happens: a process that has no file
 * descriptor left has some again later.
 */
export async function acceptConnections(
  listener: Pick<Deno.TcpListener, "accept">,
  { onConnection, onFailed }: AcceptHandlers,
): Promise<void> {
  for (let accepted = 1;; accepted++) {
    let connection: Deno.TcpConn;
    try {
      connection = await listener.accept();
    } catch (error) {
      if (isClosed(error)) return;
      onFailed(error);
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      continue;
    }
    onConnection(connection);
    if (accepted % ACCEPTED_PER_TURN === 0) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}
