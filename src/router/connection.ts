import { encodeFrame } from "../wire/frame.ts";
import type { Message, Qos } from "../wire/message.ts";
import {
  CLOSE_CODE,
  ERROR_CODE,
  type ErrorCode,
  type Refusal,
  toErrorMessage,
} from "./error_code.ts";
import { type Flow, newFlow } from "./flow.ts";
import type { Outbox } from "./outbox.ts";
import type { ParamChange } from "./param_change.ts";
import type { ConnectionId, RouterPort } from "./port.ts";
import type { Publication } from "./publication.ts";
import type { SessionGrant } from "./session_grant.ts";
import type { SessionRate } from "./session_rate.ts";

/** Why a WebSocket message is not read. */
export interface Unreadable {
  /** For whoever sent it. */
  readonly message: string;
  readonly closeCode: number;
}

/** Whoever a connection's messages go to; replaced as the connection learns who is there. */
export interface ConnectionHandler {
  /** One WebSocket message, within the size bound. */
  received(bytes: Uint8Array): void;
  /**
   * One WebSocket message that holds no frames: a text, or one that is too long to be read. Without
   * this it is answered with an ERROR, and nothing else.
   */
  unreadable?(problem: Unreadable): void;
  /** The connection is gone, from whatever side; nothing can be sent any more. */
  closed(reason: string): void;
  /** No message waits for the socket any more. Told now and then, not only when it is news. */
  drained?(): void;
  /** Whether the other end waits for an answer that is on its way here. */
  readonly isAnswering?: boolean;
}

/** What a {@linkcode Connection} needs of its router. */
export interface ConnectionOwner {
  readonly port: RouterPort;
  /** Forgets the connection. */
  forget(connection: Connection): void;
  /** The outbox has something that waits; come back to pump it. */
  outboxWaits(connection: Connection): void;
  /** An ERROR with this code is sent on one of the connections. */
  refused(code: ErrorCode): void;
}

/** One open connection, client's or peer's. */
export class Connection {
  readonly id: ConnectionId;
  /** "host:port", for people. */
  readonly remoteAddress: string;
  readonly outbox: Outbox;
  /** What came in, whether it was taken or not. */
  readonly received: Flow = newFlow();
  #rate: SessionRate | undefined;
  /** What its token allows, before it has a session or a link; undefined in open mode. */
  grant: SessionGrant | undefined;
  readonly #owner: ConnectionOwner;
  #handler: ConnectionHandler | undefined;
  #closed = false;

  constructor(
    owner: ConnectionOwner,
    options: { readonly id: ConnectionId; readonly remoteAddress: string; readonly outbox: Outbox },
  ) {
    this.#owner = owner;
    this.id = options.id;
    this.remoteAddress = options.remoteAddress;
    this.outbox = options.outbox;
  }

  /** Whether the socket has taken all that was sent. */
  get isSent(): boolean {
    this.outbox.endTurn();
    return !this.outbox.isWaiting && this.#owner.port.bufferedBytes(this.id) === 0;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  get handler(): ConnectionHandler | undefined {
    return this.#handler;
  }

  set handler(handler: ConnectionHandler) {
    this.#handler = handler;
  }

  /** What keeps the other end from sending too much; undefined: nothing does. */
  get rate(): SessionRate | undefined {
    return this.#rate;
  }

  set rate(rate: SessionRate | undefined) {
    this.#rate?.stop();
    this.#rate = rate;
  }

  /**
   * Sends one WebSocket message; the bytes are the caller's again at once. If it must wait past its
   * deadline, by monotonic time, it is dropped.
   */
  send(bytes: Uint8Array, deadlineMicros?: number): void {
    if (!this.#closed) this.#sent(this.outbox.send(bytes, deadlineMicros));
  }

  /** Sends an event or a sample, at the latest when the turn ends, or queues it. */
  sendPublication(publication: Publication): void {
    if (this.#closed || this.outbox.publishInTurn(publication)) return;
    this.#sent(this.outbox.sendPublication(publication));
  }

  /** Sends a new value, at the latest when the turn ends; one that must wait is conflated. */
  sendChange(change: ParamChange): void {
    if (this.#closed || this.outbox.sendInTurn(change)) return;
    this.outbox.sendChange(change);
    this.#sent(true);
  }

  /** Sends the newest value of an address when there is room. */
  conflate(address: string): void {
    if (this.#closed) return;
    this.outbox.conflate(address);
    this.#sent(true);
  }

  /** Gives up on a reader that does not keep up. */
  closeSlow(): void {
    this.closeWith({
      code: ERROR_CODE.overload,
      message: "Connection closed: it reads too slowly, its queue is full; reconnect to resume",
    }, CLOSE_CODE.tryAgainLater);
  }

  /** Sends one message in a frame and a WebSocket message of its own. */
  sendMessage(message: Message, qos?: Qos): void {
    this.send(encodeFrame(message, qos === undefined ? {} : { qos }));
  }

  /** Answers with an ERROR. */
  refuse(refusal: Refusal): void {
    this.#owner.refused(refusal.code);
    this.sendMessage(toErrorMessage(refusal));
  }

  /** Shorthand for {@linkcode refuse}. */
  refuseWith(code: ErrorCode, message: string, address?: string): void {
    this.refuse({ code, message, address });
  }

  /** Tells the other end why, past a full queue if need be, and closes. */
  closeWith(refusal: Refusal, closeCode: number): void {
    if (this.#closed) return;
    this.outbox.endTurn();
    const bytes = encodeFrame(toErrorMessage(refusal));
    this.#owner.refused(refusal.code);
    this.outbox.sent.messages++;
    this.outbox.sent.bytes += bytes.length;
    this.#owner.port.send(this.id, bytes);
    this.close(closeCode, refusal.message);
  }

  /** Closes; the handler is told at once. Idempotent. */
  close(closeCode: number, reason: string): void {
    if (this.#closed) return;
    this.outbox.endTurn();
    this.#owner.port.close(this.id, closeCode, reason);
    this.ended(reason);
  }

  /** The connection is gone: by `close`, or because the other end or the network ended it. */
  ended(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.rate = undefined;
    this.outbox.close();
    this.#owner.forget(this);
    this.#handler?.closed(reason);
  }

  #sent(isTaken: boolean): void {
    if (!isTaken) return this.closeSlow();
    if (this.outbox.isWaiting) this.#owner.outboxWaits(this);
  }
}
