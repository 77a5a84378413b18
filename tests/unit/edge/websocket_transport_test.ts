import type { ByteConnection } from "../../../src/edge/byte_connection.ts";
import { FRAME_BUFFERS } from "../../../src/edge/frame_buffers.ts";
import {
  openWebSocketTransport,
  type WebSocketTransport,
  type WebSocketTransportOptions,
} from "../../../src/edge/websocket_transport.ts";
import { RECEIVE_SLICE_MESSAGES } from "../../../src/limits.ts";
import type { Transport, TransportHandler } from "../../../src/edge/transport.ts";
import { assert, assertEquals, assertNotEquals } from "../../support/assert.ts";

const RESET = "Connection reset by peer (os error 104)";
/** Of a masked frame with a short payload. */
const HEADER_BYTES = 6;

Deno.test("a client transport joins the messages of a turn in one write", async () => {
  const { transport, connection } = open();
  for (let index = 0; index < 3; index++) transport.send(new Uint8Array(10));
  assertEquals(connection.writes.length, 0);
  await microtask();
  assertEquals(connection.writes.map(({ bytes }) => bytes.length), [3 * (10 + HEADER_BYTES)]);
  await end(transport, connection);
});

Deno.test("a client transport gathers messages while a write is under way", async () => {
  const { transport, connection } = open();
  transport.send(new Uint8Array(10));
  await microtask();
  transport.send(new Uint8Array(20));
  await microtask();
  transport.send(new Uint8Array(30));
  await microtask();
  assertEquals(connection.writes.length, 1);
  await connection.take();
  assertEquals(connection.writes[1]?.bytes.length, 20 + 30 + 2 * HEADER_BYTES);
  await end(transport, connection);
});

Deno.test("a transport gives its buffer to all others once its bytes are written, not before", async () => {
  const { transport, connection } = open();
  // Of a size that no other test here has taken.
  transport.send(new Uint8Array(100_000));
  await microtask();
  const before = FRAME_BUFFERS.freeBytes;
  await connection.take(50_000);
  assertEquals(FRAME_BUFFERS.freeBytes, before);
  await connection.take();
  assertEquals(FRAME_BUFFERS.freeBytes, before + 131_072);
  await end(transport, connection);
});

Deno.test("a client transport goes on where a write stopped, and counts what is left", async () => {
  const { transport, connection } = open();
  assertEquals(transport.bufferedBytes, 0);
  transport.send(new Uint8Array(94));
  assertEquals(transport.bufferedBytes, 100);
  await microtask();
  assertEquals(transport.bufferedBytes, 100);
  const whole = connection.writes[0]?.bytes.toHex() ?? "";
  await connection.take(30);
  assertEquals(transport.bufferedBytes, 70);
  assertEquals(connection.writes[1]?.bytes.toHex(), whole.slice(60));
  transport.send(new Uint8Array(4));
  assertEquals(transport.bufferedBytes, 80);
  await connection.take();
  assertEquals(transport.bufferedBytes, 10);
  await connection.take();
  assertEquals(transport.bufferedBytes, 0);
  await end(transport, connection);
});

Deno.test("a client transport hands its close over before close() returns", async () => {
  const { transport, connection, log } = open();
  transport.send(new Uint8Array(10));
  transport.close(1000, "");
  assertEquals(connection.writes.map(({ bytes }) => bytes.length), [10 + 8 + HEADER_BYTES]);
  assertEquals(log, ["close 1000 "]);
  await end(transport, connection);
});

Deno.test("a client transport frees the connection once both closes have travelled", async () => {
  const { transport, connection } = open();
  transport.close(1000, "");
  await connection.deliver("880203e8");
  assertEquals(connection.isFreed, false, "its own is not written yet");
  await connection.take();
  assertEquals([connection.isWriteClosed, connection.isFreed], [true, true]);
});

Deno.test("a client transport writes all of its answer to a close, then frees", async () => {
  const { transport, connection, log } = open();
  transport.send(new Uint8Array(10));
  await microtask();
  await connection.deliver("880203e9");
  assertEquals(log, ["close 1001 "]);
  await connection.take();
  assertEquals(connection.writes[1]?.bytes.length, 2 + HEADER_BYTES);
  assertEquals(connection.isFreed, false);
  await connection.take();
  assertEquals(connection.isFreed, true);
});

Deno.test("a client transport reports what the system said, without its number", async () => {
  const { connection, log } = open();
  await connection.failRead(RESET);
  assertEquals(log, ["close 1006 connection reset by peer"]);
  assertEquals(connection.isFreed, true);
});

Deno.test("a client transport reads on after a write that failed", async () => {
  const { transport, connection, log } = open();
  transport.send(new Uint8Array(10));
  await microtask();
  await connection.failWrite("Broken pipe (os error 32)");
  assertEquals(log, []);
  transport.send(new Uint8Array(10));
  await connection.deliver("820107 8900 88060fa1676f6e65");
  assertEquals(log, ["message 07", "close 4001 gone"]);
  assertEquals([connection.isFreed, connection.writes.length], [true, 1]);
});

