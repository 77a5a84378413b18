import {
  CLOSE_GRACE_MS,
  CLOSING_MAX_MS,
  MESSAGE_BYTES_MAX,
  RECEIVE_SLICE_BYTES,
  RECEIVE_SLICE_MESSAGES,
} from "../limits.ts";
import type { ByteConnection } from "./byte_connection.ts";
import { dropConnection } from "./drop_connection.ts";
import { ReadBuffer } from "./read_buffer.ts";
import { ReceiveTurns } from "./receive_turns.ts";
import { SilenceWatch, type WatchedPeer } from "./silence_watch.ts";
import { type AcceptTransport, type CloseFrame, closeFrame, type Transport } from "./transport.ts";
import { failureText } from "./websocket_failure_text.ts";
import { createMaskSource, FrameQueue } from "./websocket_frame_queue.ts";
import { type FrameEvent, FrameParser } from "./websocket_frame_parser.ts";
import { HandlerGate, type HandlerGateOptions } from "./websocket_handler_gate.ts";
import { OPCODE } from "./websocket_opcode.ts";
import { WebSocketProtocolError } from "./websocket_protocol_error.ts";
import type { WebSocketRole } from "./websocket_role.ts";

/** A connection on which both ends speak WebSocket from now on. */
export interface UpgradedConnection {
  readonly connection: ByteConnection;
  /** What the other end has sent already. Is written to. */
  readonly firstBytes: Uint8Array<ArrayBuffer>;
}

/** What `openWebSocketTransport` needs beside the connection. */
export interface WebSocketTransportOptions {
  /** Which end this is. */
  readonly role: WebSocketRole;
  readonly accept: AcceptTransport;
  readonly remoteAddress: string;
  /** Told what a handler threw, after its transport was closed with 1011. */
  onHandlerError(error: unknown): void;
  /**
   * Seconds without a sign of life after which the transport is closed with 1001; pinged after half
   * of them. 0, or left out: it stays.
   */
  readonly idleTimeoutSeconds?: number | undefined;
  /** A close from either end is under way. At most once, before the handler is told of it. */
  onClosing?(transport: WebSocketTransport): void;
  /** The TCP connection is freed. Exactly once, before the handler is told of an end it caused. */
  onGone?(): void;
}

/** A {@linkcode Transport} whose TCP connection can be freed without asking the other end. */
export interface WebSocketTransport extends Transport {
  /** Frees the TCP connection now, whatever waits. The handler is told 1006 if it knows of no end. */
  cut(): void;
}

/** RFC 6455: this end is going away. */
const CODE_GOING_AWAY = 1001;
/** RFC 6455: the connection broke without a close frame. */
const CODE_BROKEN = 1006;
const NOTHING = new Uint8Array(0);

const nextMask = createMaskSource((words) => crypto.getRandomValues(words));
const TURNS = new ReceiveTurns((action) => {
  setImmediate(action);
});

/**
 * Makes a transport of a connection whose upgrade to WebSocket has just succeeded.
 *
 * The first message of a turn leaves when the turn's microtasks run, together with what follows it
 * there; while a write is under way, later ones gather for the next. What arrives is handled in
 * slices, so that a peer that floods leaves the event loop to others.
 *
 * After a close from either end the TCP connection is freed as soon as both close frames have
 * travelled, at the latest when the peer has taken nothing for `CLOSE_GRACE_MS`, or not all of it
 * within `CLOSING_MAX_MS`.
 *
 * A message of more than `MESSAGE_BYTES_MAX` closes with 1009 before it is kept, a broken rule of
 * RFC 6455 with 1002 or 1007.
 */
export function openWebSocketTransport(
  { connection, firstBytes }: UpgradedConnection,
  options: WebSocketTransportOptions,
): WebSocketTransport {
  const transport = new StreamTransport(connection, options);
  transport.start(firstBytes);
  return transport;
}

type Phase =
  | "open"
  /** Our close frame is on its way or gone; the peer's has not come. */
  | "closing"
  /** The peer's close frame has come; when ours has left, so do we. */
  | "answering"
  /** Nothing can be sent any more; what the peer has said before is still to be read. */
  | "broken"
  /** The TCP connection is freed. */
  | "gone";

