import { acceptOfKey } from "../../src/edge/websocket_upgrade.ts";
import { assert } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { TEST_SERVER_CERT, TEST_SERVER_KEY } from "./websocket_certificates.ts";

const DEADLINE_MS = 10_000;

/** A frame as a client sent it. */
export interface ClientFrame {
  readonly opcode: number;
  readonly isMasked: boolean;
  readonly mask: string;
  readonly payload: Uint8Array;
}

/** A server that says only what it is told to. */
export class RawServer implements Disposable {
  readonly #listener: Deno.Listener<Deno.TcpConn | Deno.TlsConn>;
  readonly #scheme: string;

  constructor({ tls = false, port = 0 }: { tls?: boolean; port?: number } = {}) {
    const address = { hostname: "127.0.0.1", port };
    this.#scheme = tls ? "wss" : "ws";
    this.#listener = tls
      ? Deno.listenTls({ ...address, cert: TEST_SERVER_CERT, key: TEST_SERVER_KEY })
      : Deno.listen(address);
  }

  get url(): string {
    const { addr } = this.#listener;
    assert(addr.transport === "tcp");
    return `${this.#scheme}://127.0.0.1:${addr.port}/`;
  }

  /** The next connection, whose request has not been read. */
  async connection(): Promise<RawPeer> {
    const accepted = this.#listener.accept();
    return new RawPeer(await withDeadline(accepted, DEADLINE_MS, "a connection"));
  }

  /** The next connection, upgraded. */
  async accept(): Promise<RawPeer> {
    const peer = await this.connection();
    await peer.answer();
    return peer;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

/** The answer that a request is to get. */
export async function upgradeResponse(request: string): Promise<Uint8Array> {
  const key = /^sec-websocket-key: (.*)\r$/im.exec(request)?.[1] ?? "";
  return new TextEncoder().encode(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${await acceptOfKey(key)}\r\n\r\n`,
  );
}

/** A frame as a server sends it. */
export function serverFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const header = length < 126 ? [0x80 | opcode, length] : [0x80 | opcode, 126, length >> 8, length];
  const frame = new Uint8Array(header.length + length);
  frame.set(header);
  frame.set(payload, header.length);
  return frame;
}

/** The server's end of one connection. */
export class RawPeer implements Disposable {
  readonly #connection: Deno.Conn;
  readonly #buffer = new Uint8Array(65_536);
  #start = 0;
  #end = 0;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      const written = this.#connection.write(bytes.subarray(sent));
      sent += await withDeadline(written, DEADLINE_MS, "the end of a write");
    }
  }

  sendHex(hex: string): Promise<void> {
    return this.send(Uint8Array.fromHex(hex.replaceAll(" ", "")));
  }

  /** Answers the client's request with the upgrade it asks for. */
  async answer(): Promise<void> {
    await this.send(await upgradeResponse(await this.readRequest()));
  }

  /** Everything up to the first empty line. */
  async readRequest(): Promise<string> {
    let request = "";
    while (!request.endsWith("\r\n\r\n")) {
      const byte = await this.#byte();
      assert(byte !== undefined, `the request ends early: ${request}`);
      request += String.fromCharCode(byte);
    }
    return request;
  }

  /** Undefined at the end of the connection. */
  async readFrame(): Promise<ClientFrame | undefined> {
    const first = await this.#byte();
    if (first === undefined) return undefined;
    const second = (await this.#bytes(1))[0] ?? 0;
    const short = second & 0x7f;
    const extended = await this.#bytes(short === 127 ? 8 : short === 126 ? 2 : 0);
    const length = short < 126 ? short : extended.reduce((sum, byte) => sum * 256 + byte, 0);
    const isMasked = (second & 0x80) !== 0;
    const mask = await this.#bytes(isMasked ? 4 : 0);
    const payload = (await this.#bytes(length)).map((byte, i) => byte ^ (mask[i & 3] ?? 0));
    assert((first & 0x80) !== 0, "clients of ours fragment nothing");
    return { opcode: first & 0x7f, isMasked, mask: mask.toHex(), payload };
  }

  /** Reads until the client ends the connection, in whatever way. Returns how many bytes came. */
  async readToEnd(): Promise<number> {
    let count = this.#end - this.#start;
    this.#start = this.#end;
    try {
      while (await this.#fill()) {
        count += this.#end;
        this.#start = this.#end;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    return count;
  }

  /** Reads and forgets about so many bytes. */
  async skip(count: number): Promise<void> {
    while (count > 0) {
      if (this.#start === this.#end) assert(await this.#fill(), "the connection ends early");
      const part = Math.min(count, this.#end - this.#start);
      this.#start += part;
      count -= part;
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #bytes(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count;) {
      if (this.#start === this.#end) assert(await this.#fill(), "the connection ends early");
      const part = this.#buffer.subarray(
        this.#start,
        Math.min(this.#end, this.#start + count - at),
      );
      bytes.set(part, at);
      at += part.length;
      this.#start += part.length;
    }
    return bytes;
  }

  async #byte(): Promise<number | undefined> {
    if (this.#start === this.#end && !await this.#fill()) return undefined;
    return this.#buffer[this.#start++];
  }

  async #fill(): Promise<boolean> {
    const read = this.#connection.read(this.#buffer);
    const length = await withDeadline(read, DEADLINE_MS, "bytes of a client");
    this.#start = 0;
    this.#end = length ?? 0;
    return length !== null;
  }
}
