import { CLOSE_GRACE_MS, MESSAGE_BYTES_MAX } from "../limits.ts";
import { type AcceptTransport, type CloseFrame, closeFrame, type Transport } from "./transport.ts";
import { failureText } from "./websocket_failure_text.ts";
import { createMaskSource, FrameQueue } from "./websocket_frame_queue.ts";
import { type ServerEvent, ServerFrameParser } from "./websocket_frame_parser.ts";
import { HandlerGate } from "./websocket_handler_gate.ts";
import { type ByteConnection, type ClientSocket, dropConnection } from "./websocket_handshake.ts";
import { OPCODE } from "./websocket_opcode.ts";
import { WebSocketProtocolError } from "./websocket_protocol_error.ts";

/** What `openClientTransport` needs beside the socket. */
export interface ClientTransportOptions {
  readonly accept: AcceptTransport;
  readonly remoteAddress: string;
  /** Told what a handler threw, after its transport was closed with 1011. */
  readonly onHandlerError: (error: unknown) => void;
}

/** RFC 6455: the connection broke without a close frame. */
const CODE_BROKEN = 1006;
const READ_BYTES = 65_536;

const nextMask = createMaskSource((words) => crypto.getRandomValues(words));

/**
 * Makes a transport of a WebSocket whose upgrade has just succeeded, in the client's role.
 *
 * The first message of a turn leaves when the turn's microtasks run, together with what follows it
 * there; while a write is under way, later ones gather for the next. After a close from either end
 * the TCP connection is freed as soon as both close frames have travelled, and at the latest when
 * the peer has taken nothing for `CLOSE_GRACE_MS`.
 *
 * A message of more than `MESSAGE_BYTES_MAX` closes with 1009 before it is kept, a broken rule of
 * RFC 6455 with 1002 or 1007.
 */
export function openClientTransport(
  socket: ClientSocket,
  options: ClientTransportOptions,
): Transport {
  const transport = new ClientTransport(socket.connection, options);
  transport.start(socket.firstBytes);
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

class ClientTransport implements Transport {
  readonly remoteAddress: string;
  readonly #connection: ByteConnection;
  readonly #options: ClientTransportOptions;
  readonly #gate: HandlerGate;
  readonly #parser = new ServerFrameParser(MESSAGE_BYTES_MAX);
  readonly #queue = new FrameQueue(nextMask);
  #phase: Phase = "open";
  /** Stays at "writing" after a write that failed. */
  #output: "idle" | "planned" | "writing" = "idle";
  /** Bytes taken from the queue that the system has not taken from us. */
  #underWayBytes = 0;
  /** Payload of the last ping that is not answered. A newer ping replaces it, so pings cannot pile up. */
  #pong: Uint8Array | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;
  /** What the system said when a write failed. */
  #failure: string | undefined;

  constructor(connection: ByteConnection, options: ClientTransportOptions) {
    this.#connection = connection;
    this.#options = options;
    this.remoteAddress = options.remoteAddress;
    this.#gate = new HandlerGate({
      close: (code, reason) => this.close(code, reason),
      onHandlerError: options.onHandlerError,
    });
  }

  start(firstBytes: Uint8Array): void {
    this.#gate.attach(() => this.#options.accept(this));
    this.#consume(firstBytes);
    this.#readAll();
  }

  get bufferedBytes(): number {
    return this.#phase === "open" ? this.#queue.byteLength + this.#underWayBytes : 0;
  }

  send(bytes: Uint8Array): void {
    if (this.#phase !== "open") return;
    this.#queue.append(OPCODE.binary, bytes);
    this.#planFlush();
  }

  close(code: number, reason: string): void {
    const frame = closeFrame(code, reason);
    if (this.#gate.isClosed) return;
    this.#leave("closing", frame);
    this.#gate.end(frame.code, frame.reason);
  }

  async #readAll(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    while (this.#phase !== "gone") {
      let length: number | null;
      try {
        length = await this.#connection.read(buffer);
      } catch (error) {
        return this.#lose(failureText(error));
      }
      if (length === null) return this.#lose("the peer hung up");
      this.#consume(buffer.subarray(0, length));
    }
  }

  #consume(chunk: Uint8Array): void {
    try {
      this.#parser.push(chunk);
      for (let event = this.#parser.next(); event !== undefined; event = this.#parser.next()) {
        this.#handle(event);
      }
    } catch (error) {
      if (!(error instanceof WebSocketProtocolError)) throw error;
      this.#refuse(error);
    }
  }

  #handle(event: ServerEvent): void {
    switch (event.type) {
      case "message":
        return this.#gate.message(event.bytes);
      case "text":
        return this.#gate.text();
      case "ping":
        if (this.#phase !== "open") return;
        this.#pong = event.payload;
        return this.#planFlush();
      case "close":
        return this.#agree(event.code, event.reason);
    }
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
    this.close(error.closeCode, error.message);
  }

  #leave(phase: "closing" | "answering", frame: CloseFrame): void {
    if (this.#phase !== "open") return this.#drop();
    this.#queue.appendClose(frame.code, frame.reason);
    this.#phase = phase;
    this.#startGrace();
    // At once, as far as the system takes it: the process may be about to end.
    this.#flush();
  }

  #planFlush(): void {
    if (this.#output !== "idle") return;
    this.#output = "planned";
    queueMicrotask(() => this.#flush());
  }

  async #flush(): Promise<void> {
    if (this.#output === "writing") return;
    this.#output = "writing";
    this.#takePong();
    while (this.#queue.byteLength > 0) {
      if (!await this.#write(this.#queue.take())) return;
      this.#takePong();
    }
    this.#output = "idle";
    if (this.#phase === "answering") await this.#depart();
  }

  #takePong(): void {
    // Nothing may follow a close frame.
    if (this.#pong !== undefined && this.#phase === "open") {
      this.#queue.append(OPCODE.pong, this.#pong);
    }
    this.#pong = undefined;
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
    this.#grace = setTimeout(() => this.#lose("the peer does not answer"), CLOSE_GRACE_MS);
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
    dropConnection(this.#connection);
  }
}
