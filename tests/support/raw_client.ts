import {
  decodeFrame,
  encodeFrame,
  type FrameHeader,
  type FrameOptions,
} from "../../src/wire/frame.ts";
import {
  type AckMessage,
  type ErrorMessage,
  FEATURE,
  type Message,
  type MessageType,
  QOS,
  type SetMessage,
} from "../../src/wire/message.ts";
import { withDeadline } from "./deadline.ts";

const DEADLINE_MS = 10_000;

/** One frame, as it came. */
export interface ReceivedFrame {
  readonly bytes: Uint8Array;
  readonly header: FrameHeader;
  readonly message: Message;
}

/** How the other end, or this one, ended a connection. */
export interface ConnectionEnd {
  readonly code: number;
  readonly reason: string;
}

interface Waiter {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * A CLASP client made of the codec and nothing else: sends exactly what it is told, answers nothing
 * by itself, and keeps every frame that it receives.
 */
export class RawClient implements AsyncDisposable {
  /** All frames received, in order. Tests may empty it to count anew. */
  readonly frames: ReceivedFrame[] = [];
  /** Resolves when the connection is gone. */
  readonly ended: Promise<ConnectionEnd>;
  readonly #socket: WebSocket;
  readonly #waiters = new Set<Waiter>();
  #end: ConnectionEnd | undefined;

  private constructor(socket: WebSocket) {
    const ended = Promise.withResolvers<ConnectionEnd>();
    this.#socket = socket;
    this.ended = ended.promise;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#received(data);
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      this.#end = { code, reason };
      ended.resolve(this.#end);
      this.#look();
    };
  }

  /** Opens a connection and says nothing. */
  static async open(port: number): Promise<RawClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, ["clasp"]);
    const client = new RawClient(socket);
    const opened = new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      client.ended.then(() => reject(new Error(`Cannot connect to port ${port}`)));
    });
    await withDeadline(opened, DEADLINE_MS, "a connection");
    return client;
  }

  /** Opens a connection, says HELLO and waits for WELCOME and the start of the snapshot. */
  static async connect(port: number, name = "raw client"): Promise<RawClient> {
    const client = await RawClient.open(port);
    client.send({ type: "HELLO", version: 1, features: CLIENT_FEATURES, name });
    await client.until(() => client.all("SNAPSHOT").length > 0, "the snapshot of HELLO");
    return client;
  }

  /** How the connection ended; undefined while it is open. */
  get end(): ConnectionEnd | undefined {
    return this.#end;
  }

  /** Messages of one type, in order. */
  all<T extends MessageType>(type: T): (Message & { readonly type: T })[] {
    const messages = this.frames.map(({ message }) => message);
    return messages.filter((message): message is Message & { readonly type: T } =>
      message.type === type
    );
  }

  send(message: Message, options: FrameOptions = {}): void {
    this.sendBytes(encodeFrame(message, options));
  }

  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  /** Waits until a condition holds; looks after every frame and at the end of the connection. */
  async until(isMet: () => boolean, what: string, deadlineMs: number = DEADLINE_MS): Promise<void> {
    if (isMet()) return;
    if (this.#end !== undefined) throw endedBefore(what, this.#end);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { isMet, resolve, reject };
    this.#waiters.add(waiter);
    try {
      await withDeadline(promise, deadlineMs, `${what} (${this.frames.length} frames came)`);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  /** Sends a message and waits for its ACK or ERROR, which must be the next of either kind. */
  async ask(message: Message, options: FrameOptions = {}): Promise<AckMessage | ErrorMessage> {
    const before = this.#answers().length;
    this.send(message, { qos: QOS.confirm, ...options });
    await this.until(() => this.#answers().length > before, `the answer to ${message.type}`);
    const answer = this.#answers()[before];
    if (answer === undefined) throw new Error(`No answer to ${message.type}`);
    return answer;
  }

  /** {@linkcode RawClient.ask} for a SET. */
  set(
    address: string,
    value: Uint8Array,
    options: Omit<Partial<SetMessage>, "type" | "address" | "value"> = {},
  ): Promise<AckMessage | ErrorMessage> {
    return this.ask({ type: "SET", address, value, ...options });
  }

  /** Waits until all that was sent before has been handled, and all that it caused here has come. */
  async settle(): Promise<void> {
    const before = this.all("PONG").length;
    this.send({ type: "PING" });
    await this.until(() => this.all("PONG").length > before, "PONG");
  }

  /** Closes and waits for the end. */
  async close(): Promise<void> {
    if (this.#end === undefined) this.#socket.close(1000, "done");
    await withDeadline(this.ended, DEADLINE_MS, "the end of a connection");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #answers(): (AckMessage | ErrorMessage)[] {
    return this.frames.map(({ message }) => message)
      .filter((message) => message.type === "ACK" || message.type === "ERROR");
  }

  #received(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) throw new TypeError("A router sent a text message");
    const bytes = new Uint8Array(data);
    const { header, message } = decodeFrame(bytes);
    if (header.payloadEnd !== bytes.length) {
      throw new RangeError(`A router sent ${bytes.length - header.payloadEnd} bytes after a frame`);
    }
    this.frames.push({ bytes, header, message });
    this.#look();
  }

  #look(): void {
    for (const waiter of this.#waiters) {
      if (waiter.isMet()) waiter.resolve();
      else if (this.#end !== undefined) {
        waiter.reject(endedBefore("what was waited for", this.#end));
      }
    }
  }
}

const CLIENT_FEATURES = FEATURE.param | FEATURE.event | FEATURE.stream | FEATURE.gesture |
  FEATURE.timeline;

function endedBefore(what: string, { code, reason }: ConnectionEnd): Error {
  return new Error(`The connection ended before ${what}: ${code} ${reason}`);
}
