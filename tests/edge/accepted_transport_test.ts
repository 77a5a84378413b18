import type { Listener } from "../../src/edge/transport.ts";
import { type ListenOptions, listenWebSocket } from "../../src/edge/websocket_listener.ts";
import { CLOSING_MAX_MS, MESSAGE_BYTES_MAX } from "../../src/limits.ts";
import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";
import {
  TEST_AUTHORITY_CERT,
  TEST_SERVER_CERT,
  TEST_SERVER_KEY,
} from "./websocket_certificates.ts";
import { assertSameBytes, patterned, TransportEnd } from "./transport_suite.ts";

const DEADLINE_MS = 10_000;
const MIB = 1_048_576;
/** A mask that shows where it is forgotten. */
const MASK = "a1b2c3d4";
/** What Nagle's algorithm costs on loopback, at the least, is more than this. */
const LATENCY_MS_MAX = 15;
/** How long timers may be held up by a peer that floods. */
const STARVED_MS_MAX = 250;
const TLS = { cert: TEST_SERVER_CERT, key: TEST_SERVER_KEY };

Deno.test("an accepted transport closes on a client that breaks the rules", async () => {
  const broken: readonly (readonly [string, number, RegExp])[] = [
    ["820101", 1002, /client is not masked/],
    ["8800", 1002, /client is not masked/],
    [`c281 ${MASK} 01`, 1002, /extension that was not offered/],
    [`8380 ${MASK}`, 1002, /unknown opcode 3/],
    [`8b80 ${MASK}`, 1002, /unknown opcode 11/],
    [`0980 ${MASK}`, 1002, /control frame is fragmented/],
    [`89fe 007e ${MASK}`, 1002, /control frame has 126 bytes/],
    [`8081 ${MASK} 01`, 1002, /starts with a continuation/],
    [`0281 ${MASK} 01 8281 ${MASK} 01`, 1002, /inside another one/],
    [`8881 ${MASK} ${masked("03")}`, 1002, /half a code/],
    [`8882 ${MASK} ${masked("03ed")}`, 1002, /code 1005/],
    [`8884 ${MASK} ${masked("03e8c328")}`, 1007, /not UTF-8/],
    [`82ff 0000000000100001 ${MASK}`, 1009, /1048577 bytes/],
    [`82ff 8000000000000000 ${MASK}`, 1009, / bytes or more, the limit is 1048576$/],
    [`0281 ${MASK} 01 80ff 0000000000100000 ${MASK}`, 1009, /1048577 bytes/],
  ];
  await Promise.all(broken.map(async ([hex, code, reason]) => {
    await using server = new Server();
    using client = await RawWebSocket.connect(server.port);
    const end = await server.next();
    await client.sendHex(`8281 ${MASK} ${masked("07")} ${hex}`);
    await end.until(() => end.closes.length > 0, "the close");
    assertEquals(end.closes.map((close) => close.code), [code], hex);
    assertMatch(end.closes[0]?.reason ?? "", reason);
    assertEquals(end.messages.map((message) => message.toHex()), ["07"]);
    // The client is told why before the connection ends, and what it says meanwhile is not heard.
    await client.sendHex(`8281 ${MASK} ${masked("08")} 8882 ${MASK} ${masked("03e8")}`);
    const said = await client.readToEnd();
    assertEquals([said[0], (said[2] ?? 0) << 8 | (said[3] ?? 0)], [0x88, code]);
    assertMatch(new TextDecoder().decode(said.subarray(4)), reason);
    assertEquals(end.messages.length, 1);
  }));
});

Deno.test("an accepted transport masks nothing, and sends the shortest lengths", async () => {
  await using server = new Server();
  for (
    const [size, header] of [[3, "8203"], [126, "827e007e"], [
      65_536,
      "827f0000000000010000",
    ]] as const
  ) {
    using client = await RawWebSocket.connect(server.port);
    const end = await server.next();
    end.transport.send(patterned(size, 1));
    end.transport.close(1000, "");
    await client.sendHex(`8882 ${MASK} ${masked("03e8")}`);
    const said = await client.readToEnd();
    assertEquals(said.subarray(0, header.length / 2).toHex(), header);
    assertSameBytes(said.subarray(header.length / 2, -4), patterned(size, 1));
    assertEquals(said.subarray(-4).toHex(), "880203e8");
  }
});

