import {
  MESSAGE_BYTES_MAX,
  NAME_BYTES_MAX,
  OUTBOX_SLICE_BYTES,
  OUTBOX_TURN_BYTES,
  TOKEN_BYTES_MAX,
} from "../limits.ts";
import { Locks } from "../state/locks.ts";
import { MapParamStore } from "../state/map_param_store.ts";
import { newestTimestampMicros } from "../state/newest_timestamp.ts";
import type { ParamStore } from "../state/param_store.ts";
import type { Version } from "../state/version.ts";
import {
  FEATURE,
  type HelloMessage,
  type PublishMessage,
  type SetMessage,
} from "../wire/message.ts";
import { AddressSessions } from "./address_sessions.ts";
import { Agenda, type Appointment } from "./agenda.ts";
import type { Authenticator, TokenAnswer } from "./authenticator.ts";
import { Bundles } from "./bundles.ts";
import { Connection, type ConnectionOwner, type Unreadable } from "./connection.ts";
import { Drain } from "./drain.ts";
import { Renewal } from "./renewal.ts";
import { CLOSE_CODE, ERROR_CODE, type ErrorCode } from "./error_code.ts";
import type { FederationHook, WriteAnswer, WriteRoute } from "./federation_hook.ts";
import { addFlow, type Flow, newFlow } from "./flow.ts";
import { type ClientPublish, GestureMoves } from "./gesture_moves.ts";
import { Grants } from "./grants.ts";
import { Greeting } from "./greeting.ts";
import { Outbox, type OutboxCounters, type OutboxSource } from "./outbox.ts";
import { P2pSignals } from "./p2p_signals.ts";
import { Params, type Write } from "./params.ts";
import type { ConnectionId, RouterPort } from "./port.ts";
import type { Publication } from "./publication.ts";
import {
  featureBits,
  type RouterCoreConfig,
  type SessionLimits,
  validateRouterCoreConfig,
} from "./router_config.ts";
import { RefusalCounts } from "./refusal_counts.ts";
import { SignalRegistry } from "./signal_registry.ts";
import type { Subscriber } from "./subscriber.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Turn } from "./turn.ts";
import { V0Port } from "./v0_port.ts";

/** How often connections with a full socket buffer are tried again: there is no drain event. */
const PUMP_INTERVAL_MS = 4;
/** How soon those with room are, who had their share of a turn. */
const NEXT_TURN_MS = 1;
/** Who is told what became of a dial. */
export interface Dialler {
  opened(connection: Connection): void;
  failed(reason: string): void;
}

const HERE: WriteRoute = { kind: "here" };

/**
 * The router, without any socket, clock or timer: it is stepped with events and the time, and acts
 * through its {@linkcode RouterPort}.
 *
 * The caller tells it every event as it happens (`accepted`, `received`, `closed`, ...), each with
 * the monotonic time, calls `flush` when `wantsFlush` says so, at the latest at the end of the
 * event-loop turn, and calls `wake` at `nextWakeMicros`.
 */
