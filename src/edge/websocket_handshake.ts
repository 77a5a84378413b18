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

/**
 * Opens a WebSocket as a client: TCP without Nagle's algorithm, so that a small message does not
 * wait until the one before it is acknowledged; then TLS for `wss:`; then the HTTP upgrade.
 *
 * Deno does not let go of a TCP connection on which a TLS handshake was given up: it stays until
 * the peer says something or hangs up.
 *
 * @throws What keeps it from being opened. Everything else is freed by then.
 */
export async function openClientSocket(
  url: string,
  options: ClientSocketOptions,
): Promise<UpgradedConnection> {
  const { signal } = options;
  const target = parseWebSocketUrl(url);
  const { hostname, port } = target;
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
      await tls.handshake();
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
