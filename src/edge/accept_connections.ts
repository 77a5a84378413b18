import { ACCEPT_RETRY_MS } from "../limits.ts";

/** Connections that come at once, those that are gone already too, after which others get their turn. */
const ACCEPTED_PER_TURN = 32;

/** What {@linkcode acceptConnections} tells. */
export interface AcceptHandlers {
  readonly onConnection: (connection: Deno.TcpConn) => void;
  /** The system did not let any be accepted; tried again. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Accepts connections until the listener is closed, whatever happens: a process that has no file
 * descriptor left has some again later. One that is reset before it is accepted holds up no other:
 * whoever opens and resets a few of them in a second would keep everybody out.
 */
export async function acceptConnections(
  listener: Pick<Deno.TcpListener, "accept">,
  { onConnection, onFailed }: AcceptHandlers,
): Promise<void> {
  for (let accepted = 1;; accepted++) {
    let connection: Deno.TcpConn | undefined;
    try {
      connection = await listener.accept();
    } catch (error) {
      if (isClosed(error)) return;
      if (!isGone(error)) {
        onFailed(error);
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_RETRY_MS));
      }
    }
    if (connection !== undefined) onConnection(connection);
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

/** Only the connection that was to be accepted has ended. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset;
}
