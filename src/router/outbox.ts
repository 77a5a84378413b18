import {
  OUTBOX_HIGH_WATER_BYTES,
  OUTBOX_LOW_WATER_SHARE,
  OUTBOX_MESSAGES_MAX,
  OUTBOX_SLOW_BYTES,
  OUTBOX_SLOW_MS,
  OUTBOX_SOURCES_MAX,
  SNAPSHOT_CHUNK_BYTES,
} from "../limits.ts";
import { type Flow, newFlow } from "./flow.ts";
import { isSample } from "./is_sample.ts";
import { type MessageKind, MessageQueue } from "./message_queue.ts";
import type { OutboxTurn } from "./outbox_turn.ts";
import type { ParamChange } from "./param_change.ts";
import type { ConnectionId, RouterPort } from "./port.ts";
import type { Publication } from "./publication.ts";

/** Expired messages are looked for when twice as many wait as after the last look, and so many more. */
const LOOK_AFTER = 1_000;

/** Bulk data that is made only when the connection has room for it. */
export interface OutboxSource {
  /**
   * The next message, valid until the next call; an empty array when nothing is ready yet; undefined
   * when the source is exhausted.
   */
  next(): Uint8Array | undefined;
  /** Another took its place before it had begun. */
  replaced?(): void;
}

/** Values of which only the newest is sent, each at its address, when there is room. */
export interface OutboxLane {
  readonly isEmpty: boolean;
  /** Returns whether the address waited already: its value of before is never sent. */
  add(address: string): boolean;
  /**
   * The next message of newest values, valid until the next call; an empty array when none was found
   * yet; undefined when none waits.
   */
  next(): Uint8Array | undefined;
}

/** Bounds of an {@linkcode Outbox}. */
export interface OutboxLimits {
  /** Bytes that may wait here. */
  readonly bytesMax: number;
  /** Bytes in the socket's buffer above which messages wait here. */
  readonly highWaterBytes: number;
}

/** What became of messages that were not sent. */
export interface OutboxCounters {
  /** Values that were not sent because a newer one of their address took their place. */
  conflated: number;
  /** Stream samples and moves of gestures that made room for newer ones. */
  dropped: number;
  /** Messages whose deadline came before their turn. */
  expired: number;
}

/**
 * What waits to be sent on one connection. A WebSocket takes everything and queues it without limit,
 * so messages are handed to it only until its buffer is at the high-water mark, and then again when it
 * has drained to the low one.
 *
 * Three kinds of things wait: messages, in order; the addresses of conflated values; and sources, one
 * after the other. They take turns by bytes, so that neither a snapshot of a million params nor an
 * endless stream holds up the rest. Only an answer is never overtaken: what waits before it, and it
 * itself, leave first. So whoever is given a version in an answer has no newer one yet.
 */
export class Outbox {
  readonly counters: OutboxCounters = { conflated: 0, dropped: 0, expired: 0 };
  /** What was handed to the socket. */
  readonly sent: Flow = newFlow();
  /** Set once, by whoever has values that may be conflated; it or `newLane`. */
  lane: OutboxLane | undefined;
  /** Makes the lane when there is something for it: most connections keep up for good. */
  newLane: (() => OutboxLane) | undefined;
  readonly #port: RouterPort;
  readonly #connection: ConnectionId;
  readonly #limits: OutboxLimits;
  readonly #lowWaterBytes: number;
  readonly #queue = new MessageQueue();
  /** Those that have not begun, in order, by what they are for; undefined when there are none. */
  #sources: Map<unknown, OutboxSource> | undefined;
  #begun: OutboxSource | undefined;
  #isCongested = false;
  readonly #turn: OutboxTurn | undefined;
  /** The messages of this turn that it is to be sent; none when `#turnTo` is 0. */
  #turnFrom = 0;
  #turnTo = 0;
  /** Of messages, since the last of anything else. */
  #turnBytes = 0;
  #isLaneNext = true;
  #lookAtLength = LOOK_AFTER;
  #closed = false;
  #slowSinceMicros: number | undefined;

  /** Without a `turn` everything is sent at once. */
  constructor(
    port: RouterPort,
    connection: ConnectionId,
    limits: OutboxLimits,
    turn?: OutboxTurn,
  ) {
    this.#turn = turn;
    this.#port = port;
    this.#connection = connection;
    this.#limits = limits;
    this.#lowWaterBytes = limits.highWaterBytes * OUTBOX_LOW_WATER_SHARE;
  }

