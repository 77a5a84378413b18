import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import type { ByteConnection } from "./byte_connection.ts";
import { dropConnection } from "./drop_connection.ts";

/** One record and what carries it. */
const READ_BYTES = 16_640;
/** What every record of a TLS handshake starts with. */
const TLS_HANDSHAKE = 0x16;
/** For those who come without TLS: most of them read HTTP. */
const PLAIN_TEXT = "This port speaks TLS: connect to it with wss:// or with https://\n";
const PLAIN_ANSWER = new TextEncoder().encode(
  "HTTP/1.1 426 Upgrade Required\r\nupgrade: TLS/1.2, HTTP/1.1\r\nconnection: close\r\n" +
    `content-type: text/plain; charset=utf-8\r\ncontent-length: ${PLAIN_TEXT.length}\r\n\r\n` +
    PLAIN_TEXT,
);

/**
 * Makes what puts TLS on accepted TCP connections, in the server's role. The handshake begins with
 * the first read or write.
 *
 * Not `Deno.listenTls`: its connections have Nagle's algorithm on, so that a small message waits
 * until the one before it is acknowledged, and one that is closed before its handshake is done stays
 * open until the peer hangs up.
 *
 * @throws What the system says when the certificate cannot be used.
 */
export function createTlsServer(
  { cert, key }: { readonly cert: string; readonly key: string },
): (tcp: ByteConnection) => ByteConnection {
  const context = createSecureContext({ cert, key });
  return (tcp) => new TlsConnection(tcp, context);
}

interface Read {
  readonly buffer: Uint8Array;
  readonly outcome: PromiseWithResolvers<number | null>;
}

class TlsConnection implements ByteConnection {
  readonly #tcp: ByteConnection;
  readonly #socket: TLSSocket;
  /** What was decrypted and not read. */
  #rest: Uint8Array = new Uint8Array(0);
  readonly #reads: Read[] = [];
  readonly #writes: Set<PromiseWithResolvers<void>> = new Set();
  #hasEnded = false;
  /** Why nothing works any more. */
  #failure: Error | undefined;

  constructor(tcp: ByteConnection, secureContext: SecureContext) {
    this.#tcp = tcp;
    const socket = new TLSSocket(streamOf(tcp), { isServer: true, secureContext });
    this.#socket = socket;
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Deno.errors.BadResource("The connection is closed")));
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#serve();
    });
    socket.on("readable", () => this.#serve());
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const outcome = Promise.withResolvers<number | null>();
    this.#reads.push({ buffer, outcome });
    this.#serve();
    return outcome.promise;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#finished((done) => this.#socket.write(bytes, done));
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    return this.#finished((done) => this.#socket.end(done));
  }

  close(): void {
    this.#socket.destroy();
    dropConnection(this.#tcp);
    this.#fail(new Deno.errors.Interrupted("The connection was closed"));
  }

  /** Whatever becomes of the socket, this comes to an end. */
  async #finished(start: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const outcome = Promise.withResolvers<void>();
    this.#writes.add(outcome);
    start((error) => {
      if (error === undefined || error === null) outcome.resolve();
      else outcome.reject(error);
    });
    try {
      await outcome.promise;
    } finally {
      this.#writes.delete(outcome);
    }
  }

  #serve(): void {
    for (let read = this.#reads[0]; read !== undefined; read = this.#reads[0]) {
      if (this.#rest.length === 0) this.#rest = this.#socket.read() ?? this.#rest;
      if (this.#rest.length > 0) {
        const part = this.#rest.subarray(0, read.buffer.length);
        read.buffer.set(part);
        this.#rest = this.#rest.subarray(part.length);
        read.outcome.resolve(part.length);
      } else if (this.#hasEnded) {
        read.outcome.resolve(null);
      } else if (this.#failure !== undefined) {
        read.outcome.reject(this.#failure);
      } else {
        return;
      }
      this.#reads.shift();
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const write of this.#writes) write.reject(this.#failure);
    this.#serve();
  }
}

/** A connection as Node's TLS wants it. */
function streamOf(tcp: ByteConnection): Duplex {
  const buffer = new Uint8Array(READ_BYTES);
  let isFirst = true;
  const next = async (): Promise<Buffer | null> => {
    const length = await tcp.read(buffer);
    if (length === null) return null;
    if (isFirst && buffer[0] !== TLS_HANDSHAKE) {
      await writeWhole(tcp, PLAIN_ANSWER);
      throw new Error("the client does not speak TLS");
    }
    isFirst = false;
    // A copy: what it is pushed to may keep it.
    return Buffer.from(buffer.subarray(0, length));
  };
  return new Duplex({
    read() {
      next().then((chunk) => this.push(chunk), (error) => this.destroy(error));
    },
    write(chunk: Uint8Array, _encoding, done) {
      writeWhole(tcp, chunk).then(() => done(), done);
    },
    final(done) {
      tcp.closeWrite().then(() => done(), () => done());
    },
    destroy(error, done) {
      dropConnection(tcp);
      done(error);
    },
  });
}

async function writeWhole(tcp: ByteConnection, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await tcp.write(bytes.subarray(at));
}
