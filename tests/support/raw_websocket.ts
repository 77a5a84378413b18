import { withDeadline } from "./deadline.ts";

const DEADLINE_MS = 10_000;
const TAIL_BYTES = 200;

/**
 * A WebSocket client that does only what it is told: it answers neither a close nor a ping, and
 * reads when asked to.
 */
export class RawWebSocket implements Disposable {
  /** What the server answered to the upgrade: status line, headers, and the body if it refused. */
  readonly head: string;
  readonly #connection: Deno.Conn;

  private constructor(connection: Deno.Conn, head: string) {
    this.#connection = connection;
    this.head = head;
  }

  /**
   * Connects and asks for an upgrade, over TLS when authorities are given. A header with an empty
   * value is left out.
   */
  static async connect(
    port: number,
    options: { path?: string; headers?: Record<string, string>; caCerts?: string[] } = {},
  ): Promise<RawWebSocket> {
    const { caCerts } = options;
    const address = { hostname: "127.0.0.1", port };
    const connection: Deno.Conn = caCerts === undefined
      ? await Deno.connect(address)
      : await Deno.connectTls({ ...address, caCerts });
    const headers = {
      "Host": "127.0.0.1",
      "Connection": "Upgrade",
      "Upgrade": "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
      ...options.headers,
    };
    const lines = Object.entries(headers).filter(([, value]) => value !== "");
    const request = `GET ${options.path ?? "/"} HTTP/1.1\r\n` +
      lines.map(([name, value]) => `${name}: ${value}\r\n`).join("") + "\r\n";
    await connection.write(new TextEncoder().encode(request));
    const buffer = new Uint8Array(4_096);
    const read = connection.read(buffer);
    const length = await withDeadline(read, DEADLINE_MS, "the answer to an upgrade").catch(
      (error) => {
        connection.close();
        throw error;
      },
    );
    const head = new TextDecoder().decode(buffer.subarray(0, length ?? 0));
    return new RawWebSocket(connection, head);
  }

  get status(): number {
    return Number(this.head.split(" ")[1]);
  }

  /** The value of a header, if the server sent it. */
  header(name: string): string | undefined {
    return new RegExp(`^${name}: (.*)\\r$`, "im").exec(this.head)?.[1];
  }

  /** Sends a frame of at most 125 bytes. The mask is 0, so the payload travels as it is. */
  async send(opcode: number, payload: Uint8Array): Promise<void> {
    const frame = new Uint8Array(6 + payload.length);
    frame.set([0x80 | opcode, 0x80 | payload.length]);
    frame.set(payload, 6);
    await this.#connection.write(frame);
  }

  /** Sends what may be frames. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  sendHex(hex: string): Promise<void> {
    return this.sendBytes(Uint8Array.fromHex(hex.replaceAll(" ", "")));
  }

  /** Reads so many bytes, or fewer at the end of the connection. */
  async readBytes(count: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(count);
    let length = 0;
    while (length < count) {
      const part = this.#read(bytes.subarray(length));
      const read = await withDeadline(part, DEADLINE_MS, "bytes of the server");
      if (read === null) break;
      length += read;
    }
    return bytes.subarray(0, length);
  }

  /** Reads until the server ends the TCP connection. Returns all bytes that came. */
  async readToEnd(): Promise<Uint8Array> {
    const read = async () => {
      const chunks: number[] = [];
      const buffer = new Uint8Array(65_536);
      while (true) {
        const length = await this.#read(buffer);
        if (length === null) return Uint8Array.from(chunks);
        chunks.push(...buffer.subarray(0, length));
      }
    };
    return await withDeadline(read(), DEADLINE_MS, "the end of a TCP connection");
  }

  /** Reads much, until its last bytes are enough or TCP ends; returns how many came, and the last. */
  async readMuch(
    isEnough: (tail: Uint8Array) => boolean,
  ): Promise<{ readonly bytes: number; readonly tail: Uint8Array }> {
    const read = async () => {
      let bytes = 0;
      let tail: Uint8Array = new Uint8Array();
      const buffer = new Uint8Array(65_536);
      while (!isEnough(tail)) {
        const length = await this.#read(buffer);
        if (length === null) break;
        bytes += length;
        tail = Uint8Array.of(...tail, ...buffer.subarray(Math.max(0, length - TAIL_BYTES), length))
          .slice(-TAIL_BYTES);
      }
      return { bytes, tail };
    };
    return await withDeadline(read(), 3 * DEADLINE_MS, "the end of what is sent");
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  /** A server that cuts a connection off, in the middle of what it sends, ends it too. */
  async #read(buffer: Uint8Array): Promise<number | null> {
    try {
      return await this.#connection.read(buffer);
    } catch (error) {
      const isCut = error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.UnexpectedEof;
      if (isCut) return null;
      throw error;
    }
  }
}
