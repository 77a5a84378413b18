import { STALLED_SERVERS_MAX } from "../limits.ts";
import { tlsAnswer } from "./tls_answer.ts";
import type { ByteConnection } from "./byte_connection.ts";
import { dropConnection } from "./drop_connection.ts";
import type { UpgradedConnection } from "./websocket_transport.ts";
import { parseWebSocketUrl, type WebSocketTarget } from "./websocket_target.ts";
import {
  acceptOfKey,
  UpgradeError,
  upgradeRequest,
  UpgradeResponseReader,
} from "./websocket_upgrade.ts";

/** What `openClientSocket` takes beside the URL. */
export interface ClientSocketOptions {
  /** Gives up and frees the connection. */
  readonly signal: AbortSignal;
  /** PEM texts of authorities to trust beside the usual ones. */
  readonly caCerts?: readonly string[] | undefined;
}

const ANSWER_BUFFER_BYTES = 4_096;
const KEY_BYTES = 16;

/** Servers, as host:port, that did not answer the last TLS handshake. */
const STALLED_SERVERS = new Set<string>();

/**
 * Opens a WebSocket as a client: TCP without Nagle's algorithm, so that a small message does not
 * wait until the one before it is acknowledged; then TLS for `wss:`; then the HTTP upgrade.
 *
 * Deno does not let go of a TCP connection on which a TLS handshake was given up: it stays until
 * the peer says something or hangs up. So a server that left one without an answer is asked first
 * whether it answers again, on a connection that can be dropped: it costs one socket, and not one
 * for each attempt.
 *
 * @throws What keeps it from being opened. Everything else is freed by then.
 */
export async function openClientSocket(
  url: string,
  options: ClientSocketOptions,
): Promise<UpgradedConnection> {
  const { signal } = options;
  const target = parseWebSocketUrl(url);
  const { hostname, port, host } = target;
  const isStalled = target.isSecure && STALLED_SERVERS.has(host);
  if (isStalled) await tlsAnswer(target, signal);
  const tcp = await Deno.connect({ hostname, port, signal });
  let connection: ByteConnection = tcp;
  const drop = () => dropConnection(connection);
  signal.addEventListener("abort", drop, { once: true });
  try {
    // An abort that came after the connection and before the listener was seen by neither.
    signal.throwIfAborted();
    tcp.setNoDelay(true);
    // Nobody else notices that the peer is gone where nothing is sent.
    tcp.setKeepAlive(true);
    if (target.isSecure) {
      const tls = await Deno.startTls(tcp, { hostname, caCerts: [...options.caCerts ?? []] });
      connection = tls;
      signal.throwIfAborted();
      // Noted before: one that is given up does not come to an end while the server says nothing.
      noteAnswer(host, false);
      await tls.handshake().finally(() => noteAnswer(host, !signal.aborted));
    }
    const firstBytes = await upgrade(connection, target);
    signal.throwIfAborted();
    return { connection, firstBytes };
  } catch (error) {
    drop();
    throw error;
  } finally {
    signal.removeEventListener("abort", drop);
  }
}

/** Of too many that stalled the first is forgotten. */
function noteAnswer(host: string, hasAnswered: boolean): void {
  STALLED_SERVERS.delete(host);
  if (!hasAnswered) STALLED_SERVERS.add(host);
  for (const first of STALLED_SERVERS) {
    if (STALLED_SERVERS.size <= STALLED_SERVERS_MAX) return;
    STALLED_SERVERS.delete(first);
  }
}

/** Returns what followed the answer. */
async function upgrade(
  connection: ByteConnection,
  target: WebSocketTarget,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES)).toBase64();
  const reader = new UpgradeResponseReader(await acceptOfKey(key));
  const request = upgradeRequest(target, key);
  for (let sent = 0; sent < request.length;) {
    sent += await connection.write(request.subarray(sent));
  }
  const buffer = new Uint8Array(ANSWER_BUFFER_BYTES);
  while (true) {
    const length = await connection.read(buffer);
    if (length === null) throw new UpgradeError("the server hung up before it answered");
    const firstBytes = reader.push(buffer.subarray(0, length));
    if (firstBytes !== undefined) return firstBytes;
  }
}
