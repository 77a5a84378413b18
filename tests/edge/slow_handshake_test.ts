import { assertEquals } from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { RawClient } from "../support/raw_client.ts";
import { Router } from "../../mod.ts";
import { Client } from "../../src/edge/client.ts";
import {
  TEST_AUTHORITY_CERT,
  TEST_SERVER_CERT,
  TEST_SERVER_KEY,
} from "./websocket_certificates.ts";

const SLOW = 200;
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