Deno.test("a client transport reports the write that failed when the reads end too", async () => {
  for (const how of ["end", "error"]) {
    const { transport, connection, log } = open();
    transport.send(new Uint8Array(10));
    await microtask();
    await connection.failWrite("Broken pipe (os error 32)");
    await (how === "end" ? connection.endRead() : connection.failRead(RESET));
    assertEquals(log, ["close 1006 broken pipe"]);
    assertEquals(connection.isFreed, true);
  }
});

Deno.test("a client transport can be closed after a write that failed", async () => {
  const { transport, connection, log } = open();
  transport.send(new Uint8Array(10));
  await microtask();
  await connection.failWrite(RESET);
  transport.close(1000, "done");
  assertEquals(log, ["close 1000 done"]);
  assertEquals([connection.isFreed, connection.writes.length], [true, 1]);
});

Deno.test("a client transport reports a mistake of the peer's after a failed write", async () => {
  const { transport, connection, log } = open();
  transport.send(new Uint8Array(10));
  await microtask();
  await connection.failWrite("Broken pipe (os error 32)");
  await connection.deliver("8300");
  assertEquals(log, ["close 1006 broken pipe"]);
  assertEquals(connection.isFreed, true);
});

Deno.test("a client transport answers the newest of several pings", async () => {
  const { transport, connection } = open();
  await connection.deliver("890101 890102 890103");
  assertEquals(connection.writes.map(({ bytes }) => bytes.length), [1 + HEADER_BYTES]);
  const [frame] = connection.writes;
  assertEquals((frame?.bytes[6] ?? 0) ^ (frame?.bytes[2] ?? 0), 3);
  assertEquals(frame?.bytes[0], 0x8a);
  await end(transport, connection);
});

Deno.test("a client transport sends no pong after its close", async () => {
  const { transport, connection, handler } = open();
  handler.onMessage = () => transport.close(1000, "");
  await connection.deliver("890101 820107 890102");
  await connection.take();
  assertEquals(connection.writes.map(({ bytes }) => bytes.length), [2 + HEADER_BYTES]);
  await end(transport, connection);
});

Deno.test("a client transport masks no two frames alike", async () => {
  const { transport, connection } = open();
  transport.send(new Uint8Array(1));
  transport.send(new Uint8Array(1));
  await microtask();
  const bytes = connection.writes[0]?.bytes;
  assert(bytes !== undefined);
  assertNotEquals(bytes.slice(2, 6), bytes.slice(9, 13));
  await end(transport, connection);
});

