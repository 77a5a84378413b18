import { decodeMessage } from "npm:@clasp-to/core@3.3.2";
import { type Item, messagePack } from "../unit/wire/message_pack.ts";
import { assertEquals } from "./assert.ts";
import { withDeadline } from "./deadline.ts";

const DEADLINE_MS = 10_000;

/** Named fields of a v0 message, to send. */
export type V0Fields = { readonly [name: string]: Item };

/** One frame, as it came. */
export interface V0Received {
  readonly bytes: Uint8Array;
  /** What the public JS codec reads. */
  readonly message: Readonly<Record<string, unknown>>;
}

/**
 * A client of v0 without any code of the router: it writes MessagePack by itself, reads with the
 * public JS codec, and fails when a frame that comes is not v0.
 */
export class V0Client implements AsyncDisposable {
  /** All frames received, in order. Tests may empty it to count anew. */
  readonly frames: V0Received[] = [];
  readonly socket: WebSocket;
  /** Resolves when the connection is gone. */
  readonly ended: Promise<CloseEvent>;
  readonly #waiters = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#received(new Uint8Array(data));
    socket.onerror = () => {};
    this.ended = new Promise((resolve) => socket.onclose = resolve);
  }

  /** Opens a connection, with the subprotocol of the first clients, and says nothing. */
  static async open(port: number): Promise<V0Client> {
    const client = new V0Client(new WebSocket(`ws://127.0.0.1:${port}`, ["clasp.v2"]));
    const opened = new Promise((resolve) => client.socket.onopen = resolve);
    await withDeadline(opened, DEADLINE_MS, "a connection");
    return client;
  }

  /** Opens a connection, says HELLO and waits for WELCOME and the start of the snapshot. */
  static async connect(port: number, token: string | null = null): Promise<V0Client> {
    const client = await V0Client.open(port);
    client.hello(token);
    await client.until(() => client.all("SNAPSHOT").length > 0, "the snapshot of HELLO");
    return client;
  }

  /** Says HELLO, and waits for nothing. */
  hello(token: string | null = null): void {
    this.send({
      type: "HELLO",
      version: 2n,
      name: "v0 client",
      features: ["param", "event", "stream", "gesture", "timeline"],
      token,
    });
  }

  /** Messages of one type, in order. */
  all(type: string): Readonly<Record<string, unknown>>[] {
    return this.frames.map(({ message }) => message).filter((message) => message["type"] === type);
  }

  /** The frames that name an address. */
  of(address: string): V0Received[] {
    return this.frames.filter(({ message }) => message["address"] === address);
  }

  /** `qos`: 0 fire, 1 confirm, 2 commit. */
  send(fields: V0Fields, qos: 0 | 1 | 2 = 0): void {
    const payload = messagePack(fields);
    const head = [0x53, qos << 6, payload.length >> 8, payload.length & 0xff];
    this.sendBytes(Uint8Array.from([...head, ...payload]));
  }

  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.socket.send(bytes);
  }

  /** Waits until all that was sent before has been handled. */
  async settle(): Promise<void> {
    const before = this.all("PONG").length;
    this.send({ type: "PING" });
    await this.until(() => this.all("PONG").length > before, "PONG");
  }

  /** Sends with QoS Confirm and waits for the ACK or ERROR that comes next. */
  async ask(fields: V0Fields): Promise<Readonly<Record<string, unknown>>> {
    const answers = () => [...this.all("ACK"), ...this.all("ERROR")];
    const before = new Set(answers());
    this.send(fields, 1);
    await this.until(() => answers().length > before.size, `the answer to ${fields["type"]}`);
    return answers().find((answer) => !before.has(answer)) ?? {};
  }

  /** Subscribes and forgets what came for it. */
  async subscribe(pattern: string): Promise<void> {
    await this.ask({ type: "SUBSCRIBE", id: 1n, pattern, options: null });
    this.frames.length = 0;
  }

  /** Waits until a condition holds; looks after every frame. */
  async until(isMet: () => boolean, what: string): Promise<void> {
    if (isMet()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = () => isMet() && resolve();
    this.#waiters.add(waiter);
    await withDeadline(promise, DEADLINE_MS, `${what} (${this.frames.length} frames came)`)
      .finally(() => this.#waiters.delete(waiter));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await withDeadline(this.ended, DEADLINE_MS, "the end of a connection");
  }

  #received(bytes: Uint8Array): void {
    const { message, flags } = decodeMessage(bytes);
    assertEquals(flags.version, 0, "a frame of v1 came");
    assertEquals((bytes[4] ?? 0) & 0xf0, 0x80, "a payload that is no map came");
    this.frames.push({ bytes, message: { ...message } });
    for (const waiter of this.#waiters) waiter();
  }
}
