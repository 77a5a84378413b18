import { HANDSHAKE_TIMEOUT_SECONDS } from "../../src/limits.ts";
import { assertEquals, assertGreater, assertLess, assertMatch } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { pollUntil } from "../support/poll_until.ts";
import { startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawHttp } from "../support/raw_http.ts";
import { Router } from "../../mod.ts";
import { Client } from "../../src/edge/client.ts";
import {
  TEST_AUTHORITY_CERT,
  TEST_SERVER_CERT,
  TEST_SERVER_KEY,
} from "./websocket_certificates.ts";

const SLOW = 200;
const FILES_MAX = 200;
const DEADLINE_MS = 20_000;
const HALF = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: webs");

/** Connections that begin with some bytes and never go on. */
async function begin(port: number, bytes: Uint8Array): Promise<AsyncDisposable> {
  const sockets: Deno.TcpConn[] = [];
  for (let count = 0; count < SLOW; count++) {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    sockets.push(socket);
    if (bytes.length > 0) await socket.write(bytes);
  }
  return {
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.close();
      return Promise.resolve();
    },
  };
}

Deno.test("WebSocket handshakes that never end keep nobody out, and are no connections", async () => {
  await using router = new LocalRouter({ maxSessionsPerAddress: 2 });
  await using _slow = await begin(router.port, HALF);
  await using first = await RawClient.connect(router.port);
  await using second = await RawClient.connect(router.port);
  await first.settle();
  await second.settle();
  assertEquals(router.router.connectionCount, 2);
});

Deno.test({
  name: "handshakes that take all files there are end nobody's session, and nothing for good",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using router = await startServer([], { filesMax: FILES_MAX });
    const known = await Client.connect(router.url);
    const slow: Deno.TcpConn[] = [];
    const isRefusing = () => router.logs.some(({ event }) => event === "accept-failed");
    for (let count = 0; count < 2 * FILES_MAX && !isRefusing(); count++) {
      await beginOne(router.port, slow);
    }
    await pollUntil(isRefusing, "nobody to be accepted", DEADLINE_MS);
    await known.set("/a", 1);
    assertEquals(await known.get("/a"), 1);
    for (const socket of slow) socket.close();
    const later = await connectAtLast(router.url);
    assertEquals(await later.get("/a"), 1);
    await known.set("/a", 2);
    assertEquals(await later.get("/a"), 2);
    await Promise.all([known.close(), later.close()]);
    assertEquals((await router.stop()).code, 0);
  },
});

/** One that may not be let in. */
async function beginOne(port: number, sockets: Deno.TcpConn[]): Promise<void> {
  try {
    const socket = await Deno.connect({ hostname: "127.0.0.1", port });
    sockets.push(socket);
    await socket.write(HALF);
  } catch {
    // There was no room for it.
  }
}

async function connectAtLast(url: string): Promise<Client> {
  const startMs = performance.now();
  for (;;) {
    try {
      return await Client.connect(url);
    } catch (error) {
      if (performance.now() - startMs > DEADLINE_MS) throw error;
    }
  }
}

Deno.test("TLS handshakes that stop half-way are cut after the time for them", async () => {
  const router = new Router({});
  const { port } = router.listen({
    port: 0,
    hostname: "127.0.0.1",
    cert: TEST_SERVER_CERT,
    key: TEST_SERVER_KEY,
  });
  using silent = await RawHttp.connect(port);
  using half = await RawHttp.connect(port);
  // A record of a handshake that promises more than comes.
  await half.say("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
  using plain = await RawHttp.connect(port);
  await plain.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const start = performance.now();
  assertMatch(await plain.end(), /^HTTP\/1\.1 426 [^]*This port speaks TLS: [^\n]*\n$/);
  assertLess(performance.now() - start, 5_000);
  await Promise.all([silent.end(), half.end()]);
  const tookMs = performance.now() - start;
  assertGreater(tookMs, 1_000 * HANDSHAKE_TIMEOUT_SECONDS * 0.9);
  assertLess(tookMs, 1_000 * HANDSHAKE_TIMEOUT_SECONDS + 4_000);
  assertEquals(router.connectionCount, 0);
  await router.stop();
});

Deno.test("TLS handshakes that never begin, or are none, keep nobody out", async () => {
  const router = new Router({});
  const { port } = router.listen({
    port: 0,
    hostname: "127.0.0.1",
    cert: TEST_SERVER_CERT,
    key: TEST_SERVER_KEY,
  });
  {
    await using _silent = await begin(port, new Uint8Array());
    await using _plain = await begin(port, HALF);
    const client = await Client.connect(`wss://127.0.0.1:${port}`, { ca: TEST_AUTHORITY_CERT });
    await client.set("/a", 1);
    assertEquals([await client.get("/a"), router.connectionCount], [1, 1]);
    await client.close();
  }
  await router.stop();
});
