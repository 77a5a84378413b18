import { connect } from "node:tls";

/**
 * Waits until a server answers a TLS handshake, or refuses it, in whatever way; that is looked at and
 * sent nothing. Unlike a handshake of Deno's own, one that is given up frees its socket at once.
 *
 * @throws The reason of the abort.
 */
export async function tlsAnswer(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({
    host: hostname,
    port,
    // Whether it is to be trusted is decided by the handshake that counts.
    rejectUnauthorized: false,
  });
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  socket.once("secureConnect", resolve);
  // A broken one is an answer too: the handshake that counts says why, in its own words.
  socket.on("error", resolve);
  socket.once("close", () => resolve());
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", abort);
    socket.destroy();
  }
}
