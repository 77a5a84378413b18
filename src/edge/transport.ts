/**
 * The only socket boundary of the product: connections that carry whole binary messages.
 *
 * `tests/edge/transport_suite.ts` is what an implementation has to pass.
 *
 * @module
 */
import { CLOSE_REASON_BYTES_MAX } from "../limits.ts";

/** One connection that carries whole binary messages in order. */
export interface Transport {
  /**
   * Hands one message over; never blocks. The bytes are copied before it returns, so the caller may
   * reuse its buffer. Ignored once the connection has ended, at either end.
   */
  send(bytes: Uint8Array): void;
  /**
   * Hands over messages that are framed already, as a WebSocket server frames them: for whoever has the
   * same ones for many. Only transports have it that would frame them so themselves.
   */
  readonly sendFramed?: ((frames: Uint8Array) => void) | undefined;
  /**
   * Bytes handed over that the system has not taken yet, with what carries them. Not 0 right after
   * `send`, even on an idle connection: compare it with a threshold. 0 once closed.
   */
  readonly bufferedBytes: number;
  /**
   * Closes; what was sent before leaves first, as far as the peer takes it. Idempotent.
   *
   * The handler's `onClose` is called exactly once per transport, before this returns and not when
   * the peer agrees; nothing is delivered after it. `reason` is cut to `CLOSE_REASON_BYTES_MAX`.
   *
   * @throws {RangeError} When `code` is none that may be sent; see `closeFrame`.
   */
  close(code: number, reason: string): void;
  /** "host:port" of the peer, for people. */
  readonly remoteAddress: string;
}

/**
 * Who is told what arrives on a transport. An exception thrown here is a bug: the transport is
 * closed with 1011 and the exception goes to the `onHandlerError` of whoever made the transport.
 */
export interface TransportHandler {
  /**
   * One whole message, of any size: which sizes are welcome is the handler's business. The bytes are
   * the transport's again when this returns: whoever keeps some of them copies them.
   */
  onMessage(bytes: Uint8Array): void;
  /** A text message arrived, which CLASP does not have. */
  onText(): void;
  /**
   * A message of so many bytes or more began, which is over `MESSAGE_BYTES_MAX`. It is not read: the
   * transport is closed with 1009 when this returns.
   */
  onTooLarge?(bytes: number): void;
  /**
   * The connection has ended. `code` and `reason` are those of whoever closed; 1005 when the peer
   * gave none, 1006 when the connection broke, with what the system said as reason.
   */
  onClose(code: number, reason: string): void;
}

/**
 * Called for each new connection, before anything is delivered. May send and close already; a close
 * reaches the returned handler as soon as it is returned.
 */
export type AcceptTransport = (transport: Transport) => TransportHandler;

/** Accepts connections until it is stopped. */
export interface Listener {
  readonly port: number;
  readonly hostname: string;
  /** Whether a transport came from this listener and has not ended. */
  owns(transport: Transport): boolean;
  /**
   * Refuses new connections, closes those that exist with 1001, gives them `graceMs`
   * (`CLOSE_GRACE_MS` unless given) to agree and then cuts the rest off. Idempotent.
   */
  stop(graceMs?: number): Promise<void>;
}

/** What a close tells the peer. */
export interface CloseFrame {
  readonly code: number;
  readonly reason: string;
}

/**
 * What may travel of a close: a checked code and a reason of at most `CLOSE_REASON_BYTES_MAX` UTF-8
 * bytes, cut between characters.
 *
 * @throws {RangeError} When RFC 6455 does not let `code` be sent: it may be 1000-1003, 1007-1014 or
 * 3000-4999.
 */
export function closeFrame(code: number, reason: string): CloseFrame {
  if (!isSendableCode(code)) {
    throw new RangeError(
      `Cannot close with code ${code}: it is not one of 1000-1003, 1007-1014, 3000-4999`,
    );
  }
  const bytes = new Uint8Array(CLOSE_REASON_BYTES_MAX);
  const { written } = new TextEncoder().encodeInto(reason, bytes);
  return { code, reason: new TextDecoder().decode(bytes.subarray(0, written)) };
}

function isSendableCode(code: number): boolean {
  return Number.isInteger(code) &&
    ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
      (code >= 3000 && code <= 4999));
}
