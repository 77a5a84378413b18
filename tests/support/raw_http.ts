import { withDeadline } from "./deadline.ts";

/** A TCP connection that says exactly what it is told to, and keeps what it is told. */
export class RawHttp implements Disposable {
  readonly #connection: Deno.TcpConn;
  #text = "";

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<RawHttp> {
    return new RawHttp(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a text, byte for character. */
  async say(text: string): Promise<void> {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** Says that nothing more comes, and goes on listening. */
  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  /** All that came, byte for character, once this holds or the other end has ended it. */
  async until(isEnough: (text: string) => boolean, deadlineMs = 15_000): Promise<string> {
    const read = async () => {
      const buffer = new Uint8Array(65_536);
      while (!isEnough(this.#text)) {
        const length = await this.#connection.read(buffer).catch(endOf);
        if (length === null) break;
        for (const byte of buffer.subarray(0, length)) this.#text += String.fromCharCode(byte);
      }
      return this.#text;
    };
    return await withDeadline(read(), deadlineMs, "what a raw connection waits for");
  }

  /** All that came when the other end has ended it. */
  end(deadlineMs?: number): Promise<string> {
    return this.until(() => false, deadlineMs);
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** A connection that is reset has ended, too. */
function endOf(error: unknown): null {
  if (error instanceof Deno.errors.ConnectionReset) return null;
  throw error;
}