Deno.test("an accepted transport joins fragments between which there are control frames", async () => {
  await using server = new Server();
  using client = await RawWebSocket.connect(server.port);
  const end = await server.next();
  const hex = `0281 ${MASK} ${masked("01")} 8983 ${MASK} ${masked("706f67")} 0080 ${MASK} ` +
    `0082 ${MASK} ${masked("0203")} 8a80 ${MASK} 8081 ${MASK} ${masked("04")} ` +
    `0181 ${MASK} ${masked("61")} 8081 ${MASK} ${masked("62")}`;
  const bytes = Uint8Array.fromHex(hex.replaceAll(" ", ""));
  for (const byte of bytes) await client.sendHex(byte.toString(16).padStart(2, "0"));
  assertEquals((await client.readBytes(5)).toHex(), "8a03706f67");
  await client.sendHex(`8882 ${MASK} ${masked("0fa1")}`);
  await end.until(() => end.closes.length > 0, "the close");
  assertEquals(end.messages.map((message) => message.toHex()), ["01020304"]);
  assertEquals([end.texts, end.closes], [1, [{ code: 4001, reason: "" }]]);
  assertEquals((await client.readToEnd()).toHex(), "88020fa1");
});

Deno.test("an accepted transport takes a message of the largest size, however it is cut", async () => {
  await using server = new Server();
  const { client, end } = await server.dial();
  client.send(patterned(MESSAGE_BYTES_MAX, 5));
  client.send(patterned(100_000, 6));
  client.send(patterned(10, 7));
  await end.until(() => end.messages.length === 3, "the messages");
  assertSameBytes(end.messages[0], patterned(MESSAGE_BYTES_MAX, 5));
  assertSameBytes(end.messages[1], patterned(100_000, 6));
  assertSameBytes(end.messages[2], patterned(10, 7));
  client.close();
});

Deno.test("Deno's own WebSocket gets on with an accepted transport, both ways and to the end", async () => {
  await using server = new Server();
  const { client, end } = await server.dial();
  const got: Uint8Array[] = [];
  const closed = Promise.withResolvers<CloseEvent>();
  client.onmessage = ({ data }) => got.push(new Uint8Array(data));
  client.onclose = closed.resolve;
  for (let index = 0; index < 1_000; index++) {
    client.send(patterned(index, index));
    end.transport.send(patterned(index, index));
  }
  await end.until(() => end.messages.length === 1_000, "1,000 messages");
  end.messages.forEach((message, index) => assertSameBytes(message, patterned(index, index)));
  end.transport.close(4_001, "é");
  const { code, reason, wasClean } = await withDeadline(closed.promise, DEADLINE_MS, "the close");
  assertEquals([code, reason, wasClean], [4_001, "é", true]);
  assertEquals(got.length, 1_000);
  got.forEach((message, index) => assertSameBytes(message, patterned(index, index)));
});

Deno.test("an accepted transport's small messages do not wait for acknowledgements, over TLS neither", async () => {
  for (const tls of [undefined, TLS]) {
    await using server = new Server({ tls });
    const caCerts = tls === undefined ? {} : { caCerts: [TEST_AUTHORITY_CERT] };
    const worst: number[] = [];
    for (let connections = 0; connections < 5; connections++) {
      using client = await RawWebSocket.connect(server.port, caCerts);
      const end = await server.next();
      // A conversation: only after it are acknowledgements held back.
      await client.send(0x2, patterned(4, 0));
      await end.until(() => end.messages.length === 1, "a message");
      end.transport.send(patterned(16, 0));
      await client.readBytes(18);
      let slowest = 0;
      for (let index = 0; index < 8; index++) {
        const start = performance.now();
        end.transport.send(patterned(16, index));
        await new Promise((resolve) => setTimeout(resolve, 1));
        end.transport.send(patterned(16, index));
        await client.readBytes(36);
        slowest = Math.max(slowest, performance.now() - start);
      }
      worst.push(slowest);
    }
    // A machine may be busy once, but not five times.
    assertLess(Math.min(...worst), LATENCY_MS_MAX, `${worst}`);
  }
});

Deno.test("an accepted transport over TLS counts what a peer does not read", async () => {
  await using server = new Server({ tls: TLS });
  using _client = await RawWebSocket.connect(server.port, { caCerts: [TEST_AUTHORITY_CERT] });
  const end = await server.next();
  for (let index = 0; index < 32; index++) end.transport.send(patterned(MIB, index));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assertGreater(end.transport.bufferedBytes, 16 * MIB);
  end.transport.close(1000, "");
});

