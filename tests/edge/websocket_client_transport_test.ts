import { dialWebSocket } from "../../src/edge/websocket_dialer.ts";
import { listenWebSocket } from "../../src/edge/websocket_listener.ts";
import { CLOSE_GRACE_MS, MESSAGE_BYTES_MAX } from "../../src/limits.ts";
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { assertSameBytes, patterned, TransportEnd, transportSuite } from "./transport_suite.ts";
import type { TransportPair } from "./transport_suite.ts";
import {
  TEST_AUTHORITY_CERT,
  TEST_SERVER_CERT,
  TEST_SERVER_KEY,
} from "./websocket_certificates.ts";
import { type RawPeer, RawServer, serverFrame, upgradeResponse } from "./websocket_raw_server.ts";

const DEADLINE_MS = 10_000;
const MIB = 1_048_576;
/** More than the buffers of two sockets hold. */
const BACKLOG_MIB = 24;
/** What Nagle's algorithm costs on loopback, at the least, is more than this. */
const LATENCY_MS_MAX = 15;

transportSuite("WebSocket transport over TLS", makeTlsPair);

Deno.test("a dialled transport masks each message, each with its own mask", async () => {
  await using link = await Link.open();
  link.end.transport.send(patterned(100, 1));
  link.end.transport.send(patterned(100, 1));
  const [first, second] = [await link.peer.readFrame(), await link.peer.readFrame()];
  for (const frame of [first, second]) {
    assertEquals([frame?.opcode, frame?.isMasked], [2, true]);
    assertSameBytes(frame?.payload, patterned(100, 1));
  }
  assert(first?.mask !== second?.mask);
});

Deno.test("a dialled transport's small messages do not wait for acknowledgements", async () => {
  const worst: number[] = [];
  for (let connections = 0; connections < 5; connections++) {
    await using link = await Link.open();
    let slowest = 0;
    for (let index = 0; index < 8; index++) {
      const start = performance.now();
      link.end.transport.send(patterned(16, index));
      await link.peer.readFrame();
      slowest = Math.max(slowest, performance.now() - start);
    }
    worst.push(slowest);
  }
  // A machine may be busy once, but not five times.
  assertLess(Math.min(...worst), LATENCY_MS_MAX, `${worst}`);
});

Deno.test("a dialled transport reads what comes with the answer, or byte by byte", async () => {
  for (const size of [1, 1_000_000]) {
    using server = new RawServer();
    const end = dial(server);
    using peer = await server.connection();
    const answer = await upgradeResponse(await peer.readRequest());
    const frames = "82020102 020103 890170 800104 8103616263 880403e9c3a9";
    const bytes = new Uint8Array([...answer, ...Uint8Array.fromHex(frames.replaceAll(" ", ""))]);
    for (let at = 0; at < bytes.length; at += size) await peer.send(bytes.subarray(at, at + size));
    await end.until(() => end.closes.length > 0, "the close");
    assertEquals(end.messages.map((message) => message.toHex()), ["0102", "0304"]);
    assertEquals(end.texts, 1);
    assertEquals(end.closes, [{ code: 1001, reason: "é" }]);
    await peer.readToEnd();
  }
});

Deno.test("a dialled transport answers a ping with its payload", async () => {
  await using link = await Link.open();
  await link.peer.send(serverFrame(9, patterned(125, 3)));
  const pong = await link.peer.readFrame();
  assertEquals(pong?.opcode, 10);
  assertSameBytes(pong?.payload, patterned(125, 3));
});

Deno.test("a dialled transport piles up no pongs for a server that takes none", async () => {
  await using link = await Link.open();
  for (let index = 0; index < BACKLOG_MIB; index++) link.end.transport.send(patterned(MIB, index));
  const pings = new Uint8Array(127 * 1_000);
  for (let at = 0; at < pings.length; at += 127) pings.set(serverFrame(9, patterned(125, at)), at);
  await link.peer.send(serverFrame(2, patterned(1, 0)));
  await link.end.until(() => link.end.messages.length === 1, "the message before the pings");
  const before = link.end.transport.bufferedBytes;
  assertGreater(before, 0, "what is not taken stays buffered");
  for (let times = 0; times < 20; times++) await link.peer.send(pings);
  await link.peer.send(serverFrame(9, patterned(7, 1)));
  await link.peer.send(serverFrame(2, patterned(1, 0)));
  await link.end.until(() => link.end.messages.length === 2, "the message behind the pings");
  assertLess(link.end.transport.bufferedBytes, before + 1_000);
  await link.peer.skip(BACKLOG_MIB * (MIB + 14));
  const pong = await link.peer.readFrame();
  assertEquals(pong?.opcode, 10);
  assertSameBytes(pong?.payload, patterned(7, 1));
});

