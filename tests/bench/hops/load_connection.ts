import type { LoadProtocol, LoadSink, LoadUpdate } from "./load_protocol.ts";

const READ_BYTES = 1_048_576;
const WRITE_BYTES = 262_144;

/** Who is told what comes. */
export interface LoadListener {
  update(address: number, number: number): void;
  /** An acknowledgement. */
  answered(): void;
  /** All of what was read in one go has been told. */
  chunkEnded(): void;
}

/**
 * A TCP connection of a load client: all that is written in one turn leaves in one write, all that
 * has come is parsed in place.
 */
export class LoadConnection implements LoadSink {
  readonly #tcp: Deno.TcpConn;
  readonly #protocol: LoadProtocol;
  readonly #listener: LoadListener;
  readonly #steps: Uint8Array[];
  readonly #opening = Promise.withResolvers<void>();
  #output = new Uint8Array(WRITE_BYTES);
  #spare = new Uint8Array(WRITE_BYTES);
  #outputLength = 0;
  #isOpen = false;
  #isWriting = false;

  private constructor(tcp: Deno.TcpConn, protocol: LoadProtocol, listener: LoadListener) {
    this.#tcp = tcp;
    this.#protocol = protocol;
    this.#listener = listener;
    this.#steps = [...protocol.openingSteps];
  }

  /** Connects and takes the protocol's opening steps. */
  static async open(
    port: number,
    { protocol, listener }: { readonly protocol: LoadProtocol; readonly listener: LoadListener },
  ): Promise<LoadConnection> {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
    tcp.setNoDelay();
    const connection = new LoadConnection(tcp, protocol, listener);
    connection.#read().catch((error) => connection.#failed(error));
    connection.answered();
    await connection.#opening.promise;
    return connection;
  }

  update(address: number, number: number): void {
    this.#listener.update(address, number);
  }

  answered(): void {
    if (this.#isOpen) return this.#listener.answered();
    const step = this.#steps.shift();
    if (step !== undefined) return this.write(step);
    this.#isOpen = true;
    this.#opening.resolve();
  }

  /** Sends bytes at the end of the turn at the latest. */
  write(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#output.set(bytes, this.#outputLength);
    this.#outputLength += bytes.length;
    queueMicrotask(() => this.flush());
  }

  /** Adds an update to what `flush` sends. */
  writeUpdate(update: LoadUpdate): void {
    this.#reserve(this.#protocol.updateBytes);
    this.#protocol.writeUpdate(this.#output, this.#outputLength, update);
    this.#outputLength += this.#protocol.updateBytes;
  }

  /** Sends what was written; while a write is under way, after it. */
  flush(): void {
    if (this.#isWriting || this.#outputLength === 0) return;
    this.#isWriting = true;
    this.#send().catch((error) => this.#failed(error));
  }

  #reserve(bytes: number): void {
    if (this.#outputLength + bytes <= this.#output.length) return;
    const grown = new Uint8Array(2 * this.#output.length + bytes);
    grown.set(this.#output.subarray(0, this.#outputLength));
    this.#output = grown;
  }

  async #send(): Promise<void> {
    while (this.#outputLength > 0) {
      const bytes = this.#output;
      const length = this.#outputLength;
      this.#output = this.#spare;
      this.#spare = bytes;
      this.#outputLength = 0;
      for (let at = 0; at < length;) at += await this.#tcp.write(bytes.subarray(at, length));
    }
    this.#isWriting = false;
  }

  async #read(): Promise<void> {
    const bytes = new Uint8Array(READ_BYTES);
    for (let length = 0;;) {
      const count = await this.#tcp.read(bytes.subarray(length));
      if (count === null) throw new Error("The connection has ended");
      length += count;
      const parsed = this.#protocol.parse(bytes, length, this);
      bytes.copyWithin(0, parsed, length);
      length -= parsed;
      if (length === READ_BYTES) throw new RangeError(`A message exceeds ${READ_BYTES} bytes`);
      this.#listener.chunkEnded();
      this.flush();
    }
  }

  /** A load client without one of its connections measures nothing: it is not caught any further. */
  #failed(error: unknown): void {
    if (!this.#isOpen) this.#opening.reject(error);
    else throw error;
  }
}
