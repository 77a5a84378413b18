import { HANDSHAKE_TIMEOUT_SECONDS, HEARTBEAT_MS, HEARTBEATS_UNANSWERED_MAX } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import type { Connection, ConnectionHandler } from "../router/connection.ts";
import { CLOSE_CODE, ERROR_CODE, type ErrorCode, toErrorMessage } from "../router/error_code.ts";
import type { ParamChange } from "../router/param_change.ts";
import type { Publication } from "../router/publication.ts";
import type { Subscriber } from "../router/subscriber.ts";
import type {
  EventEntry,
  ForwardMessage,
  Message,
  ReplyEntry,
  RequestEntry,
  SyncMessage,
} from "../wire/message.ts";
import { WireError } from "../wire/wire_error.ts";
import { type EnvelopeFrame, type EnvelopeVisitor, readEnvelope } from "./envelope_reader.ts";
import { EnvelopeWriter } from "./envelope_writer.ts";
import type { FederationCore } from "./federation_core.ts";
import type { PeerState } from "./link_event.ts";

/** Why a link ended, for whoever dials again. */
export type LinkEnd =
  /** Lost, or closed by the other end: try again soon. */
  | { readonly kind: "lost"; readonly reason: string }
  /** The other end, or this one, cannot have this link now: try again later. */
  | { readonly kind: "refused"; readonly reason: string }
  /** Trying again would not help. */
  | { readonly kind: "failed"; readonly reason: string };

/** What differs between the two ends of a link: the leaf dialled, the hub accepted. */
export interface LinkRole {
  readonly side: "leaf" | "hub";
  /** A message that belongs to the handshake or to registration. */
  handle(message: Message): void;
  /** How the peer is to take a version of this address; undefined: not at all. */
  kindOf(address: string): "update" | "offer" | undefined;
  /** Whether the peer may send versions of this address as updates. */
  mayUpdate(address: string): boolean;
  /** Declares to the peer what there is to declare, once the handshake is that far. */
  declare(): void;
  /** A SYNC was answered. */
  timed(exchange: { readonly t1: number; readonly t2: number; readonly t3: number }): void;
  ended(end: LinkEnd): void;
}

/**
 * One connection to a peer router, from either end: what both ends do alike. Its {@linkcode LinkRole}
 * does the rest.
 *
 * Everything the link sends leaves in order, joined into one message per event-loop turn.
 */
export class PeerLink implements ConnectionHandler, Subscriber, EnvelopeVisitor {
  readonly connection: Connection;
  readonly #core: FederationCore;
  readonly #writer: EnvelopeWriter;
  readonly #flush: () => void = () => this.#writer.flush();
  #role: LinkRole | undefined;
  #routerId = "";
  #state: PeerState = "Handshaking";
  #end: LinkEnd | undefined;
  #heartbeat: Appointment | undefined;
  #handshake: Appointment | undefined;
  #unanswered = 0;
  #roundTripMicros: number | undefined;
  #syncsAwaited = 0;
  #provenSinceSync = false;
  #isReleased = false;

  constructor(core: FederationCore, connection: Connection) {
    this.#core = core;
    this.connection = connection;
    this.#writer = new EnvelopeWriter((bytes) => connection.send(bytes));
  }

  /** Set at once after construction: the two refer to each other. */
  set role(role: LinkRole) {
    this.#role = role;
  }

  /** Router id of the peer; empty until it said so. */
  get routerId(): string {
    return this.#routerId;
  }

  set routerId(routerId: string) {
    this.#routerId = routerId;
  }

  get state(): PeerState {
    return this.#state;
  }

  get side(): "leaf" | "hub" | undefined {
    return this.#role?.side;
  }

  get roundTripMicros(): number | undefined {
    return this.#roundTripMicros;
  }

  get isDone(): boolean {
    return this.connection.isClosed || this.#isReleased;
  }

  /** Somebody else takes the connection over; this link does and says nothing more. */
  release(): void {
    this.#isReleased = true;
    this.#core.router.agenda.cancel(this.#heartbeat);
    this.#core.router.agenda.cancel(this.#handshake);
  }

  /** Tells the peer what this router knows of claims by now. */
  declare(): void {
    this.#role?.declare();
  }

