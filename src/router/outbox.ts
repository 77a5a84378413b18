import { OUTBOX_SLOW_BYTES, OUTBOX_SLOW_MS, OUTBOX_SOURCES_MAX } from "../limits.ts";
import type { ConnectionId, RouterPort } from "./port.ts";

/** Sent messages that a queue which never empties may still hold on to. */
const SENT_KEPT_MAX = 1_024;

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

/** Bounds of an {@linkcode Outbox}. */
export interface OutboxLimits {
  /** Bytes that may wait here. */
  readonly bytesMax: number;
  /** Bytes in the socket's buffer above which messages wait here. */
  readonly highWaterBytes: number;
}

/**
 * What waits to be sent on one connection. A WebSocket takes everything and queues it without limit,
 * so messages are handed to it only while its buffer is below the high-water mark.
 *
 * Two lanes: messages, in order and first; and sources, one after the other, whenever no message
 * waits. So a snapshot of a million params neither sits in memory nor holds up live updates.
 */
export class Outbox {
  readonly #port: RouterPort;
  readonly #connection: ConnectionId;
  readonly #limits: OutboxLimits;
  readonly #messages: Uint8Array[] = [];
  /** Parallel to the messages: monotonic time after which one is not to be sent. */
  readonly #deadlines: number[] = [];
  /** Those that have not begun, in order, by what they are for. */
  readonly #sources = new Map<unknown, OutboxSource>();
  #begun: OutboxSource | undefined;
  #head = 0;
  #queuedBytes = 0;
  #expired = 0;
  #closed = false;
  #slowSinceMicros: number | undefined;

  constructor(port: RouterPort, connection: ConnectionId, limits: OutboxLimits) {
    this.#port = port;
    this.#connection = connection;
    this.#limits = limits;
  }

  /** Bytes of messages that wait here; those of the socket's buffer not included. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Messages that were dropped because their deadline came before their turn. */
  get expired(): number {
    return this.#expired;
  }

  /** Whether `pump` has anything to do. */
  get isWaiting(): boolean {
    return !this.#closed &&
      (this.#head < this.#messages.length || this.#begun !== undefined || this.#sources.size > 0);
  }

  /**
   * Whether too much has been waiting for too long. Asked between event-loop turns only: while a
   * flood comes in, sockets send nothing, and a queue says nothing about its reader.
   */
  isTooSlow(nowMicros: number): boolean {
    if (this.#queuedBytes <= OUTBOX_SLOW_BYTES) {
      this.#slowSinceMicros = undefined;
      return false;
    }
    this.#slowSinceMicros ??= nowMicros;
    return nowMicros - this.#slowSinceMicros > OUTBOX_SLOW_MS * 1_000;
  }

  /**
   * Sends a message, or queues a copy of it. Returns false when the bound is reached: the message is
   * not queued, and the caller must close the connection. One that waits past its deadline, by
   * monotonic time, is dropped and counted.
   */
  send(bytes: Uint8Array, deadlineMicros: number = Infinity): boolean {
    if (this.#closed) return true;
    if (this.#head === this.#messages.length && this.#hasRoom()) {
      this.#port.send(this.#connection, bytes);
      return true;
    }
    if (this.#queuedBytes + bytes.length > this.#limits.bytesMax) return false;
    this.#messages.push(bytes.slice());
    this.#deadlines.push(deadlineMicros);
    this.#queuedBytes += bytes.length;
    return true;
  }

  /** Whether `addSource` would take one for this key. */
  takesSource(key?: unknown): boolean {
    return this.#sources.size < OUTBOX_SOURCES_MAX || this.#sources.has(key);
  }

  /**
   * Appends a source; `pump` must be called for it to start. It replaces one of the same key that has
   * not begun. Returns false when too many wait: it is not taken.
   */
  addSource(source: OutboxSource, key: unknown = source): boolean {
    if (this.#closed) return true;
    if (!this.takesSource(key)) return false;
    const before = this.#sources.get(key);
    // It goes to the end: what was added meanwhile may have to come before it.
    this.#sources.delete(key);
    this.#sources.set(key, source);
    before?.replaced?.();
    return true;
  }

  /** Sends what there is room for; `nowMicros` is monotonic time, for those with a deadline. */
  pump(nowMicros: number = 0): void {
    while (this.#head < this.#messages.length && this.#hasRoom()) {
      const message = this.#messages[this.#head];
      const deadlineMicros = this.#deadlines[this.#head++];
      if (message === undefined || deadlineMicros === undefined) break;
      this.#queuedBytes -= message.length;
      this.#sendInTime(message, { deadlineMicros, nowMicros });
    }
    this.#forgetSent();
    if (this.#messages.length === 0) this.#pumpSources();
  }

  /** Hands over all messages that wait, whatever the socket has buffered: done before a last close. */
  sendAll(nowMicros: number = 0): void {
    const deadlines = this.#deadlines.splice(0);
    for (const [index, message] of this.#messages.splice(0).entries()) {
      if (index < this.#head) continue;
      this.#sendInTime(message, { deadlineMicros: deadlines[index] ?? Infinity, nowMicros });
    }
    this.#head = 0;
    this.#queuedBytes = 0;
  }

  /** Forgets all that waits; everything after is ignored. */
  close(): void {
    this.#closed = true;
    this.#messages.length = 0;
    this.#deadlines.length = 0;
    this.#sources.clear();
    this.#begun = undefined;
    this.#head = 0;
    this.#queuedBytes = 0;
  }

  #sendInTime(
    message: Uint8Array,
    { deadlineMicros, nowMicros }: { readonly deadlineMicros: number; readonly nowMicros: number },
  ): void {
    if (deadlineMicros <= nowMicros) this.#expired++;
    else this.#port.send(this.#connection, message);
  }

  /** Now and then, not each time: it moves all that waits. */
  #forgetSent(): void {
    if (this.#head < this.#messages.length && this.#head < SENT_KEPT_MAX) return;
    this.#messages.splice(0, this.#head);
    this.#deadlines.splice(0, this.#head);
    this.#head = 0;
  }

  #pumpSources(): void {
    while (!this.#closed && this.#hasRoom()) {
      const source = this.#begun ?? this.#takeSource();
      if (source === undefined) return;
      this.#begun = source;
      const bytes = source.next();
      if (bytes === undefined) this.#begun = undefined;
      else if (bytes.length === 0) return;
      else this.#port.send(this.#connection, bytes);
    }
  }

  #takeSource(): OutboxSource | undefined {
    for (const [key, source] of this.#sources) {
      this.#sources.delete(key);
      return source;
    }
    return undefined;
  }

  #hasRoom(): boolean {
    return this.#port.bufferedBytes(this.#connection) < this.#limits.highWaterBytes;
  }
}
