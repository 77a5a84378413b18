import {
  HANDSHAKE_TIMEOUT_SECONDS,
  HEARTBEAT_MS,
  HEARTBEATS_UNANSWERED_MAX,
  SYNCS_WAITING_MAX,
} from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import type { Connection, ConnectionHandler, Unreadable } from "../router/connection.ts";
import { CLOSE_CODE, ERROR_CODE, type ErrorCode, toErrorMessage } from "../router/error_code.ts";
import { isSample } from "../router/is_sample.ts";
import { ParamChange } from "../router/param_change.ts";
import { isLocal } from "../router/reserved.ts";
import type { Publication } from "../router/publication.ts";
import type { SessionGrant } from "../router/session_grant.ts";
import type { Subscriber } from "../router/subscriber.ts";
import type {
  ForwardMessage,
  LeaseMessage,
  LinkAckMessage,
  Message,
  ReplyEntry,
  RequestEntry,
  ShareCancelMessage,
  SignalAnswerMessage,
  SignalsMessage,
  SyncMessage,
} from "../wire/message.ts";
import { WireError } from "../wire/wire_error.ts";
import { ConflatedVersions } from "./conflated_versions.ts";
import { type EnvelopeFrame, type EnvelopeVisitor, readEnvelope } from "./envelope_reader.ts";
import { EnvelopeWriter } from "./envelope_writer.ts";
import { EventAcks } from "./event_acks.ts";
import type { EventCarrier, SentEvent } from "./event_lane.ts";
import type { FederationCore } from "./federation_core.ts";
import { isRepeatable } from "./is_repeatable.ts";
import { LinkClock } from "./link_clock.ts";
import type { PeerState } from "./link_event.ts";
import type { PeerRecord } from "./peer_record.ts";

const UNCAUSED = { raised: false } as const;

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
 * Everything the link sends leaves in order, joined into one message per event-loop turn. Only
 * versions that change while it is behind come later: see {@linkcode ConflatedVersions}.
 */