  /** Starts the heartbeat, and the time that the handshake may take. */
  start(): void {
    this.#plan();
    this.#handshake = this.#core.router.after(HANDSHAKE_TIMEOUT_SECONDS * 1_000, () => {
      this.close({
        kind: "lost",
        reason: `The handshake was not done within ${HANDSHAKE_TIMEOUT_SECONDS} s`,
      });
    });
  }

  /** Registration is done: states flow, and `syncs` SyncCompletes are awaited. */
  beginSync(syncs: number): void {
    this.#core.router.agenda.cancel(this.#handshake);
    this.#syncsAwaited = syncs;
    this.#provenSinceSync = false;
    this.#enter("Syncing");
    this.sendSync();
  }

  /** A sync that was asked for is complete. */
  syncCompleted(): void {
    if (this.#syncsAwaited > 0) this.#syncsAwaited--;
    this.#becomeActive();
  }

  /** Queues a message for the end of the turn. */
  sendMessage(message: Message): void {
    this.#writer.message(message);
    this.#wantFlush();
  }

  sendRequest(
    from: { readonly origin: string; readonly bootId: number },
    entry: RequestEntry,
    frame: Uint8Array,
  ): void {
    this.#writer.request(from, entry, frame);
    this.#wantFlush();
  }

  sendReply(
    to: { readonly origin: string; readonly bootId: number },
    entry: ReplyEntry,
    frame: Uint8Array,
  ): void {
    this.#writer.reply(to, entry, frame);
    this.#wantFlush();
  }

  /** Measures the round trip and shows that the peer is there. */
  sendSync(): void {
    this.sendMessage({ type: "SYNC", t1: Math.floor(this.#core.router.nowMicros) });
  }

  /** Tells the peer that something of it was refused; the link goes on. */
  refuse(code: ErrorCode, message: string, address?: string): void {
    this.#core.emit({ type: "refused", routerId: this.#routerId, code, message });
    this.sendMessage(toErrorMessage({ code, message, address }));
  }

  /** Ends the link from this side, with the reason told to the peer. */
  end(end: LinkEnd, code: ErrorCode, closeCode: number = CLOSE_CODE.policy): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#writer.flush();
    this.connection.closeWith({ code, message: end.reason }, closeCode);
  }

  /** Ends the link without an ERROR. */
  close(end: LinkEnd): void {
    this.#end ??= end;
    this.connection.close(CLOSE_CODE.goingAway, end.reason);
  }

  // ConnectionHandler

  received(bytes: Uint8Array): void {
    try {
      readEnvelope(bytes, this);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      // What follows in the message is lost, so the link starts anew and syncs.
      const code = error.kind === "frame" ? ERROR_CODE.invalidFrame : ERROR_CODE.invalidMessage;
      this.end({ kind: "lost", reason: error.message }, code, CLOSE_CODE.protocolError);
    }
  }

  closed(reason: string): void {
    const end = this.#end ?? { kind: "lost", reason };
    this.#core.router.agenda.cancel(this.#heartbeat);
    this.#core.router.agenda.cancel(this.#handshake);
    this.#core.linkEnded(this, end);
    this.#enter(end.kind === "failed" ? "Failed" : "Disconnected", end.reason);
    this.#role?.ended(end);
  }

  // Subscriber

  paramChanged(change: ParamChange): void {
    const kind = this.#role?.kindOf(change.address);
    if (kind === undefined) return;
    this.#writer.version(kind, change.version.origin, change.peerFrame());
    this.#wantFlush();
  }

  published(publication: Publication): void {
    const { identity, deadlineMicros, frame } = publication;
    if (identity.origin === this.#routerId) return;
    const remainingLifeMs = Math.floor((deadlineMicros - this.#core.router.nowMicros) / 1_000);
    if (remainingLifeMs <= 0) return;
    const entry: EventEntry = { sequence: identity.sequence, remainingLifeMs };
    this.#writer.event(identity, entry, frame);
    this.#wantFlush();
  }

  // EnvelopeVisitor

  message(frame: EnvelopeFrame): void {
    const { message } = frame;
    switch (message.type) {
      case "SYNC":
        return this.#answerSync(message);
      case "PING":
        return this.sendMessage({ type: "PONG" });
      case "PONG":
        return;
      default:
        this.#role?.handle(message);
    }
  }

  forwarded(context: ForwardMessage, index: number, frame: EnvelopeFrame): void {
    if (this.#state !== "Syncing" && this.#state !== "Active") {
      return this.refuse(
        ERROR_CODE.refused,
        `Forwarded ${context.kind} refused: the router has not declared its namespaces yet`,
      );
    }
    this.#core.receiver.forwarded(this, context, index, frame);
  }

  /** Whether the peer may send versions of this address as updates. */
  mayUpdate(address: string): boolean {
    return this.#role?.mayUpdate(address) ?? false;
  }

  #answerSync(message: SyncMessage): void {
    const { t1, t2, t3 } = message;
    if (t2 === undefined || t3 === undefined) {
      const timeMicros = this.#core.timeMicros();
      this.sendMessage({ type: "SYNC", t1, t2: timeMicros, t3: timeMicros });
      return;
    }
    this.#unanswered = 0;
    this.#roundTripMicros = Math.max(0, this.#core.router.nowMicros - t1);
    if (this.#state === "Syncing") this.#provenSinceSync = true;
    this.#role?.timed({ t1, t2, t3 });
    this.#becomeActive();
  }

  #becomeActive(): void {
    if (this.#state === "Syncing" && this.#syncsAwaited === 0 && this.#provenSinceSync) {
      this.#enter("Active");
      this.#core.emit({ type: "connected", routerId: this.#routerId });
    }
  }

  #enter(state: PeerState, reason?: string): void {
    this.#state = state;
    this.#core.emit({
      type: "stateChanged",
      routerId: this.#routerId,
      state,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  #plan(): void {
    this.#heartbeat = this.#core.router.after(HEARTBEAT_MS, () => this.#beat());
  }

  #beat(): void {
    if (this.#unanswered >= HEARTBEATS_UNANSWERED_MAX) {
      return this.close({
        kind: "lost",
        reason: `No answer to ${HEARTBEATS_UNANSWERED_MAX} heartbeats`,
      });
    }
    this.#unanswered++;
    this.sendSync();
    this.#plan();
  }

  #wantFlush(): void {
    this.#core.router.flushAtEndOfTurn(this.#flush);
  }
}