Deno.test("a transport handles so many messages of a chunk, then lets others go first", async () => {
  const { transport, connection, log } = open();
  const count = 3 * RECEIVE_SLICE_MESSAGES;
  await connection.deliver("8200".repeat(count));
  // The two reads count as well.
  assertEquals([log.length, connection.reads.length], [RECEIVE_SLICE_MESSAGES - 2, 2]);
  const seen: number[] = [];
  while (log.length < count) {
    seen.push(log.length);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  assert(seen.length >= 2, `${seen}`);
  assertEquals(log.length, count);
  await end(transport, connection);
});

Deno.test("a server's transport masks nothing, and asks only in time for a sign of life", async () => {
  const { transport, connection } = open({ role: "server", idleTimeoutSeconds: 3_600 });
  transport.send(Uint8Array.of(1, 2));
  await microtask();
  assertEquals(connection.writes.map(({ bytes }) => bytes.toHex()), ["82020102"]);
  assertEquals(transport.bufferedBytes, 4);
  await connection.take();
  assertEquals(transport.bufferedBytes, 0);
  await end(transport, connection);
});

Deno.test("a silent peer is pinged once and then closed with 1001; whoever says anything stays", async () => {
  const { connection, log } = open({ role: "server", idleTimeoutSeconds: 0.08 });
  for (let times = 0; times < 8; times++) {
    await connection.deliver("8a80 00000000");
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
  assertEquals(log, []);
  const pings = () => connection.writes.filter(({ bytes }) => bytes[0] === 0x89).length;
  const before = pings();
  if (connection.isWriting) await connection.take();
  while (log.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (connection.isWriting && log.length === 0) await connection.take();
  }
  assertEquals(log, ["close 1001 the peer gives no sign of life"]);
  assertEquals(pings() - before, 1);
  await connection.endRead();
});

Deno.test("a busy connection reads much at once, and holds little once it has rested", async () => {
  const { transport, connection } = open({ role: "server", idleTimeoutSeconds: 0.2 });
  assertEquals(connection.reads, [512]);
  await connection.deliverBytes(maskedMessage(110_000));
  assertEquals(connection.reads.slice(0, 5), [512, 4_096, 32_768, 65_536, 65_536]);
  const busy = connection.reads.length;
  while (!connection.isWriting) await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(connection.writes.map(({ bytes }) => bytes.toHex()), ["8900"]);
  await connection.deliver("8a80 00000000");
  assertEquals(connection.reads.slice(busy), [512]);
  await end(transport, connection);
});

Deno.test("a transport that is cut frees its connection at once, and says so once", async () => {
  const { transport, connection, log } = open();
  transport.send(new Uint8Array(10));
  await microtask();
  transport.cut();
  transport.cut();
  assertEquals([connection.isFreed, log], [true, ["close 1006 the connection was cut here"]]);
});

Deno.test("a message that is too large is told before its transport closes with 1009", async () => {
  const { connection, log, handler } = open();
  handler.onTooLarge = (bytes) => log.push(`too large ${bytes}`);
  await connection.deliver("827f0000000000100001 0102");
  assertEquals(log, [
    "too large 1048577",
    "close 1009 a message has 1048577 bytes or more, the limit is 1048576",
  ]);
  await connection.endRead();
});

/** Zeros, masked with zeros. */
function maskedMessage(length: number): Uint8Array {
  const bytes = new Uint8Array(14 + length);
  bytes.set([0x82, 0xff]);
  new DataView(bytes.buffer).setBigUint64(2, BigInt(length));
  return bytes;
}

/** A transport on a connection that does what the test says, and what its handler was told. */
function open(options: Partial<WebSocketTransportOptions> = {}): {
  readonly transport: WebSocketTransport;
  readonly connection: FakeConnection;
  readonly handler: TransportHandler;
  readonly log: string[];
} {
  const log: string[] = [];
  const handler: TransportHandler = {
    onMessage: (bytes) => log.push(`message ${bytes.toHex()}`),
    onText: () => log.push("text"),
    onClose: (code, reason) => log.push(`close ${code} ${reason}`),
  };
  const connection = new FakeConnection();
  const transport = openWebSocketTransport({ connection, firstBytes: new Uint8Array(0) }, {
    role: "client",
    accept: () => handler,
    remoteAddress: "",
    onHandlerError: (error) => {
      throw error;
    },
    ...options,
  });
  return { transport, connection, handler, log };
}

/** Lets a transport go, so that no timer stays. */
function end(transport: Transport, connection: FakeConnection): Promise<void> {
  transport.close(1000, "");
  return connection.endRead();
}

/** What the last promise that was settled leads to has happened after this. */
async function microtask(): Promise<void> {
  for (let index = 0; index < 10; index++) await Promise.resolve();
}

class FakeConnection implements ByteConnection {
  /** Each as it was when it was handed over. */
  readonly writes: { readonly bytes: Uint8Array }[] = [];
  /** The sizes of the buffers that were read into. */
  readonly reads: number[] = [];
  isWriteClosed = false;
  isFreed = false;
  #read: { buffer: Uint8Array; outcome: PromiseWithResolvers<number | null> } | undefined;
  #write: { length: number; outcome: PromiseWithResolvers<number> } | undefined;

  read(buffer: Uint8Array): Promise<number | null> {
    const outcome = Promise.withResolvers<number | null>();
    this.reads.push(buffer.length);
    this.#read = { buffer, outcome };
    return outcome.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    assert(this.#write === undefined, "one write at a time");
    const outcome = Promise.withResolvers<number>();
    this.writes.push({ bytes: bytes.slice() });
    this.#write = { length: bytes.length, outcome };
    return outcome.promise;
  }

  get isWriting(): boolean {
    return this.#write !== undefined;
  }

  closeWrite(): Promise<void> {
    this.isWriteClosed = true;
    return Promise.resolve();
  }

  close(): void {
    assert(!this.isFreed, "freed once");
    this.isFreed = true;
  }

  /** Takes `count` bytes of the write that is under way, or all. */
  take(count?: number): Promise<void> {
    const write = this.#write;
    assert(write !== undefined, "nothing is being written");
    this.#write = undefined;
    write.outcome.resolve(count ?? write.length);
    return microtask();
  }

  failWrite(message: string): Promise<void> {
    this.#write?.outcome.reject(new Error(message));
    this.#write = undefined;
    return microtask();
  }

  deliver(hex: string): Promise<void> {
    return this.deliverBytes(Uint8Array.fromHex(hex.replaceAll(" ", "")));
  }

  /** In as many reads as it takes. */
  async deliverBytes(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      assert(this.#read !== undefined, "nothing reads");
      const { buffer, outcome } = this.#read;
      const piece = bytes.subarray(at, at + buffer.length);
      this.#read = undefined;
      buffer.set(piece);
      outcome.resolve(piece.length);
      at += piece.length;
      await microtask();
    }
  }

  endRead(): Promise<void> {
    this.#read?.outcome.resolve(null);
    return microtask();
  }

  failRead(message: string): Promise<void> {
    this.#read?.outcome.reject(new Error(message));
    return microtask();
  }
}