class StreamTransport implements WebSocketTransport, HandlerGateOptions, WatchedPeer {
  readonly remoteAddress: string;
  readonly #connection: ByteConnection;
  readonly #options: WebSocketTransportOptions;
  readonly #gate: HandlerGate;
  readonly #parser: FrameParser;
  readonly #queue: FrameQueue;
  readonly #reads = new ReadBuffer();
  readonly #flushSoon = (): void => void this.#flush();
  /** What this connection has had handled since it last let others go first. */
  #sliceMessages = 0;
  #sliceBytes = 0;
  #phase: Phase = "open";
  /** Stays at "writing" after a write that failed. */
  #output: "idle" | "planned" | "writing" = "idle";
  /** Bytes taken from the queue that the system has not taken from us. */
  #underWayBytes = 0;
  /**
   * Payload of the last ping that is not answered, and its length; undefined when none is. A newer
   * ping replaces it, so pings cannot pile up.
   */
  #pong: Uint8Array = NOTHING;
  #pongLength: number | undefined;
  #asksForLife = false;
  #silence: SilenceWatch | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #closingEndMs = Infinity;
  /** What the system said when a write failed. */
  #failure: string | undefined;

  constructor(connection: ByteConnection, options: WebSocketTransportOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#parser = new FrameParser(options.role, MESSAGE_BYTES_MAX);
    this.#queue = new FrameQueue(options.role === "client" ? nextMask : undefined);
    this.remoteAddress = options.remoteAddress;
    if (options.role === "server") this.sendFramed = this.#sendFramed;
    this.#gate = new HandlerGate(this);
  }

  start(firstBytes: Uint8Array<ArrayBuffer>): void {
    const { idleTimeoutSeconds = 0 } = this.#options;
    if (idleTimeoutSeconds > 0) {
      this.#silence = new SilenceWatch(this, idleTimeoutSeconds * 1_000);
    }
    this.#gate.attach(() => this.#options.accept(this));
    void this.#readAll(this.#receive(firstBytes));
  }

  get bufferedBytes(): number {
    return this.#phase === "open" ? this.#queue.byteLength + this.#underWayBytes : 0;
  }

