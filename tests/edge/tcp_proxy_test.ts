import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertNotEquals,
  assertRejects,
} from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { createPrng } from "../support/prng.ts";
import { type Direction, type Ending, TcpProxy } from "../support/tcp_proxy.ts";
import { WebSocketBoundaries } from "../support/websocket_boundaries.ts";

const DEADLINE_MS = 10_000;
const HEAD = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n");

Deno.test("a proxy passes bytes on both ways, and the end of each", async () => {
  await using ends = await Ends.connect(1);
  const sent = garbage(1_000_000);
  const arrived = readExactly(ends.hub, sent.length);
  await writeAll(ends.leaf, sent);
  assertEquals(await arrived, sent);
  await writeAll(ends.hub, HEAD);
  assertEquals(await readExactly(ends.leaf, HEAD.length), HEAD);

  await ends.leaf.closeWrite();
  assertEquals(await readSome(ends.hub), null);
  await writeAll(ends.hub, HEAD);
  assertEquals(await readExactly(ends.leaf, HEAD.length), HEAD, "the other way goes on");
});

Deno.test("a stalled direction keeps what is sent until it flows, and the other one goes on", async () => {
  await using ends = await Ends.connect(2);
  ends.proxy.setPace("up", "stalled");
  await writeAll(ends.leaf, HEAD);
  const arrived = readExactly(ends.hub, HEAD.length);
  const before = ends.proxy.bytes;
  for (let i = 0; i < 50; i++) {
    await writeAll(ends.hub, HEAD);
    await readExactly(ends.leaf, HEAD.length);
  }
  assertEquals(ends.proxy.bytes - before, 50 * HEAD.length, "something came through");
  ends.proxy.setPace("up", "flowing");
  assertEquals(await arrived, HEAD);
});

Deno.test("a stalled direction holds back the sender", async () => {
  await using ends = await Ends.connect(3);
  ends.proxy.setPace("up", "stalled");
  let written = 0;
  const chunk = garbage(1 << 20);
  const writing = (async () => {
    for (let i = 0; i < 64; i++) written += await ends.leaf.write(chunk);
  })();
  // Nothing moves any more when the buffers of both sockets are full.
  for (let before = -1; before !== written; before = written) {
    for (let i = 0; i < 50; i++) await turn();
  }
  assertLess(written, 64 << 20);
  ends.proxy.cut();
  await assertRejects(() => writing);
});

Deno.test("a trickle arrives whole, in many pieces", async () => {
  await using ends = await Ends.connect(4);
  ends.proxy.setPace("down", "trickling");
  const sent = garbage(500);
  await writeAll(ends.hub, sent);
  const pieces: Uint8Array[] = [];
  let length = 0;
  while (length < sent.length) {
    const piece = await readSome(ends.leaf);
    assert(piece !== null);
    pieces.push(piece);
    length += piece.length;
  }
  assertEquals(joined(pieces), sent);
  assertGreater(pieces.length, 20);
});

Deno.test("a cut resets both ends", async () => {
  await using ends = await Ends.connect(5);
  assertEquals(ends.proxy.cut(), 1);
  await assertRejects(() => readSome(ends.leaf), Deno.errors.ConnectionReset);
  await assertRejects(() => readSome(ends.hub), Deno.errors.ConnectionReset);
});

for (const direction of ["up", "down"] as const) {
  for (const ending of ["closed", "reset"] as const) {
    Deno.test(`a truncation ${direction} ends inside a frame, ${ending}`, async () => {
      for (let seed = 0; seed < 20; seed++) await truncates(direction, ending, seed);
    });
  }
}

Deno.test("dials are refused until the proxy admits them again, on the same port", async () => {
  await using ends = await Ends.connect(6);
  const { port } = ends.proxy;
  ends.proxy.refuse();
  await assertRejects(
    () => Deno.connect({ hostname: "127.0.0.1", port }),
    Deno.errors.ConnectionRefused,
  );
  await writeAll(ends.leaf, HEAD);
  assertEquals(await readExactly(ends.hub, HEAD.length), HEAD, "an open connection goes on");
  await ends.proxy.admit();
  using again = await Deno.connect({ hostname: "127.0.0.1", port });
  assertEquals(again.remoteAddr.port, port);
});

Deno.test("a dial is reset when nobody listens behind the proxy", async () => {
  const unused = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  unused.close();
  await using proxy = await TcpProxy.start(unused.addr.port, createPrng(7));
  using leaf = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
  await assertRejects(() => readSome(leaf), Deno.errors.ConnectionReset);
});

