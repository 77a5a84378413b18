import { CLOSE_GRACE_MS, CONNECTIONS_PER_ADDRESS_BURST } from "../../src/limits.ts";
import { FEATURE, QOS } from "../../src/wire/message.ts";
import { encodeFrame } from "../../src/wire/frame.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertStringIncludes,
} from "../support/assert.ts";
import { LocalRouter } from "../support/local_router.ts";
import { pollUntil } from "../support/poll_until.ts";
import { RawClient } from "../support/raw_client.ts";
import { RawWebSocket } from "../support/raw_websocket.ts";

const DEADLINE_MS = 10_000;
const SET = encodeFrame({ type: "SET", address: "/flood", value: encodeValue(1) }, {
  qos: QOS.fire,
});

Deno.test("one address may have so many connections, and no more until one of them ends", async () => {
  await using router = new LocalRouter({ maxSessionsPerAddress: 2 });
  await using first = await RawClient.connect(router.port);
  // Connections that say nothing count as well.
  const silent = await RawClient.open(router.port);
  const third = await RawClient.open(router.port);
  const { code } = await third.ended;
  assertEquals(code, 1013);
  const [error] = third.all("ERROR");
  assertEquals(error?.code, 429);
  assertStringIncludes(error?.message ?? "", "has 2 connections from the address of this one");
  await first.settle();
  await silent.close();
  await pollUntil(
    () => router.router.connectionCount === 1,
    "the end of a connection",
    DEADLINE_MS,
  );
  await using again = await RawClient.connect(router.port);
  await again.settle();
});

Deno.test("a flood of connections without HELLO that ignore the close is cut, all but the first", async () => {
  const perAddress = 20;
  await using router = new LocalRouter({ maxSessionsPerAddress: perAddress });
  const sockets: RawWebSocket[] = [];
  try {
    for (let i = 0; i < perAddress + 300; i++) {
      sockets.push(await RawWebSocket.connect(router.port));
    }
    assertEquals(router.router.connectionCount, perAddress);
    // The first ones wait for their HELLO, the others were closed and do not agree.
    const start = performance.now();
    for (const refused of sockets.slice(perAddress)) {
      // What came at once with the answer to the upgrade, and the rest.
      assertStringIncludes(
        refused.head + new TextDecoder().decode(await refused.readToEnd()),
        "has 20 connections from the address of this one",
      );
    }
    assertLess(performance.now() - start, 4 * CLOSE_GRACE_MS);
    assertEquals(router.router.connectionCount, perAddress);
  } finally {
    for (const socket of sockets) socket[Symbol.dispose]();
  }
  await pollUntil(() => router.router.connectionCount === 0, "the end of all", DEADLINE_MS);
  await using honest = await RawClient.connect(router.port);
  await honest.settle();
});

Deno.test("one address that connects over and over is slowed down with HTTP 503", async () => {
  await using router = new LocalRouter();
  const statuses: number[] = [];
  for (let round = 0; round < 200 && !statuses.includes(503); round++) {
    const batch = await Promise.all(Array.from({ length: 20 }, async () => {
      using socket = await RawWebSocket.connect(router.port);
      if (socket.status === 503 && !socket.head.includes("Too many connections from 127.0.0.1")) {
        throw new Error(socket.head);
      }
      return socket.status;
    }));
    statuses.push(...batch);
  }
  assertGreater(statuses.indexOf(503), CONNECTIONS_PER_ADDRESS_BURST - 1);
});

Deno.test("a session that floods is told once, others are heard, and it is heard again later", async () => {
  const perSecond = 500;
  await using router = new LocalRouter({ maxMessagesPerSecond: perSecond });
  await using other = await RawClient.connect(router.port);
  await using flooder = await RawClient.connect(router.port);
  flooder.frames.length = 0;
  for (let i = 0; i < 20_000; i++) flooder.sendBytes(SET);
  await flooder.until(() => flooder.all("ERROR").length > 0, "the first 429");
  await other.settle();
  await flooder.until(
    () =>
      flooder.all("ERROR").some(({ message }) => message.includes("more messages were ignored")),
    "how many were ignored",
  );
  const errors = flooder.all("ERROR");
  assertLess(errors.length, 10, "one a second, not one a message");
  assert(errors.every(({ code }) => code === 429));
  // The bucket fills again as time passes: it is heard at the latest a second later.
  await pollUntil(
    () => {
      flooder.send({ type: "PING" });
      return flooder.all("PONG").length > 0;
    },
    "an answer to the one that flooded",
    DEADLINE_MS,
  );
});

Deno.test("a peer link is not limited as clients are", async () => {
  await using hub = new LocalRouter({ maxMessagesPerSecond: 10, features: ["federation"] });
  await using client = await RawClient.open(hub.port);
  client.send({
    type: "HELLO",
    version: 1,
    features: FEATURE.param | FEATURE.federation,
    name: "public leaf",
  });
  await client.until(() => client.all("WELCOME").length === 1, "WELCOME");
  const declared = await client.ask({
    type: "FEDERATION_SYNC",
    op: "DeclareNamespaces",
    patterns: ["/site-a/**"],
    revisions: [],
    origin: "site-a",
  });
  assertEquals(declared.type, "ACK");
  for (let i = 0; i < 500; i++) {
    client.send({ type: "SET", address: `/site-a/${i}`, value: encodeValue(i) }, { qos: QOS.fire });
  }
  await client.settle();
  assertEquals(client.all("ERROR"), []);
  const { paramCount } = hub.router;
  assertGreater(paramCount, 499);
});