Deno.test("a dialled transport closes on a server that breaks the rules", async () => {
  const broken: readonly (readonly [string, number, RegExp])[] = [
    ["c20101", 1002, /extension that was not offered/],
    ["82810000000001", 1002, /masked/],
    ["8300", 1002, /unknown opcode 3/],
    ["0900", 1002, /control frame is fragmented/],
    ["800101", 1002, /starts with a continuation/],
    ["880103", 1002, /half a code/],
    ["880203ed", 1002, /code 1005/],
    ["880403e8c328", 1007, /not UTF-8/],
    ["827f8000000000000000", 1009, / bytes or more, the limit is 1048576$/],
    ["827f0000000000100001", 1009, /1048577 bytes/],
    ["817f0000000000100001", 1009, /1048577 bytes/],
  ];
  for (const [hex, code, reason] of broken) {
    await using link = await Link.open();
    await link.peer.sendHex(`820107 ${hex}`);
    const close = await link.peer.readFrame();
    assertEquals([close?.opcode, codeOf(close?.payload)], [8, code], hex);
    assertMatch(new TextDecoder().decode(close?.payload.subarray(2)), reason);
    // Neither what follows nor a late agreement changes anything.
    await link.peer.sendHex("820108 880203e8");
    assertEquals(link.end.messages.map((message) => message.toHex()), ["07"]);
    assertEquals(link.end.closes.map((end) => end.code), [code]);
    assertMatch(link.end.closes[0]?.reason ?? "", reason);
  }
});

Deno.test("a dialled transport takes a message of the largest size", async () => {
  await using link = await Link.open();
  const header = Uint8Array.fromHex("827f0000000000100000");
  await link.peer.send(header);
  await link.peer.send(patterned(MESSAGE_BYTES_MAX, 5));
  await link.end.until(() => link.end.messages.length === 1, "the message");
  assertSameBytes(link.end.messages[0], patterned(MESSAGE_BYTES_MAX, 5));
});

Deno.test("a dialled transport reports 1006 when the server hangs up, mid-frame too", async () => {
  for (const hex of ["", "82", "820501", "020101", "8804"]) {
    await using link = await Link.open();
    await link.peer.sendHex(hex);
    link.peer[Symbol.dispose]();
    await link.end.until(() => link.end.closes.length > 0, "the end");
    assertEquals(link.end.closes, [{ code: 1006, reason: "the peer hung up" }], hex);
    assertEquals(link.end.messages, []);
    link.end.transport.send(patterned(1, 0));
    assertEquals(link.end.transport.bufferedBytes, 0);
  }
});

Deno.test("a dialled transport hears what a server said before it broke the connection", async () => {
  for (let times = 0; times < 20; times++) {
    await using link = await Link.open();
    for (let index = 0; index < BACKLOG_MIB; index++) link.end.transport.send(patterned(MIB, 0));
    await link.peer.readFrame();
    await link.peer.sendHex("88060fa1676f6e65");
    link.peer[Symbol.dispose]();
    await link.end.until(() => link.end.closes.length > 0, "the end");
    assertEquals(link.end.closes, [{ code: 4001, reason: "gone" }]);
  }
});

Deno.test("a dialled transport answers a close with its code, and frees the connection", async () => {
  for (const [sent, code] of [["880403e96869", 1001], ["8800", 1005]] as const) {
    await using link = await Link.open();
    link.end.transport.send(patterned(3, 0));
    await link.peer.sendHex(sent);
    assertEquals((await link.peer.readFrame())?.opcode, 2, "what was sent before");
    const close = await link.peer.readFrame();
    assertEquals([close?.opcode, codeOf(close?.payload)], [8, code === 1005 ? undefined : code]);
    assertEquals(await link.peer.readFrame(), undefined);
    assertEquals(link.end.closes, [{ code, reason: code === 1005 ? "" : "hi" }]);
  }
});

Deno.test("a dialled transport sends a close after everything before it, and nothing after", async () => {
  await using link = await Link.open();
  link.end.transport.send(patterned(3, 0));
  link.end.transport.close(1001, "bye");
  link.end.transport.send(patterned(3, 0));
  assertEquals(link.end.closes, [{ code: 1001, reason: "bye" }]);
  await link.peer.sendHex("890170");
  assertEquals((await link.peer.readFrame())?.opcode, 2);
  const close = await link.peer.readFrame();
  assertEquals([close?.opcode, codeOf(close?.payload)], [8, 1001]);
  await link.peer.sendHex("880203e9");
  assertEquals(await link.peer.readFrame(), undefined, "no pong, and the end at once");
});

