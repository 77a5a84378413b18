/**
 * A process that connects to the router on the port it is given, again and again, and sends what nobody
 * should: random bytes, an upgrade that is cut off, huge WebSocket frames, half a HELLO, a link's HELLO
 * with garbage behind. Takes a port and a seed; for each line of input it prints what it did so far.
 *
 * @module
 */
import { encodeFrame } from "../../src/wire/frame.ts";
import { FEATURE } from "../../src/wire/message.ts";
import { MESSAGE_BYTES_MAX } from "../../src/limits.ts";
import { inputLines } from "./line_process.ts";
import { createPrng, type Prng } from "./prng.ts";

/** What the script answers. */
export interface GarbageCounts {
  readonly connections: number;
  readonly bytes: number;
}

const CHUNK_BYTES_MAX = 4_096;
/** How long it waits for an answer before it leaves. */
const PATIENCE_MS = 50;
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
const HELLO = encodeFrame({
  type: "HELLO",
  version: 1,
  features: FEATURE.param | FEATURE.federation | FEATURE.envelope,
  name: "garbage",
  router: { routerId: "garbage", bootId: 1, timeMicros: 1, timed: true },
});

async function main(): Promise<void> {
  const guest = new GarbageGuest(Number(Deno.args[0]), createPrng(Number(Deno.args[1])));
  const visiting = guest.run();
  for await (const _line of inputLines()) console.log(JSON.stringify(guest.counts));
  guest.stop();
  await visiting;
}

class GarbageGuest {
  readonly #port: number;
  readonly #prng: Prng;
  #isOver = false;
  #connections = 0;
  #bytes = 0;

  constructor(port: number, prng: Prng) {
    this.#port = port;
    this.#prng = prng;
  }

  get counts(): GarbageCounts {
    return { connections: this.#connections, bytes: this.#bytes };
  }

  /** Ends after the visit that is under way. */
  stop(): void {
    this.#isOver = true;
  }

  async run(): Promise<void> {
    const visits = [
      () => this.#visit([this.#garbage(1 + this.#prng.nextInt(100_000))]),
      () => this.#visit([text(UPGRADE.slice(0, 1 + this.#prng.nextInt(UPGRADE.length)))]),
      () => this.#visit([text(UPGRADE), this.#garbage(1 + this.#prng.nextInt(10_000))]),
      () => this.#visit([text(UPGRADE), frame(this.#garbage(2 * MESSAGE_BYTES_MAX))]),
      () => this.#visit([text(UPGRADE), frame(this.#garbage(1 + this.#prng.nextInt(60_000)))]),
      () => this.#visit([text(UPGRADE), frame(HELLO.slice(0, this.#prng.nextInt(HELLO.length)))]),
      () => this.#visit([text(UPGRADE), frame(HELLO), frame(this.#garbage(500))]),
    ];
    for (let i = 0; !this.#isOver; i++) {
      try {
        await visits[i % visits.length]?.();
      } catch (error) {
        if (!isEnd(error)) throw error;
      }
    }
  }

  /** Sends some pieces, reads until an answer or the end, and leaves. */
  async #visit(pieces: readonly Uint8Array[]): Promise<void> {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    this.#connections++;
    const answered = connection.read(new Uint8Array(4_096)).catch(ignoreEnd);
    for (const piece of pieces) await this.#send(connection, piece);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => timer = setTimeout(resolve, PATIENCE_MS));
    await Promise.race([answered, patience]);
    clearTimeout(timer);
  }

  async #send(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length;) {
      const end = offset + 1 + this.#prng.nextInt(CHUNK_BYTES_MAX);
      const length = await connection.write(bytes.subarray(offset, end));
      offset += length;
      this.#bytes += length;
    }
  }

  #garbage(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#prng.nextInt(256));
  }
}

function ignoreEnd(error: unknown): null {
  if (!isEnd(error)) throw error;
  return null;
}

function isEnd(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted;
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** A masked binary WebSocket frame; the mask is 0. */
function frame(payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const head = new Uint8Array(6 + lengthBytes);
  head[0] = 0x82;
  head[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
  for (let i = 0; i < lengthBytes; i++) {
    head[1 + lengthBytes - i] = Math.floor(length / 256 ** i) & 0xff;
  }
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  bytes.set(payload, head.length);
  return bytes;
}

// Last, so that the class above exists.
if (import.meta.main) await main();
