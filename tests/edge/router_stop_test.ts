import { Router } from "../../mod.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assertEquals, assertLess, assertRejects } from "../support/assert.ts";
import { withDeadline } from "../support/deadline.ts";
import { LocalRouter } from "../support/local_router.ts";
import { startServer } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";

const DEADLINE_MS = 10_000;

Deno.test("Router.stop() closes every connection with 1001 and the reason given", async () => {
  const { router, port } = new LocalRouter();
  const client = await RawClient.connect(port);
  const silent = await RawClient.open(port);
  await client.settle();
  assertEquals([router.clientCount, router.connectionCount], [1, 2]);

  await withDeadline(router.stop("The show is over"), DEADLINE_MS, "stop()");
  const goodbye = { code: 1001, reason: "The show is over" };
  assertEquals([await client.ended, await silent.ended], [goodbye, goodbye]);
  assertEquals([router.clientCount, router.connectionCount], [0, 0]);
  await assertRejects(() => RawClient.open(port), Error, "Cannot connect");
  await withDeadline(router.stop("again"), DEADLINE_MS, "a second stop()");
});

Deno.test("Router.stop() delivers first what was acknowledged", async () => {
  const { router, port } = new LocalRouter();
  const [reader, writer] = [await RawClient.connect(port), await RawClient.connect(port)];
  await reader.ask({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0 });
  // 6 MB: more than the router hands to the socket at once.
  const value = encodeValue("x".repeat(60_000));
  for (let i = 0; i < 100; i++) writer.send({ type: "SET", address: `/a/${i}`, value });
  await writer.until(() => writer.all("ACK").length === 100, "all ACKs");
  await withDeadline(router.stop(), DEADLINE_MS, "stop()");
  await Promise.all([reader.ended, writer.ended]);
  assertEquals(reader.all("SET").length, 100);
});

Deno.test("Router.stop() does not wait for peers that ignore the close", async () => {
  const { router, port } = new LocalRouter();
  using _deaf = await RawWebSocket.connect(port);
  const start = performance.now();
  await withDeadline(router.stop(), DEADLINE_MS, "stop()");
  assertLess(performance.now() - start, 5_000);
});

Deno.test("Router.stop() of a hub ends the link with its reason, and the leaf goes on", async () => {
  const hub = new LocalRouter({ features: ["param", "federation"] });
  const leaf = new Router({
    federation: {
      mode: { type: "leaf", hubEndpoint: `ws://127.0.0.1:${hub.port}` },
      routerId: "site-a",
      ownedNamespaces: ["/site-a/**"],
    },
  });
  const { port } = leaf.listen({ port: 0, hostname: "127.0.0.1" });
  const { federation } = leaf;
  const disconnected = Promise.withResolvers<string | undefined>();
  const connected = Promise.withResolvers<void>();
  federation?.onEvent((event) => {
    if (event.type === "connected") connected.resolve();
    if (event.type === "disconnected") disconnected.resolve(event.reason);
  });
  await withDeadline(connected.promise, DEADLINE_MS, "the link");
  await hub.router.stop("The hub is serviced");
  const reason = await withDeadline(disconnected.promise, DEADLINE_MS, "the end of the link");
  assertEquals(reason, "The hub is serviced");
  await using client = await RawClient.connect(port);
  assertEquals((await client.set("/site-a/value", encodeValue(1))).type, "ACK");
  await leaf.stop();
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`a server that gets ${signal} closes its clients with 1001 and exits with 0`, async () => {
    await using server = await startServer();
    const client = await RawClient.connect(server.port);
    server.kill(signal);
    const { code, reason } = await withDeadline(client.ended, DEADLINE_MS, "the close");
    assertEquals([code, reason], [1001, "The router is stopping"]);
    const status = await server.ended();
    assertEquals([status.code, status.signal], [0, null]);
  });
}
