/** A TCP connection that writes in order and reads by need. */
export class ByteStream {
  readonly #connection: Deno.TcpConn;
  #buffer: Uint8Array = new Uint8Array(0);
  #lastWrite: Promise<void> = Promise.resolve();

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async connect(port: number): Promise<ByteStream> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    connection.setNoDelay();
    return new ByteStream(connection);
  }

  /** Writes behind all that was written before. Does nothing once the connection is gone. */
  write(bytes: Uint8Array): Promise<void> {
    this.#lastWrite = this.#lastWrite.then(async () => {
      for (let offset = 0; offset < bytes.length;) {
        offset += await this.#connection.write(bytes.subarray(offset));
      }
    }).catch(ignoreEnd);
    return this.#lastWrite;
  }

  /** The next bytes; undefined at the end of the connection. */
  async read(length: number): Promise<Uint8Array | undefined> {
    while (this.#buffer.length < length) if (!await this.#fill()) return undefined;
    return this.#take(length);
  }

  /** The next line, without its end. */
  async readLine(): Promise<string | undefined> {
    for (;;) {
      const end = this.#buffer.indexOf(0x0a);
      if (end >= 0) return new TextDecoder().decode(this.#take(end + 1)).trimEnd();
      if (!await this.#fill()) return undefined;
    }
  }

  close(): void {
    this.#connection.close();
  }

  #take(length: number): Uint8Array {
    const bytes = this.#buffer.slice(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return bytes;
  }

  async #fill(): Promise<boolean> {
    const chunk = new Uint8Array(16_384);
    const length = await this.#connection.read(chunk).catch(ignoreEnd);
    if (length === null || length === undefined) return false;
    const buffer = new Uint8Array(this.#buffer.length + length);
    buffer.set(this.#buffer);
    buffer.set(chunk.subarray(0, length), this.#buffer.length);
    this.#buffer = buffer;
    return true;
  }
}

function ignoreEnd(error: unknown): undefined {
  const isEnd = error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted || error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.BrokenPipe;
  if (!isEnd) throw error;
  return undefined;
}