export class RouterCore implements ConnectionOwner {
  readonly port: V0Port;
  readonly agenda: Agenda = new Agenda();
  readonly locks: Locks = new Locks();
  readonly subscriptions: Subscriptions = new Subscriptions();
  readonly params: Params;
  readonly signals: SignalRegistry = new SignalRegistry(this);
  readonly p2p: P2pSignals = new P2pSignals(this);
  readonly bundles: Bundles = new Bundles(this);
  /** ERRORs that were sent, to clients and peers. */
  readonly refusals: RefusalCounts = new RefusalCounts();
  /** What tokens allow; undefined in open mode, where everything is allowed. */
  readonly grants: Grants | undefined;
  /** Set once, before the first event, when the router federates. */
  federation: FederationHook | undefined;
  #config: RouterCoreConfig;
  readonly #connections = new Map<ConnectionId, Connection>();
  readonly #addresses = new AddressSessions();
  readonly #diallers = new Map<ConnectionId, Dialler>();
  readonly #waiting = new Set<Connection>();
  readonly #turn: Turn | undefined;
  readonly #flushes = new Map<() => void, Connection | undefined>();
  readonly #gestures = new GestureMoves({
    after: (delayMs, action) => this.after(delayMs, action),
    cancel: (appointment) => this.agenda.cancel(appointment),
    publish: (publication) => this.#publishNow(publication),
  });
  #pumpPlan: Appointment | undefined;
  readonly #wallOffsetMicros: number;
  readonly #startedMicros: number;
  #nowMicros: number;
  #clientSessions = 0;
  #sequence = 0;
  /** Of connections that are gone. */
  readonly #unsent: OutboxCounters = { conflated: 0, dropped: 0, expired: 0 };
  /** Likewise. */
  readonly #flowIn: Flow = newFlow();
  /** Likewise. */
  readonly #flowOut: Flow = newFlow();
  #eventDeliveries = 0;
  #isStopping = false;
  #drain: Drain | undefined;

  constructor(options: {
    readonly config: RouterCoreConfig;
    readonly port: RouterPort;
    readonly nowMicros: number;
    /** The wall clock at the same moment; read once, never again. */
    readonly wallMicros: number;
    readonly store?: ParamStore;
    /** With it the router is in authenticated mode: nothing passes without a token that allows it. */
    readonly authenticator?: Authenticator;
  }) {
    validateRouterCoreConfig(options.config);
    const { authenticator } = options;
    this.grants = authenticator === undefined ? undefined : new Grants(this, authenticator);
    this.#config = options.config;
    this.port = new V0Port(options.port);
    const { turnMessages } = this.port;
    this.#turn = turnMessages && new Turn(turnMessages, {
      nowMicros: () => this.#nowMicros,
      failed: (id, error) => {
        this.#guard(this.#connections.get(id), () => {
          throw error;
        });
      },
    });
    this.#nowMicros = options.nowMicros;
    this.#startedMicros = options.nowMicros;
    const { store = new MapParamStore() } = options;
    const newestMicros = newestTimestampMicros(store);
    // What is kept from an earlier life was stamped before this moment, whatever the clock says.
    this.#wallOffsetMicros = Math.max(options.wallMicros, newestMicros + 1) - options.nowMicros;
    this.params = new Params({
      store,
      newestMicros,
      locks: this.locks,
      subscriptions: this.subscriptions,
      routerId: options.config.routerId,
      paramsMax: options.config.paramsMax,
      defaultTtl: options.config.defaultTtl,
      timeMicros: () => this.timeMicros(),
      isTimed: () => this.federation?.isTimed ?? true,
      nowMicros: () => this.#nowMicros,
      random: () => this.port.random(),
      after: (delayMs, action) => this.after(delayMs, action),
    });
  }

  get config(): RouterCoreConfig {
    return this.#config;
  }

  /** Monotonic time of the event that is being handled. */
  get nowMicros(): number {
    return this.#nowMicros;
  }

  /** Monotonic time of the start of this process. */
  get startedMicros(): number {
    return this.#startedMicros;
  }

  /** Federation time. */
  timeMicros(): number {
    return this.federation?.timeMicros() ?? Math.floor(this.#nowMicros + this.#wallOffsetMicros);
  }

  /** What the wall clock would show, had it run evenly since the start. */
  get wallOffsetMicros(): number {
    return this.#wallOffsetMicros;
  }

  /** Feature bits of WELCOME to a client. */
  get clientFeatures(): number {
    return featureBits(this.config.features) & ~FEATURE.envelope;
  }

  /** Clients that said HELLO and are still here. */
  get clientSessions(): number {
    return this.#clientSessions;
  }

  /** Open connections: clients, peers both ways, and those that have not said HELLO. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Publications that waited for a slow client past their life, and were dropped. */
  get eventsExpired(): number {
    return this.unsent.expired;
  }

  /** What was not sent on any connection since the start; of one, see its `Outbox.counters`. */
  get unsent(): Readonly<OutboxCounters> {
    const sum = { ...this.#unsent };
    for (const { outbox } of this.#connections.values()) addTo(sum, outbox.counters);
    return sum;
  }

  /** What came in on all connections since the start. */
  get flowIn(): Readonly<Flow> {
    const sum = { ...this.#flowIn };
    for (const connection of this.#connections.values()) addFlow(sum, connection.received);
    return sum;
  }

  /** What was handed to all sockets since the start. */
  get flowOut(): Readonly<Flow> {
    const sum = { ...this.#flowOut };
    for (const { outbox } of this.#connections.values()) addFlow(sum, outbox.sent);
    return sum;
  }

  /** Events, streams, gestures and timelines that clients of this router published. */
  get publications(): number {
    return this.#sequence;
  }

  /** How often a publication was handed to a subscriber, client or peer. */
  get eventDeliveries(): number {
    return this.#eventDeliveries;
  }

  /** Bytes that wait in the outboxes of all connections. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const { outbox } of this.#connections.values()) bytes += outbox.queuedBytes;
    return bytes;
  }

  /**
   * Takes other limits for connections and sessions, those of now too. Who is connected stays, also
   * above them.
   *
   * @throws {RangeError} when a number is out of bounds; nothing is changed then
   */
  setLimits(limits: SessionLimits): void {
    const config = { ...this.#config, ...limits };
    validateRouterCoreConfig(config);
    this.#config = config;
    for (const { rate } of this.#connections.values()) rate?.limitsChanged();
  }

  // Events

  /** A connection came in. */
  accepted(id: ConnectionId, remoteAddress: string, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    const connection = this.adopt(id, remoteAddress);
    const fromAddress = this.#addresses.add(id, remoteAddress);
    if (this.#isStopping) {
      connection.close(CLOSE_CODE.goingAway, "The router is stopping");
    } else if (this.#connections.size > this.config.sessionsMax) {
      connection.closeWith({
        code: ERROR_CODE.overload,
        message: `The router has ${this.config.sessionsMax} sessions, its limit; try again later`,
      }, CLOSE_CODE.tryAgainLater);
    } else if (fromAddress > this.config.sessionsPerAddressMax) {
      connection.closeWith({
        code: ERROR_CODE.tooMany,
        message:
          `The router has ${this.config.sessionsPerAddressMax} connections from the address ` +
          "of this one, its limit for one address; close some",
      }, CLOSE_CODE.tryAgainLater);
    } else {
      connection.handler = new Greeting(this, connection);
    }
  }

  /** A binary message came in. */
  received(id: ConnectionId, bytes: Uint8Array, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    connection.received.messages++;
    connection.received.bytes += bytes.length;
    if (connection.rate?.takes(bytes.length) === false) return;
    if (bytes.length > MESSAGE_BYTES_MAX) {
      return this.receivedTooLarge(id, bytes.length, nowMicros);
    }
    connection.handler?.received(bytes);
  }

  /** A message of so many bytes or more came in, or would have. */
  receivedTooLarge(id: ConnectionId, byteLength: number, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    const message =
      `A message of ${byteLength} bytes was ignored: at most ${MESSAGE_BYTES_MAX} are read`;
    connection.handler?.unreadable?.({ message, closeCode: CLOSE_CODE.tooBig });
    // Nobody reads over the rest of it: lengths can be announced that never end.
    connection.closeWith({ code: ERROR_CODE.invalidFrame, message }, CLOSE_CODE.tooBig);
  }

  /** A text message came in, which CLASP does not have. */
  receivedText(id: ConnectionId, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    const connection = this.#connections.get(id);
    if (connection === undefined || connection.rate?.takes(0) === false) return;
    this.#unreadable(connection, {
      message: "A text message was ignored: CLASP frames are binary messages",
      closeCode: CLOSE_CODE.unsupportedData,
    });
  }

  /** A connection ended, by the other end or the network. */
  closed(id: ConnectionId, reason: string, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    this.#connections.get(id)?.ended(reason);
  }

  /** A token that the authenticator was asked about was looked at. */
  authenticated(id: ConnectionId, answer: TokenAnswer, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    this.#guard(this.#connections.get(id), () => this.grants?.answered(id, answer));
  }

  /** Tokens of this identity allow nothing any more: its sessions end at once. */
  revoked(identity: string, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    this.grants?.revoked(identity);
    this.federation?.grantRevoked();
  }

  /** A dial succeeded. */
  opened(id: ConnectionId, remoteAddress: string, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    const dialler = this.#diallers.get(id);
    if (dialler === undefined) return;
    this.#diallers.delete(id);
    dialler.opened(this.adopt(id, remoteAddress));
  }

  /** A dial failed. */
  dialFailed(id: ConnectionId, reason: string, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    const dialler = this.#diallers.get(id);
    this.#diallers.delete(id);
    dialler?.failed(reason);
  }

  /** The time of `nextWakeMicros` has come. */
  wake(nowMicros: number): void {
    this.#nowMicros = nowMicros;
    this.agenda.run(nowMicros);
  }

  /** When to call `wake` next; undefined when nothing is planned. */
  get nextWakeMicros(): number | undefined {
    return this.agenda.nextMicros;
  }

  /** Whether batches wait for the end of the turn. */
  get wantsFlush(): boolean {
    return this.#flushes.size > 0 || this.#turn?.isOpen === true;
  }

  /** Sends the batches of this turn. What one of them throws is told; the others are sent. */
  flush(nowMicros: number): void {
    this.#nowMicros = nowMicros;
    for (const [flush, connection] of this.#flushes) {
      this.#flushes.delete(flush);
      this.#guard(connection, flush);
    }
    this.#turn?.end();
  }

  /**
   * Says goodbye to everyone who has got all that waits for them, now or later; see
   * {@linkcode Drain}. `done` is called once, later, when no connection is left.
   */
  drain(reason: string, nowMicros: number, done: () => void): void {
    this.#nowMicros = nowMicros;
    if (this.#isStopping) return;
    this.#beginEnd(reason);
    this.#drain = new Drain(this, { reason, connections: this.#connections, done });
    this.#drain.start();
  }

  /**
   * Asks the clients and peers of some connections to connect again; see {@linkcode Renewal}. `done`
   * is called once, later, when these are closed.
   */
  renew(
    ids: Iterable<ConnectionId>,
    options: {
      readonly reason: string;
      readonly timeoutMs: number;
      readonly nowMicros: number;
      readonly done: () => void;
    },
  ): void {
    const { reason, timeoutMs, nowMicros, done } = options;
    this.#nowMicros = nowMicros;
    const connections = [...ids].map((id) => this.#connections.get(id))
      .filter((connection) => connection !== undefined);
    new Renewal(this, { reason, connections, timeoutMs, done }).start();
  }

  /** Whether the router is about to stop: it begins nothing new. */
  get isDraining(): boolean {
    return this.#drain !== undefined;
  }

  /** Says goodbye to everyone; no connection is accepted any more. */
  stop(reason: string, nowMicros: number): void {
    this.#nowMicros = nowMicros;
    if (!this.#isStopping) this.#beginEnd(reason);
    for (const connection of [...this.#connections.values()]) {
      // What was acknowledged reaches those who subscribed, if they read it in time.
      connection.outbox.sendAll(nowMicros);
      connection.close(CLOSE_CODE.goingAway, reason);
    }
  }

  #beginEnd(reason: string): void {
    this.#isStopping = true;
    for (const id of this.#diallers.keys()) this.port.close(id, CLOSE_CODE.goingAway, reason);
    this.#diallers.clear();
    this.#gestures.sendAll();
    this.bundles.stop();
    this.federation?.stop();
  }

  // For sessions, links and federation

  /** A connection of this router, accepted or dialled, that has no handler yet. */
  adopt(id: ConnectionId, remoteAddress: string): Connection {
    const { outboxBytesMax, outboxHighWaterBytes } = this.config;
    const outbox = new Outbox(this.port, id, {
      bytesMax: outboxBytesMax,
      highWaterBytes: outboxHighWaterBytes,
    }, this.#turn);
    const connection = new Connection(this, { id, remoteAddress, outbox });
    this.#connections.set(id, connection);
    return connection;
  }

  /** Connects to another router; the dialler is told once, later. */
  dial(url: string, dialler: Dialler): void {
    this.#diallers.set(this.port.dial(url), dialler);
  }

  /** An open connection. */
  connection(id: ConnectionId): Connection | undefined {
    return this.#connections.get(id);
  }

  forget(connection: Connection): void {
    this.port.forget(connection.id);
    this.#addresses.delete(connection.id);
    this.grants?.left(connection.id);
    if (this.#connections.delete(connection.id)) {
      addTo(this.#unsent, connection.outbox.counters);
      addFlow(this.#flowIn, connection.received);
      addFlow(this.#flowOut, connection.outbox.sent);
    }
    this.#waiting.delete(connection);
  }

  outboxWaits(connection: Connection): void {
    this.#waiting.add(connection);
    this.#planPump();
  }

  refused(code: ErrorCode): void {
    this.refusals.count(code);
  }

  /** Sends what a connection has room for, and comes back for the rest. */
  pump(connection: Connection): void {
    this.#guard(connection, () => connection.outbox.pump(this.#nowMicros));
    if (connection.outbox.isWaiting) this.outboxWaits(connection);
  }

  /** Sends what a connection has room for, and lets its handler add what it has kept back. */
  pumpOnce(connection: Connection): void {
    this.#guard(connection, () => this.#pumpOne(connection));
  }

  /**
   * Sends bulk data as the connection has room for it, in place of what waits under the same key. A
   * connection for which too much waits is closed.
   */
  sendSource(connection: Connection, source: OutboxSource, key?: unknown): void {
    if (!connection.outbox.addSource(source, key)) return connection.closeSlow();
    this.pump(connection);
  }

  /** Plans an action, milliseconds from now. What it throws ends the connection that it is about. */
  after(delayMs: number, action: () => void, connection?: Connection): Appointment {
    const guarded = connection === undefined ? action : () => this.#guard(connection, action);
    return this.agenda.at(this.#nowMicros + delayMs * 1_000, guarded);
  }

  /**
   * Calls back when the turn ends; once, however often it is asked for. What it throws ends the
   * connection that it is about.
   */
  flushAtEndOfTurn(flush: () => void, connection?: Connection): void {
    this.#flushes.set(flush, connection);
  }

  /** Who decides a write. */
  route(address: string): WriteRoute {
    return this.federation?.route(address) ?? HERE;
  }

  /**
   * What is known of an address, for a client that reads it. A read at the owner renews its TTL, but
   * in a federation only of what this process stamped: of anything else there may be a newer version
   * elsewhere, which no read is to override.
   */
  read(address: string): Version | undefined {
    const isOwner = this.route(address).kind === "here" &&
      (this.federation === undefined || this.params.isOwn(address));
    return isOwner ? this.params.touch(address) : this.params.get(address);
  }

  /** Decides a client's write here. */
  write(set: SetMessage, holder: string): WriteAnswer {
    const write = this.toWrite(set, holder);
    const refusal = this.params.problem(write);
    if (refusal !== undefined) return { kind: "refused", refusal };
    const version = this.params.stamp(write);
    return { kind: "accepted", version, holder: this.locks.holder(set.address) };
  }

  toWrite(set: SetMessage, holder: string): Write {
    const { address, value, revision, lock, unlock, ttl } = set;
    return { address, value, expectedRevision: revision, lock, unlock, ttl, holder };
  }

  /** Publishes what a client of this router sent; of a gesture's moves the newest in a while. */
  publish(message: PublishMessage, frame: Uint8Array, from: Subscriber): void {
    this.#gestures.publish({ message, frame, from, publishedMicros: this.#nowMicros });
  }

  #publishNow({ message, frame, from, publishedMicros }: ClientPublish): void {
    const { routerId, bootId } = this.config;
    this.deliver({
      address: message.address,
      signal: message.signal,
      phase: message.phase,
      frame,
      identity: { origin: routerId, bootId, sequence: ++this.#sequence },
      deadlineMicros: publishedMicros + this.config.eventTtlMs * 1_000,
      publishedMicros,
      audience: "all",
      from,
    });
  }

  /** Hands a publication to all who want it, except the one it came from. */
  deliver(publication: Publication): void {
    const type = 1 << publication.signal;
    for (const { subscriber, types, via } of this.subscriptions.targets(publication.address)) {
      if ((types & type) !== 0 && subscriber !== publication.from) {
        this.#eventDeliveries++;
        via.published(publication);
      }
    }
  }

  sessionStarted(): void {
    this.#clientSessions++;
  }

  sessionEnded(): void {
    this.#clientSessions--;
  }

  /** Why the names in a HELLO cannot be taken, or undefined. */
  nameProblem(hello: HelloMessage): string | undefined {
    return tooLong("name", hello.name, NAME_BYTES_MAX) ??
      tooLong("token", hello.token ?? "", TOKEN_BYTES_MAX);
  }

  #unreadable(connection: Connection, problem: Unreadable): void {
    const { handler } = connection;
    if (handler?.unreadable !== undefined) return handler.unreadable(problem);
    connection.refuseWith(ERROR_CODE.invalidFrame, problem.message);
  }

  #planPump(delayMs: number = PUMP_INTERVAL_MS): void {
    this.#pumpPlan ??= this.after(delayMs, () => this.#pumpWaiting());
  }

  /** A slice for each, one after the other, until the turn has had its bytes; the rest comes next. */
  #pumpWaiting(): void {
    this.#pumpPlan = undefined;
    let bytes = 0;
    let hasMore = false;
    for (const connection of [...this.#waiting]) {
      if (bytes >= OUTBOX_TURN_BYTES) {
        hasMore = true;
        break;
      }
      const before = bytes;
      this.#guard(connection, () => bytes += this.#pumpOne(connection));
      hasMore ||= bytes - before >= OUTBOX_SLICE_BYTES;
    }
    if (this.#waiting.size > 0) this.#planPump(hasMore ? NEXT_TURN_MS : PUMP_INTERVAL_MS);
  }

  #pumpOne(connection: Connection): number {
    const { outbox } = connection;
    const bytes = outbox.pump(this.#nowMicros, OUTBOX_SLICE_BYTES);
    // What still waits comes after all others.
    this.#waiting.delete(connection);
    const isTooSlow = outbox.isTooSlow(this.#nowMicros);
    // At a stop it has the time that the stop takes.
    if (isTooSlow && !this.isDraining) connection.closeSlow();
    else if (outbox.isWaiting) this.#waiting.add(connection);
    if (outbox.queuedBytes === 0) connection.handler?.drained?.();
    return bytes;
  }

  /**
   * A bug on one connection ends that one, and nobody else's: many wait for the same timer. What the
   * message of a peer brings about at once is guarded by its transport.
   */
  #guard(connection: Connection | undefined, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (connection !== undefined) this.#closeFailed(connection);
      this.port.failed(error);
    }
  }

  #closeFailed(connection: Connection): void {
    try {
      connection.closeWith({
        code: ERROR_CODE.internal,
        message: "Connection closed by an internal error of the router; its log says which",
      }, CLOSE_CODE.internal);
    } catch (error) {
      this.port.failed(error);
    }
  }
}

function addTo(sum: OutboxCounters, counters: Readonly<OutboxCounters>): void {
  sum.conflated += counters.conflated;
  sum.dropped += counters.dropped;
  sum.expired += counters.expired;
}

const ENCODER = new TextEncoder();

function tooLong(what: string, text: string, bytesMax: number): string | undefined {
  const bytes = ENCODER.encode(text).length;
  if (bytes <= bytesMax) return undefined;
  return `The ${what} in HELLO has ${bytes} bytes, at most ${bytesMax} are allowed`;
}