  send(bytes: Uint8Array): void {
    if (this.#phase !== "open") return;
    this.#queue.append(OPCODE.binary, bytes);
    this.#planFlush();
  }

  // What a client sends is masked, each frame anew.
  readonly sendFramed: ((frames: Uint8Array) => void) | undefined;

  #sendFramed(frames: Uint8Array): void {
    if (this.#phase !== "open") return;
    this.#queue.appendFrames(frames);
    this.#planFlush();
  }

  close(code: number, reason: string): void {
    const frame = closeFrame(code, reason);
    if (this.#gate.isClosed) return;
    this.#leave("closing", frame);
    this.#gate.end(frame.code, frame.reason);
  }

  cut(): void {
    this.#lose("the connection was cut here");
  }

  // HandlerGateOptions

  onHandlerError(error: unknown): void {
    this.#options.onHandlerError(error);
  }

  // WatchedPeer

  askForLife(): void {
    this.#reads.rest();
    if (this.#phase !== "open") return;
    this.#asksForLife = true;
    this.#planFlush();
  }

  giveUp(): void {
    this.close(CODE_GOING_AWAY, "the peer gives no sign of life");
  }

  /** What came first is handled by its caller: it would be kept in memory here for good. */
  async #readAll(first: Promise<void> | undefined): Promise<void> {
    let finished = first;
    if (finished !== undefined) await finished;
    while (this.#phase !== "gone") {
      const buffer = this.#reads.bytes;
      let length: number | null;
      try {
        length = await this.#connection.read(buffer);
      } catch (error) {
        return this.#lose(failureText(error));
      }
      if (length === null) return this.#lose("the peer hung up");
      this.#silence?.heard();
      // No promise in between unless one is needed.
      finished = this.#receive(buffer.subarray(0, length));
      if (finished !== undefined) await finished;
      if (this.#reads.handled(length)) this.#parser.rest();
    }
  }

  /** Handles a chunk. What is more than this turn's share is handled when the promise resolves. */
  #receive(chunk: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    if (chunk.length === 0) return undefined;
    this.#parser.push(chunk);
    this.#sliceMessages++;
    this.#sliceBytes += chunk.length;
    TURNS.spend(1, chunk.length);
    if (this.#handleSlice()) return undefined;
    return TURNS.finish(() => {
      this.#sliceMessages = 0;
      this.#sliceBytes = 0;
      return this.#handleSlice();
    });
  }

  /** Whether all that came is handled, with a part of the share left. */
  #handleSlice(): boolean {
    const messagesBefore = this.#sliceMessages;
    const isDone = this.#handleEvents();
    TURNS.spend(this.#sliceMessages - messagesBefore, 0);
    return isDone;
  }

  #handleEvents(): boolean {
    if (this.#sliceBytes > RECEIVE_SLICE_BYTES || TURNS.isSpent) return false;
    try {
      while (this.#sliceMessages < RECEIVE_SLICE_MESSAGES) {
        const event = this.#parser.next();
        if (event === undefined) return true;
        this.#sliceMessages++;
        this.#handle(event);
      }
    } catch (error) {
      if (!(error instanceof WebSocketProtocolError)) throw error;
      this.#refuse(error);
      // Nothing of what follows is looked at.
      return true;
    }
    return false;
  }

  #handle(event: FrameEvent): void {
    switch (event) {
      case "message":
        return this.#gate.message(this.#parser.payload);
      case "text":
        return this.#gate.text();
      case "ping":
        return this.#answerPing(this.#parser.payload);
      case "close":
        return this.#agree(this.#parser.closeCode, this.#parser.closeReason);
    }
  }

  #answerPing(payload: Uint8Array): void {
    if (this.#phase !== "open") return;
    if (this.#pong.length < payload.length) this.#pong = new Uint8Array(payload.length);
    this.#pong.set(payload);
    this.#pongLength = payload.length;
    this.#planFlush();
  }

  /** The peer's close frame has come, to start a close or to answer ours. */
  #agree(code: number, reason: string): void {
    if (this.#phase === "closing") {
      this.#phase = "answering";
      this.#planFlush();
    } else {
      this.#leave("answering", { code, reason });
    }
    this.#gate.end(code, reason);
  }

  /** After a mistake of the peer's nothing more is read from it, only its end waited for. */
  #refuse(error: WebSocketProtocolError): void {
    if (this.#phase !== "open") return this.#lose(error.message);
    if (error.tooLargeBytes !== undefined) this.#gate.tooLarge(error.tooLargeBytes);
    this.close(error.closeCode, error.message);
  }

  #leave(phase: "closing" | "answering", frame: CloseFrame): void {
    if (this.#phase !== "open") return this.#drop();
    this.#queue.appendClose(frame.code, frame.reason);
    this.#phase = phase;
    this.#closingEndMs = performance.now() + CLOSING_MAX_MS;
    this.#startGrace();
    this.#options.onClosing?.(this);
    // At once, as far as the system takes it: the process may be about to end.
    this.#flush();
  }

  #planFlush(): void {
    if (this.#output !== "idle") return;
    this.#output = "planned";
    queueMicrotask(this.#flushSoon);
  }

  async #flush(): Promise<void> {
    if (this.#output === "writing") return;
    this.#output = "writing";
    this.#takeControlFrames();
    while (this.#queue.byteLength > 0) {
      if (!await this.#write(this.#queue.take())) return;
      this.#takeControlFrames();
    }
    this.#queue.written();
    this.#output = "idle";
    if (this.#phase === "answering") await this.#depart();
  }

  #takeControlFrames(): void {
    // Nothing may follow a close frame.
    if (this.#phase === "open") {
      if (this.#pongLength !== undefined) {
        this.#queue.append(OPCODE.pong, this.#pong.subarray(0, this.#pongLength));
      }
      if (this.#asksForLife) this.#queue.append(OPCODE.ping, NOTHING);
    }
    this.#pongLength = undefined;
    this.#asksForLife = false;
  }

  /** Whether all of it was written. */
  async #write(bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
    this.#underWayBytes = bytes.length;
    try {
      while (this.#underWayBytes > 0) {
        const rest = bytes.subarray(bytes.length - this.#underWayBytes);
        this.#underWayBytes -= await this.#connection.write(rest);
        if (this.#grace !== undefined) this.#startGrace();
      }
      return true;
    } catch (error) {
      this.#break(failureText(error));
      return false;
    }
  }

  /** The peer may have said why before it left: reading goes on until that is known. */
  #break(failure: string): void {
    if (this.#phase === "gone") return;
    this.#phase = "broken";
    this.#failure = failure;
    this.#startGrace();
  }

  /** Both close frames have travelled. */
  async #depart(): Promise<void> {
    try {
      // TLS keeps what was written in a buffer of its own; this empties it.
      await this.#connection.closeWrite();
    } catch {
      // Then there is nothing left to be careful with.
    }
    this.#drop();
  }

  /** Ends the connection when the peer takes nothing for so long. */
  #startGrace(): void {
    clearTimeout(this.#grace);
    const leftMs = Math.max(0, this.#closingEndMs - performance.now());
    this.#grace = setTimeout(
      () => this.#lose("the peer does not answer"),
      Math.min(leftMs, CLOSE_GRACE_MS),
    );
  }

  #lose(reason: string): void {
    this.#drop();
    this.#gate.end(CODE_BROKEN, this.#failure ?? reason);
  }

  #drop(): void {
    if (this.#phase === "gone") return;
    this.#phase = "gone";
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#silence?.stop();
    dropConnection(this.#connection);
    this.#options.onGone?.();
  }
}