  /** Bytes of messages that wait here; those of the socket's buffer not included. */
  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** Whether `pump` has anything to do. */
  get isWaiting(): boolean {
    return !this.#closed &&
      (this.#queue.length > 0 || this.#hasValues || this.#begun !== undefined ||
        this.#sources !== undefined);
  }

  /** Whether a value that is new must wait. */
  get isBehind(): boolean {
    return !this.#closed && (this.#queue.length > 0 || this.#hasValues || !this.#hasRoom());
  }

  /**
   * Whether too much has been waiting for too long. Asked between event-loop turns only: while a
   * flood comes in, sockets send nothing, and a queue says nothing about its reader.
   */
  isTooSlow(nowMicros: number): boolean {
    if (this.#queue.bytes <= OUTBOX_SLOW_BYTES) {
      this.#slowSinceMicros = undefined;
      return false;
    }
    this.#slowSinceMicros ??= nowMicros;
    if (nowMicros - this.#slowSinceMicros <= OUTBOX_SLOW_MS * 1_000) return false;
    this.#expire(nowMicros);
    return this.#queue.bytes > OUTBOX_SLOW_BYTES;
  }

  /**
   * Sends an answer, or queues a copy of it. Returns false when the bound is reached: the message is
   * not queued, and the caller must close the connection. One that waits past its deadline, by
   * monotonic time, is dropped and counted.
   */
  send(bytes: Uint8Array, deadlineMicros: number = Infinity): boolean {
    return this.#sendNow(bytes) || this.#wait(bytes, { deadlineMicros, kind: "answer" });
  }

  /**
   * Adds a new value to what is sent of this turn, if the one before it was the last that was added.
   * Returns whether it did; what is not added here is for `sendChange`.
   */
  sendInTurn(change: ParamChange): boolean {
    if (this.#turnTo === 0 || this.#turn === undefined) return false;
    return this.#goesOn(change.turnIndex(this.#turn));
  }

  /** The same for a publication; what is not added here is for `sendPublication`. */
  publishInTurn(publication: Publication): boolean {
    if (this.#turnTo === 0 || this.#turn === undefined) return false;
    return this.#goesOn(this.#turn.indexOf(publication));
  }

  /** Sends a new value, now or when the turn ends, or has the lane send the newest one later. */
  sendChange(change: ParamChange): void {
    const turn = this.#turn;
    if (this.#hasValues) return this.conflate(change.address);
    if (turn === undefined) {
      if (!this.#sendNow(change.clientFrame())) this.conflate(change.address);
      return;
    }
    if (this.#closed) return;
    const index = change.turnIndex(turn);
    this.endTurn();
    if (this.#queue.length > 0 || !this.#hasRoom()) return this.conflate(change.address);
    this.#begin(turn, index);
  }

  /**
   * Sends an event or a sample, now or when the turn ends, or queues a copy of it; params may overtake
   * one that waits, and while many samples wait, each drops the oldest. Returns false when the bound
   * is reached, as `send` does.
   */
  sendPublication(publication: Publication): boolean {
    if (this.#closed) return true;
    const { frame, deadlineMicros } = publication;
    this.endTurn();
    if (this.#queue.length > 0 || !this.#hasRoom()) {
      const kind = isSample(publication) ? "sample" : "event";
      return this.#wait(frame, { deadlineMicros, kind });
    }
    // In the turn it would be followed by new values, past the older ones that wait.
    const turn = this.#hasValues ? undefined : this.#turn;
    const index = turn?.indexOf(publication);
    if (turn === undefined || index === undefined) this.#emit(frame);
    else this.#begin(turn, index);
    return true;
  }

  /** Sends what there is of this turn: before anything else is, and when it ends. */
  endTurn(): void {
    if (this.#turnTo === 0) return;
    const [from, to] = [this.#turnFrom, this.#turnTo];
    this.#turnTo = 0;
    this.sent.messages += to - from;
    this.sent.bytes += this.#turn?.send(this.#connection, from, to) ?? 0;
  }

  /** Has the lane send the newest value of an address later. */
  conflate(address: string): void {
    this.lane ??= this.newLane?.();
    if (this.lane?.add(address)) this.counters.conflated++;
  }

  /** Whether `addSource` would take one for this key. */
  takesSource(key?: unknown): boolean {
    const sources = this.#sources;
    return sources === undefined || sources.size < OUTBOX_SOURCES_MAX || sources.has(key);
  }

  /**
   * Appends a source; `pump` must be called for it to start. It replaces one of the same key that has
   * not begun. Returns false when too many wait: it is not taken.
   */
  addSource(source: OutboxSource, key: unknown = source): boolean {
    if (this.#closed) return true;
    if (!this.takesSource(key)) return false;
    const sources = this.#sources ??= new Map();
    const before = sources.get(key);
    // It goes to the end: what was added meanwhile may have to come before it.
    sources.delete(key);
    sources.set(key, source);
    before?.replaced?.();
    return true;
  }

  /**
   * Sends what there is room for, until it is `bytesMax` or more; `nowMicros` is monotonic time, for
   * those with a deadline. Returns how many bytes that took, or would have taken: whoever looks
   * through many params in vain was busy as well.
   */
  pump(nowMicros: number = 0, bytesMax: number = OUTBOX_HIGH_WATER_BYTES): number {
    if (this.#queue.length > this.#lookAtLength) this.#expire(nowMicros);
    let bytes = 0;
    while (bytes < bytesMax && this.isWaiting && this.#hasRoom()) {
      const message = this.#next(nowMicros);
      if (message === undefined) return bytes;
      if (message.length === 0) return bytes + SNAPSHOT_CHUNK_BYTES;
      this.#emit(message);
      bytes += message.length;
    }
    return bytes;
  }

  /**
   * Hands over all messages and values that wait, of the latter no endless number, whatever the
   * socket has buffered: done before a last close.
   */
  sendAll(nowMicros: number = 0): void {
    this.endTurn();
    for (;;) {
      const message = this.#nextMessage(nowMicros);
      if (message === undefined) break;
      this.#emit(message);
    }
    for (let bytes = 0; bytes < OUTBOX_SLOW_BYTES;) {
      const values = this.lane?.next();
      if (values === undefined) break;
      if (values.length > 0) this.#emit(values);
      bytes += values.length;
    }
  }

  /** Forgets all that waits; everything after is ignored. */
  close(): void {
    this.#closed = true;
    this.#turnTo = 0;
    this.#queue.clear();
    this.lane = undefined;
    this.newLane = undefined;
    this.#sources = undefined;
    this.#begun = undefined;
  }

  #begin(turn: OutboxTurn, index: number): void {
    this.#turnFrom = index;
    this.#turnTo = index + 1;
    turn.begun(this);
  }

  /** Adds a message to what is sent of this turn, if it is the next there. Returns whether it is. */
  #goesOn(index: number | undefined): boolean {
    // The first of all follows on none: the turn has ended meanwhile.
    if (index === undefined || index === 0 || index !== this.#turnTo) return false;
    this.#turnTo = index + 1;
    return true;
  }

  get #hasValues(): boolean {
    return this.lane !== undefined && !this.lane.isEmpty;
  }

  #sendNow(bytes: Uint8Array): boolean {
    if (this.#closed) return true;
    if (this.#queue.length > 0 || !this.#hasRoom()) return false;
    this.#emit(bytes);
    return true;
  }

  #wait(
    bytes: Uint8Array,
    how: { readonly deadlineMicros: number; readonly kind: MessageKind },
  ): boolean {
    const isFull = this.#queue.bytes + bytes.length > this.#limits.bytesMax ||
      this.#queue.length >= OUTBOX_MESSAGES_MAX;
    if (isFull) return false;
    this.counters.dropped += this.#queue.push({ bytes: bytes.slice(), ...how });
    return true;
  }

  #expire(nowMicros: number): void {
    this.counters.expired += this.#queue.expire(nowMicros);
    this.#lookAtLength = 2 * this.#queue.length + LOOK_AFTER;
  }

  /** Of what waits the next; empty when nothing is ready yet. */
  #next(nowMicros: number): Uint8Array | undefined {
    const isMessagesTurn = this.#queue.hasAnswers || this.#turnBytes < SNAPSHOT_CHUNK_BYTES;
    if (isMessagesTurn) return this.#nextMessage(nowMicros) ?? this.#nextBulk();
    const bulk = this.#nextBulk();
    if (bulk !== undefined && bulk.length > 0) return bulk;
    return this.#nextMessage(nowMicros) ?? bulk;
  }

  #nextMessage(nowMicros: number): Uint8Array | undefined {
    for (;;) {
      const message = this.#queue.shift();
      if (message === undefined) return undefined;
      if (message.deadlineMicros <= nowMicros) {
        this.counters.expired++;
        continue;
      }
      this.#turnBytes += message.bytes.length;
      return message.bytes;
    }
  }

  #nextBulk(): Uint8Array | undefined {
    this.#turnBytes = 0;
    this.#isLaneNext = !this.#isLaneNext;
    const bulk = this.#isLaneNext ? this.lane?.next() : this.#nextOfSources();
    if (bulk !== undefined && bulk.length > 0) return bulk;
    return (this.#isLaneNext ? this.#nextOfSources() : this.lane?.next()) ?? bulk;
  }

  #nextOfSources(): Uint8Array | undefined {
    for (;;) {
      const source = this.#begun ?? this.#takeSource();
      if (source === undefined) return undefined;
      this.#begun = source;
      const bytes = source.next();
      if (bytes !== undefined) return bytes;
      this.#begun = undefined;
    }
  }

  #takeSource(): OutboxSource | undefined {
    const sources = this.#sources;
    if (sources === undefined) return undefined;
    for (const [key, source] of sources) {
      sources.delete(key);
      if (sources.size === 0) this.#sources = undefined;
      return source;
    }
    return undefined;
  }

  #hasRoom(): boolean {
    const buffered = this.#port.bufferedBytes(this.#connection);
    this.#isCongested = this.#isCongested
      ? buffered > this.#lowWaterBytes
      : buffered >= this.#limits.highWaterBytes;
    return !this.#isCongested;
  }

  /** The only way out. */
  #emit(bytes: Uint8Array): void {
    this.endTurn();
    this.sent.messages++;
    this.sent.bytes += bytes.length;
    this.#port.send(this.#connection, bytes);
  }
}