export class PeerLink implements ConnectionHandler, Subscriber, EnvelopeVisitor, EventCarrier {
  readonly connection: Connection;
  /** What the peer's token allows; undefined in open mode, and of the hub. */
  readonly grant: SessionGrant | undefined;
  #record: PeerRecord;
  readonly #core: FederationCore;
  readonly #writer: EnvelopeWriter;
  readonly #conflated: ConflatedVersions;
  readonly #flush: () => void = () => {
    this.#isFlushPlanned = false;
    this.#hasRoom = false;
    this.#writer.flush();
  };
  #isFlushPlanned = false;
  /** A version of this turn found room, and nothing has been sent since: so will the next one. */
  #hasRoom = false;
  #role: LinkRole | undefined;
  #routerId = "";
  #bootId = 0;
  #state: PeerState = "Handshaking";
  #end: LinkEnd | undefined;
  #heartbeat: Appointment | undefined;
  #handshake: Appointment | undefined;
  #unanswered = 0;
  /** When the SYNCs were sent that wait for their answers, in order. */
  readonly #syncsSent: number[] = [];
  #ping: { readonly sentMicros: number; readonly answered: () => void } | undefined;
  readonly #clock = new LinkClock();
  readonly #acks: EventAcks;
  #travelMicros = 0;
  #eventsSent = 0;
  #isDegraded = false;
  #syncsAwaited = 0;
  #provenSinceSync = false;
  #isReleased = false;

  constructor(core: FederationCore, connection: Connection, record: PeerRecord) {
    this.#core = core;
    this.connection = connection;
    this.grant = connection.grant;
    this.#record = record;
    this.#writer = new EnvelopeWriter(
      (bytes) => {
        this.#hasRoom = false;
        connection.send(bytes);
      },
      () => this.#clockMicros(),
    );
    this.#conflated = new ConflatedVersions({
      get: (address) => core.router.params.get(address),
      kindOf: (address) => this.#role?.kindOf(address),
      flush: this.#flush,
      conflated: () => this.#record.counters.conflated++,
      paramsMax: core.router.config.paramsMax,
    });
    connection.outbox.lane = this.#conflated;
    this.#acks = new EventAcks(
      core.router,
      (events) => this.sendMessage({ type: "FEDERATION_SYNC", op: "LinkAck", events }),
    );
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

  /** Boot id of the leaf at the other end. */
  get bootId(): number {
    return this.#bootId;
  }

  set bootId(bootId: number) {
    this.#bootId = bootId;
  }

  get state(): PeerState {
    return this.#state;
  }

  /** The handshake is done: all that links are for may be sent. */
  get isRegistered(): boolean {
    return this.#state === "Syncing" || this.#state === "Active";
  }

  get side(): "leaf" | "hub" | undefined {
    return this.#role?.side;
  }

  /** What is known of the peer beyond this connection. */
  get record(): PeerRecord {
    return this.#record;
  }

  /** The peer has registered: from now on this is what is known of it, with what waits for it. */
  remember(record: PeerRecord): void {
    const before = this.#record;
    this.#record = record;
    before.disconnected(this);
    before.release();
    record.connected(this);
    record.identified(this.#routerId, this.#bootId);
  }

  /** Why not all that the peer has is kept here; undefined when all is. */
  get degraded(): string | undefined {
    const { params, config } = this.#core.router;
    if (params.hasRoom) this.#isDegraded = false;
    return this.#isDegraded ? `No room for more than ${config.paramsMax} params` : undefined;
  }

  get roundTripMicros(): number | undefined {
    return this.#clock.roundTripMicros;
  }

  /** How long the context, or the TIME, that is being handled was on its way. */
  get travelMicros(): number {
    return this.#travelMicros;
  }

  /** How long it was on its way at most, as far as clocks can tell. */
  get travelMicrosMax(): number {
    return this.#travelMicros + this.#clock.uncertaintyMicros;
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
    this.record.connected(this);
    this.record.changed(this.#state, undefined);
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
    this.#core.linkRegistered(this);
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

  /** Queues a message that is about the moment at which it was written, and says when that was. */
  sendTimestamped(message: Message): void {
    this.#writer.message(message, { timestampMicros: this.#clockMicros() });
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

  /** Something is about to be said of an address: a version that waits comes before that. */
  tellFirst(address: string): void {
    const version = this.#conflated.take(address)
      ? this.#core.router.params.get(address)
      : undefined;
    if (version !== undefined) this.#sendVersion(new ParamChange(address, version, UNCAUSED));
  }

  /** A share of a bundle, or an answer about one. */
  sendCovered(
    context: ForwardMessage & { readonly kind: "share" | "shareReply" },
    frame: Uint8Array,
  ): void {
    this.#writer.covered(context, frame);
    this.#wantFlush();
  }

  /** Measures the round trip and shows that the peer is there. */
  sendSync(): void {
    const t1 = this.#clockMicros();
    this.#syncsSent.push(t1);
    if (this.#syncsSent.length > SYNCS_WAITING_MAX) this.#syncsSent.shift();
    this.sendMessage({ type: "SYNC", t1 });
  }

  /** Asks for a sign of life, and calls back when one comes that is not older than this call. */
  ping(answered: () => void): void {
    this.#ping = { sentMicros: Math.floor(this.#core.router.nowMicros), answered };
    this.sendSync();
  }

  /** Tells the peer that something of it was refused; the link goes on. */
  refuse(code: ErrorCode, message: string, address?: string): void {
    this.#core.emit({ type: "refused", routerId: this.#routerId, code, message });
    this.#core.router.refused(code);
    this.sendMessage(toErrorMessage({ code, message, address }));
  }

  /** There is no room for a version that the peer sent. It is told once, until there is room again. */
  refuseForRoom(address: string): void {
    if (this.degraded !== undefined) {
      this.record.counters.refused++;
      return;
    }
    this.#isDegraded = true;
    this.refuse(
      ERROR_CODE.overload,
      `Version of "${address}" not kept, nor any other new one: the router keeps ` +
        `${this.#core.router.config.paramsMax} params, its limit`,
      address,
    );
    this.#core.linkDegraded();
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

  // What it held is lost, as with a frame that cannot be read.
  unreadable({ message, closeCode }: Unreadable): void {
    this.end({ kind: "lost", reason: message }, ERROR_CODE.invalidFrame, closeCode);
  }

  closed(reason: string): void {
    const end = this.#end ?? { kind: "lost", reason };
    this.#core.router.agenda.cancel(this.#heartbeat);
    this.#core.router.agenda.cancel(this.#handshake);
    this.#acks.stop();
    this.#core.linkEnded(this, end);
    this.#enter(end.kind === "failed" ? "Failed" : "Disconnected", end.reason);
    this.#role?.ended(end);
  }

  // Subscriber

  paramChanged(change: ParamChange): void {
    const { address, cause } = change;
    if (isLocal(address)) return;
    this.#hasRoom ||= !this.connection.outbox.isBehind;
    if (this.#hasRoom || cause.isPassedOn) this.#sendVersion(change);
    else this.connection.conflate(address);
  }

  published(publication: Publication): void {
    if (!this.isBehind || !isSample(publication)) return this.record.published(publication);
    this.record.counters.dropped++;
    this.connection.outbox.counters.dropped++;
  }

  // EventCarrier

  get isBehind(): boolean {
    return this.connection.outbox.queuedBytes > 0;
  }

  send(
    { identity, publishedMicros, frame }: SentEvent,
    remainingLifeMs: number,
  ): number {
    const ageMs = Math.ceil((this.#core.router.nowMicros - publishedMicros) / 1_000);
    this.#record.traffic.updatesOut++;
    this.#writer.event(identity, { sequence: identity.sequence, remainingLifeMs, ageMs }, frame);
    this.#wantFlush();
    return ++this.#eventsSent;
  }

  // ConnectionHandler

  // What others asked passes here too: as long as any waits, its answer may come or go by this link.
  get isAnswering(): boolean {
    const { writes, shares, gets, p2p } = this.#core;
    return writes.pending + shares.awaited + gets.waiting + p2p.waiting > 0;
  }

  /** The socket has taken all. */
  drained(): void {
    this.record.lane.pump();
  }

  // EnvelopeVisitor

  message(frame: EnvelopeFrame): void {
    const { message, header } = frame;
    switch (message.type) {
      case "SYNC":
        return this.#answerSync(message, header.timestampMicros);
      case "PING":
        return this.sendMessage({ type: "PONG" });
      case "PONG":
        return;
      case "FEDERATION_SYNC":
        if (message.op === "Lease") return this.#lease(message);
        if (message.op === "LinkAck") return this.#acknowledged(message);
        if (message.op === "Signals" || message.op === "SignalAnswer") {
          return this.#signals(message);
        }
        if (message.op === "ShareCancel") return this.#cancelled(message);
        if (message.op === "Time") this.#travelled(header.timestampMicros);
        return this.#role?.handle(message);
      default:
        this.#role?.handle(message);
    }
  }

  forwarded(context: ForwardMessage, index: number, frame: EnvelopeFrame): void {
    this.#record.traffic.updatesIn++;
    this.#travelled(frame.sentMicros);
    this.#forwarded(context, index, frame);
    if (context.kind !== "event") return;
    const { message } = frame;
    this.#acks.handled({ isRepeatable: message.type === "PUBLISH" && isRepeatable(message) });
  }

  #sendVersion(change: ParamChange): void {
    const kind = this.#role?.kindOf(change.address);
    if (kind === undefined) {
      // Nothing of this turn leaves so far, whose end would have it looked at anew.
      this.#hasRoom &&= this.#isFlushPlanned;
      return;
    }
    const { origin } = change.version;
    this.#record.traffic.updatesOut++;
    if (change.isTombstone) this.#writer.tombstone(kind, origin, change.peerFrame());
    else this.#writer.version(kind, origin, change.peerFrame());
    this.#wantFlush();
  }

  #travelled(sentMicros: number | undefined): void {
    this.#travelMicros = this.#clock.travelMicros(sentMicros, this.#core.router.nowMicros);
  }

  #forwarded(context: ForwardMessage, index: number, frame: EnvelopeFrame): void {
    if (!this.isRegistered) {
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

  #lease(message: LeaseMessage): void {
    if (this.isRegistered) {
      return this.#core.leases.received(this, message);
    }
    this.refuse(
      ERROR_CODE.refused,
      "Locks refused: the router has not declared its namespaces yet",
    );
  }

  #cancelled(message: ShareCancelMessage): void {
    if (this.isRegistered) return this.#core.shares.cancelled(this, message);
    const why = "the router has not declared its namespaces yet";
    this.refuse(ERROR_CODE.refused, `Share not taken back: ${why}`);
  }

  #signals(message: SignalsMessage | SignalAnswerMessage): void {
    const { signals, p2p } = this.#core;
    if (!this.isRegistered) {
      const why = "the router has not declared its namespaces yet";
      return this.refuse(ERROR_CODE.refused, `Signals refused: ${why}`);
    }
    if (message.op === "SignalAnswer") return p2p.answered(this, message);
    signals.told(this, message);
    p2p.told(this, message);
  }

  #acknowledged({ events }: LinkAckMessage): void {
    if (events <= this.#eventsSent) return this.record.lane.acknowledged(events);
    this.end(
      {
        kind: "lost",
        reason: `LINK_ACK of ${events} events: ${this.#eventsSent} were sent on this connection`,
      },
      ERROR_CODE.invalidMessage,
      CLOSE_CODE.protocolError,
    );
  }

  #answerSync(message: SyncMessage, peerMicros: number | undefined): void {
    const { t1, t2, t3 } = message;
    if (t2 === undefined || t3 === undefined) {
      const timeMicros = this.#core.timeMicros();
      return this.sendTimestamped({ type: "SYNC", t1, t2: timeMicros, t3: timeMicros });
    }
    const asked = this.#syncsSent.indexOf(t1);
    if (asked < 0) {
      return this.refuse(
        ERROR_CODE.invalidMessage,
        "SYNC with an answer refused: it answers none that waits; repeat t1 as it came, once",
      );
    }
    this.#syncsSent.splice(0, asked + 1);
    this.#unanswered = 0;
    if (this.#ping !== undefined && t1 >= this.#ping.sentMicros) {
      const { answered } = this.#ping;
      this.#ping = undefined;
      answered();
    }
    this.#clock.measure({ sentMicros: t1, peerMicros, nowMicros: this.#core.router.nowMicros });
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

  /** This router's monotonic clock, as the peer is told it. */
  #clockMicros(): number {
    return Math.floor(this.#core.router.nowMicros);
  }

  #enter(state: PeerState, reason?: string): void {
    this.#state = state;
    this.record.changed(state, reason);
    this.#core.emit({
      type: "stateChanged",
      routerId: this.#routerId,
      state,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  #plan(): void {
    this.#heartbeat = this.#core.router.after(HEARTBEAT_MS, () => this.#beat(), this.connection);
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
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#core.router.flushAtEndOfTurn(this.#flush, this.connection);
  }
}