Deno.test("a peer that takes by drops what was sent before a close is cut in the end", async () => {
  await using server = new Server();
  using client = await RawWebSocket.connect(server.port);
  const end = await server.next();
  for (let index = 0; index < 64; index++) end.transport.send(patterned(MIB, 0));
  const start = performance.now();
  end.transport.close(1000, "");
  let bytes = 0;
  for (let part = MIB; part === MIB;) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    part = (await client.readBytes(MIB)).length;
    bytes += part;
  }
  const tookMs = performance.now() - start;
  assertLess(bytes, 64 * MIB);
  assertGreater(tookMs, CLOSING_MAX_MS * 0.9);
  assertLess(tookMs, CLOSING_MAX_MS * 2);
});

Deno.test("a peer that floods leaves timers and other connections their turns", async () => {
  await using server = new Server();
  const flooder = await server.dial();
  const other = await server.dial();
  flooder.end.intercept = () => {
    // What a message costs a router.
    const until = performance.now() + 0.005;
    while (performance.now() < until);
    flooder.end.messages.length = 0;
  };
  let isOver = false;
  const frames = maskedFrames(1_000, 60);
  const flood = (async () => {
    using raw = await RawWebSocket.connect(server.port);
    const end = await server.next();
    end.intercept = () => {
      const until = performance.now() + 0.005;
      while (performance.now() < until);
      end.messages.length = 0;
    };
    while (!isOver) await raw.sendBytes(frames);
  })();
  const gaps: number[] = [];
  let echoes = 0;
  other.end.intercept = (bytes) => other.end.transport.send(bytes);
  other.client.onmessage = () => {
    echoes++;
    if (!isOver) other.client.send(patterned(10, 0));
  };
  other.client.send(patterned(10, 0));
  const isEnough = () => gaps.length >= 60 && echoes > 5;
  for (let last = performance.now(); !isEnough() && gaps.length < 2_000;) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    gaps.push(performance.now() - last);
    last = performance.now();
  }
  isOver = true;
  await flood;
  gaps.sort((a, b) => a - b);
  assertLess(gaps[Math.floor(gaps.length * 0.9)] ?? 0, STARVED_MS_MAX, `${gaps}`);
  assertGreater(echoes, 5);
  flooder.client.close();
  other.client.close();
});

/** Frames as they travel, one after the other. */
function maskedFrames(count: number, size: number): Uint8Array {
  const frame = new Uint8Array(6 + size);
  frame.set([0x82, 0x80 | size, 1, 2, 3, 4]);
  const bytes = new Uint8Array(count * frame.length);
  for (let index = 0; index < count; index++) bytes.set(frame, index * frame.length);
  return bytes;
}

/** What a payload looks like under `MASK`. */
function masked(hex: string): string {
  const mask = Uint8Array.fromHex(MASK);
  return Uint8Array.fromHex(hex).map((byte, i) => byte ^ (mask[i & 3] ?? 0)).toHex();
}

/** A listener on a free port. */
class Server implements AsyncDisposable {
  readonly #listener: Listener;
  readonly #ends: TransportEnd[] = [];
  #taken = 0;
  #wakeUp: () => void = () => {};

  constructor(options: Pick<ListenOptions, "tls"> = {}) {
    this.#listener = listenWebSocket({
      hostname: "127.0.0.1",
      port: 0,
      accept: (transport) => {
        const end = new TransportEnd();
        this.#ends.push(end);
        this.#wakeUp();
        return end.accept(transport);
      },
      ...options,
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The next connection that was accepted. */
  async next(): Promise<TransportEnd> {
    const wait = async () => {
      while (this.#ends.length <= this.#taken) {
        await new Promise<void>((resolve) => this.#wakeUp = resolve);
      }
    };
    await withDeadline(wait(), DEADLINE_MS, "a connection");
    const end = this.#ends[this.#taken++];
    assert(end !== undefined);
    return end;
  }

  /** Connects with Deno's own WebSocket, which knows nothing of ours. */
  async dial(): Promise<{ readonly client: WebSocket; readonly end: TransportEnd }> {
    const client = new WebSocket(`ws://127.0.0.1:${this.port}/`, ["clasp"]);
    client.binaryType = "arraybuffer";
    const opened = new Promise((resolve) => client.onopen = resolve);
    const end = await this.next();
    await withDeadline(opened, DEADLINE_MS, "the connection");
    assertEquals([client.protocol, client.extensions], ["clasp", ""]);
    return { client, end };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listener.stop();
  }
}
