import { withDeadline } from "../support/deadline.ts";
import { type Bytes, join, uint } from "./raw_bytes.ts";
import { type Habits, WireSession } from "./wire_session.ts";

const DEADLINE_MS = 10_000;
const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
/** The connection broke without a close frame. */
const BROKEN = 1006;
const HEAD_END = "\r\n\r\n";

/** A WebSocket client on a TCP connection of its own, which sends without delay and in one piece. */
export class TableSocket {
  readonly session: WireSession;
  /** Resolves when the TCP connection is gone. */
  readonly gone: Promise<void>;
  readonly #connection: Deno.TcpConn;
  readonly #answersClose: boolean;
  #writing: Promise<unknown> = Promise.resolve();
  #received: Uint8Array = new Uint8Array();

  private constructor(
    connection: Deno.TcpConn,
    rest: Uint8Array,
    options: { readonly habits: Habits; readonly answersClose: boolean },
  ) {
    this.#connection = connection;
    this.#answersClose = options.answersClose;
    this.session = new WireSession(
      (...messages) =>
        this.#send(...messages.map((message) => clientFrame(OPCODE.binary, message))),
      options.habits,
    );
    this.gone = this.#read(rest);
  }

  /** Connects to a router on this machine. */
  static async connect(
    port: number,
    options: { readonly habits: Habits; readonly answersClose?: boolean },
  ): Promise<TableSocket> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay(true);
    await connection.write(new TextEncoder().encode(UPGRADE));
    const upgrade = readHead(connection);
    const rest = await withDeadline(upgrade, DEADLINE_MS, "an upgrade").catch((error) => {
      connection.close();
      throw error;
    });
    const { habits, answersClose = true } = options;
    return new TableSocket(connection, rest, { habits, answersClose });
  }

  sendText(text: string): void {
    this.#send(clientFrame(OPCODE.text, new TextEncoder().encode(text)));
  }

  /** Sends a message on a connection that is closed, too. */
  sendInAnyCase(message: Bytes): void {
    this.#send(clientFrame(OPCODE.binary, message));
  }

  /** Sends a close frame and goes on. */
  sendClose(): void {
    this.#send(clientFrame(OPCODE.close, uint(2, 1000)));
  }

  /** Closes, and waits until the router has. */
  async close(): Promise<void> {
    if (this.session.end === undefined) this.sendClose();
    await withDeadline(this.gone, DEADLINE_MS, "the end of a connection");
  }

  #send(...frames: readonly Bytes[]): void {
    const bytes = join(...frames);
    this.#writing = this.#writing.then(async () => {
      for (let sent = 0; sent < bytes.length;) {
        sent += await this.#connection.write(bytes.subarray(sent));
      }
    }).catch(ignoreBroken);
  }

  async #read(first: Uint8Array): Promise<void> {
    const buffer = new Uint8Array(131_072);
    this.#take(first);
    while (true) {
      const length = await this.#connection.read(buffer).catch(ignoreBroken) ?? null;
      if (length === null) break;
      this.#take(buffer.subarray(0, length));
    }
    this.session.ended({ code: BROKEN, reason: "" });
    await this.#writing;
    this.#connection.close();
  }

  #take(bytes: Uint8Array): void {
    let rest: Uint8Array = join(this.#received, bytes);
    for (let frame = readServerFrame(rest); frame !== undefined; frame = readServerFrame(rest)) {
      rest = rest.subarray(frame.length);
      this.#handle(frame);
    }
    this.#received = rest;
  }

  #handle({ opcode, payload }: ServerFrame): void {
    if (opcode === OPCODE.binary) this.session.received(payload.slice());
    if (opcode === OPCODE.ping) this.#send(clientFrame(OPCODE.pong, payload.slice()));
    if (opcode !== OPCODE.close) return;
    const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
    this.session.ended({ code, reason: new TextDecoder().decode(payload.subarray(2)) });
    if (this.#answersClose) this.sendClose();
  }
}

const UPGRADE = [
  "GET / HTTP/1.1",
  "Host: 127.0.0.1",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
  "Sec-WebSocket-Protocol: clasp",
  "\r\n",
].join("\r\n");

async function readHead(connection: Deno.TcpConn): Promise<Uint8Array> {
  let bytes: Uint8Array = new Uint8Array();
  const buffer = new Uint8Array(4_096);
  while (true) {
    const length = await connection.read(buffer);
    if (length === null) throw new Error("The router ended the connection before the upgrade");
    bytes = join(bytes, buffer.subarray(0, length));
    const end = new TextDecoder("latin1").decode(bytes).indexOf(HEAD_END);
    if (end >= 0) return bytes.subarray(end + HEAD_END.length);
  }
}

/** A frame of a client; the mask is 0, so the payload travels as it is. */
function clientFrame(opcode: number, payload: Uint8Array): Bytes {
  const { length } = payload;
  const size = length < 126
    ? uint(1, 0x80 | length)
    : length < 65_536
    ? join(0x80 | 126, uint(2, length))
    : join(0x80 | 127, uint(8, length));
  return join(0x80 | opcode, size, uint(4, 0), payload);
}

interface ServerFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** Header included. */
  readonly length: number;
}

function readServerFrame(bytes: Uint8Array): ServerFrame | undefined {
  const short = bytes[1] ?? 0;
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
  const start = 2 + lengthBytes;
  if (bytes.length < start) return undefined;
  const length = lengthBytes === 0
    ? short
    : bytes.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  if (bytes.length < start + length) return undefined;
  const payload = bytes.subarray(start, start + length);
  return { opcode: (bytes[0] ?? 0) & 0x0f, payload, length: start + length };
}

function ignoreBroken(error: unknown): undefined {
  const isBroken = error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
  if (!isBroken) throw error;
}