Deno.test("a dialled transport leaves a server that does not answer its close", async () => {
  await using link = await Link.open();
  const start = performance.now();
  link.end.transport.close(1000, "");
  await link.peer.readToEnd();
  const tookMs = performance.now() - start;
  assertGreater(tookMs, CLOSE_GRACE_MS * 0.9);
  assertLess(tookMs, CLOSE_GRACE_MS * 4);
});

Deno.test("a dialled transport leaves a server that takes nothing, and drops the rest", async () => {
  await using link = await Link.open();
  for (let index = 0; index < BACKLOG_MIB; index++) link.end.transport.send(patterned(MIB, 0));
  link.end.transport.close(1000, "");
  assertEquals(link.end.closes, [{ code: 1000, reason: "" }]);
  assertEquals(link.end.transport.bufferedBytes, 0);
  await new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS * 1.5));
  assertLess(await link.peer.readToEnd(), BACKLOG_MIB * MIB);
});

Deno.test("a dialled transport does not leave a server that takes its messages slowly", async () => {
  await using link = await Link.open();
  for (let index = 0; index < BACKLOG_MIB; index++) link.end.transport.send(patterned(MIB, 0));
  link.end.transport.close(1000, "");
  const frameBytes = MIB + 14;
  for (let steps = 0; steps < 2; steps++) {
    await new Promise((resolve) => setTimeout(resolve, CLOSE_GRACE_MS * 0.7));
    await link.peer.skip(frameBytes * BACKLOG_MIB / 2);
  }
  assertEquals((await link.peer.readFrame())?.opcode, 8);
});

Deno.test("a dialled transport that onOpen closes leaves no trace", async () => {
  using server = new RawServer();
  const end = new TransportEnd();
  const closed = Promise.withResolvers<void>();
  dialWebSocket(server.url, {
    onOpen: (transport) => {
      transport.send(patterned(3, 0));
      transport.close(4_000, "not today");
      assertEquals(end.closes, []);
      queueMicrotask(closed.resolve);
      return end.accept(transport);
    },
    onFailed: closed.reject,
  });
  using peer = await server.accept();
  await withDeadline(closed.promise, DEADLINE_MS, "onOpen");
  assertEquals(end.closes, [{ code: 4_000, reason: "not today" }]);
  assertEquals((await peer.readFrame())?.opcode, 2);
  assertEquals((await peer.readFrame())?.opcode, 8);
});

/** A dialled end and the server's end of its connection. Closes both. */
class Link implements AsyncDisposable {
  readonly end: TransportEnd;
  readonly peer: RawPeer;
  readonly #server: RawServer;

  private constructor(server: RawServer, end: TransportEnd, peer: RawPeer) {
    this.#server = server;
    this.end = end;
    this.peer = peer;
  }

  static async open(): Promise<Link> {
    const server = new RawServer();
    const end = dial(server);
    const peer = await server.accept();
    await end.until(() => end.isConnected, "the dial");
    return new Link(server, end, peer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server[Symbol.dispose]();
    try {
      this.peer[Symbol.dispose]();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
    await this.end.until(() => this.end.closes.length > 0, "the close");
    assertEquals(this.end.closes.length, 1);
  }
}

function dial(server: RawServer): TransportEnd {
  const end = new TransportEnd();
  const onFailed = (reason: string) => {
    throw new Error(reason);
  };
  dialWebSocket(server.url, { onOpen: end.accept, onFailed });
  return end;
}

function codeOf(payload: Uint8Array | undefined): number | undefined {
  const [high, low] = payload ?? [];
  return high === undefined || low === undefined ? undefined : high << 8 | low;
}

/** End a dials end b. */
async function makeTlsPair(): Promise<TransportPair> {
  const a = new TransportEnd();
  const b = new TransportEnd();
  const tls = { cert: TEST_SERVER_CERT, key: TEST_SERVER_KEY };
  const listener = listenWebSocket({ hostname: "127.0.0.1", port: 0, accept: b.accept, tls });
  const failed = Promise.withResolvers<never>();
  dialWebSocket(`wss://127.0.0.1:${listener.port}/`, {
    onOpen: a.accept,
    onFailed: (reason) => failed.reject(new Error(reason)),
  }, { caCerts: [TEST_AUTHORITY_CERT] });
  await Promise.race([a.until(() => a.isConnected, "the dial"), failed.promise]);
  await b.until(() => b.isConnected, "the accepted connection");
  return { a, b, [Symbol.asyncDispose]: () => listener.stop() };
}