Deno.test("the ends of frames are found in chunks of any size", () => {
  const frames = [0, 1, 125, 126, 65_535, 65_536].flatMap((length) => [
    frame(length, "masked"),
    frame(length, "plain"),
  ]);
  const stream = joined([HEAD, ...frames]);
  const expected: number[] = [];
  for (const { length } of [HEAD, ...frames]) expected.push((expected.at(-1) ?? 0) + length);
  const prng = createPrng(8);
  for (const chunkBytesMax of [1, 7, 5_000, stream.length]) {
    const boundaries = new WebSocketBoundaries();
    const found: number[] = [];
    for (let offset = 0; offset < stream.length;) {
      const chunk = stream.subarray(offset, offset + 1 + prng.nextInt(chunkBytesMax));
      for (const end of boundaries.push(chunk)) found.push(offset + end);
      offset += chunk.length;
    }
    assertEquals(found, expected, `chunks of up to ${chunkBytesMax}`);
  }
});

async function truncates(direction: Direction, ending: Ending, seed: number): Promise<void> {
  await using ends = await Ends.connect(seed);
  const [from, to] = direction === "up" ? [ends.leaf, ends.hub] : [ends.hub, ends.leaf];
  const kind = direction === "up" ? "masked" : "plain";
  if (direction === "down") {
    await writeAll(from, HEAD);
    await readExactly(to, HEAD.length);
  }
  const frames = [10, 200, 3].map((length) => frame(length, kind));
  const truncated = ends.proxy.truncate(direction, ending);
  await writeAll(from, joined(frames));
  const { bytes, wasReset } = await readToEnd(to);
  await truncated;
  assertEquals(wasReset, ending === "reset");
  const boundaries = [0];
  for (const { length } of frames) boundaries.push((boundaries.at(-1) ?? 0) + length);
  assertLess(bytes.length, boundaries.at(-1) ?? 0);
  for (const boundary of boundaries) assertNotEquals(bytes.length, boundary, "a whole frame");
}

/** A proxy and what is at either end of one connection through it. */
class Ends implements AsyncDisposable {
  readonly proxy: TcpProxy;
  readonly leaf: Deno.TcpConn;
  readonly hub: Deno.TcpConn;

  private constructor(proxy: TcpProxy, leaf: Deno.TcpConn, hub: Deno.TcpConn) {
    this.proxy = proxy;
    this.leaf = leaf;
    this.hub = hub;
  }

  static async connect(seed: number): Promise<Ends> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const proxy = await TcpProxy.start(listener.addr.port, createPrng(seed));
    const accepted = listener.accept();
    const leaf = await Deno.connect({ hostname: "127.0.0.1", port: proxy.port });
    const hub = await withDeadline(accepted, DEADLINE_MS, "the connection");
    // The proxy learns of its connection after the system does.
    await writeAll(leaf, HEAD);
    await readExactly(hub, HEAD.length);
    return new Ends(proxy, leaf, hub);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leaf.close();
    this.hub.close();
    await this.proxy[Symbol.asyncDispose]();
    assertEquals(this.proxy.open, 0);
  }
}

async function readSome(connection: Deno.TcpConn): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(65_536);
  const read = connection.read(buffer);
  const length = await withDeadline(read, DEADLINE_MS, "bytes or an end");
  return length === null ? null : buffer.slice(0, length);
}

async function readExactly(connection: Deno.TcpConn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let offset = 0; offset < length;) {
    const read = connection.read(bytes.subarray(offset));
    offset += await withDeadline(read, DEADLINE_MS, `${length} bytes`) ?? assertNever();
  }
  return bytes;
}

async function readToEnd(
  connection: Deno.TcpConn,
): Promise<{ readonly bytes: Uint8Array; readonly wasReset: boolean }> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    try {
      const chunk = await readSome(connection);
      if (chunk === null) return { bytes: joined(chunks), wasReset: false };
      chunks.push(chunk);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      return { bytes: joined(chunks), wasReset: true };
    }
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    offset += await connection.write(bytes.subarray(offset));
  }
}

function assertNever(): never {
  throw new Error("The connection ended");
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}

function garbage(length: number): Uint8Array {
  const prng = createPrng(length);
  return Uint8Array.from({ length }, () => prng.nextInt(256));
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(pieces.flatMap((piece) => [...piece]));
}

/** A WebSocket frame around so many bytes. */
function frame(length: number, kind: "masked" | "plain"): Uint8Array {
  const maskBit = kind === "masked" ? 0x80 : 0;
  const wide = [length >> 24 & 0xff, length >> 16 & 0xff, length >> 8 & 0xff, length & 0xff];
  const size = length < 126
    ? [length]
    : length < 65_536
    ? [126, ...wide.slice(2)]
    : [127, 0, 0, 0, 0, ...wide];
  const mask = kind === "masked" ? [1, 2, 3, 4] : [];
  const [first = 0, ...rest] = size;
  return joined([Uint8Array.of(0x82, maskBit | first, ...rest, ...mask), new Uint8Array(length)]);
}
