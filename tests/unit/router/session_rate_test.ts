import {
  MESSAGE_BYTES_MAX,
  RATE_EXCEEDED_SECONDS_MAX,
  SUBSCRIBES_BURST,
  SUBSCRIBES_PER_SECOND_MAX,
} from "../../../src/limits.ts";
import { type Message, QOS } from "../../../src/wire/message.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../../support/assert.ts";
import { set, type TestConnection, TestRouter } from "./test_router.ts";

/** HELLO is not counted: the session begins with it. */
function setUp(messagesPerSecondMax = 10, bytesPerSecondMax = 0) {
  const router = new TestRouter({ messagesPerSecondMax, bytesPerSecondMax });
  return { router, client: router.client() };
}

/** Sends SETs; returns what came of them, in short. */
function flood(client: TestConnection, count: number): string[] {
  for (let i = 0; i < count; i++) client.send(set(`/a/${i % 5}`, i), { qos: QOS.fire });
  return told(client.read());
}

function told(messages: readonly Message[]): string[] {
  return messages.map((message) =>
    message.type === "ERROR" ? `${message.code} ${message.message}` : message.type
  );
}

Deno.test("what comes too fast is ignored, told at once and then once a second with its count", () => {
  const { router, client } = setUp();
  const first = flood(client, 100);
  assertEquals(first.length, 1, "one ERROR, however many are ignored");
  assertStringIncludes(first[0] ?? "", "429 A message was ignored: a session may send 10 messages");
  assertEquals(router.core.params.size, 5);
  assertEquals(router.core.params.get("/a/4")?.revision, 2, "the first ten were taken");
  router.advance(999);
  assertEquals(client.read(), []);
  router.advance(1);
  const summary = told(client.read());
  assertEquals(summary.length, 1);
  assertStringIncludes(summary[0] ?? "", "429 89 more messages were ignored in the last second");
  assertEquals(client.ask({ type: "PING" }).type, "PONG", "it goes on");
  router.advance(5_000);
  assertEquals([client.read(), client.closed], [[], undefined]);
});

Deno.test("a session that goes on sending too much is closed, one that does so now and then is not", () => {
  const { router, client } = setUp();
  for (let round = 0; round < 3 * RATE_EXCEEDED_SECONDS_MAX; round++) {
    flood(client, 50);
    router.advance(1_000);
    if (round % 3 === 2) router.advance(2_000);
  }
  assertEquals(client.closed, undefined);
  for (let second = 0; second < RATE_EXCEEDED_SECONDS_MAX; second++) {
    assertEquals(client.closed, undefined, `after ${second} s`);
    flood(client, 50);
    router.advance(1_000);
  }
  assertEquals(client.closed?.code, 1008);
  assertStringIncludes(client.closed?.reason ?? "", "too much for 10 s on end");
  assertEquals(router.core.nextWakeMicros, undefined, "it leaves no timer behind");
});

Deno.test("bytes are limited too, and the largest message passes any limit", () => {
  const { router, client } = setUp(0, 1_000);
  const large = new Uint8Array(MESSAGE_BYTES_MAX);
  client.sendBytes(large);
  assertStringIncludes(told(client.read())[0] ?? "", "100 ");
  client.sendBytes(large);
  assertStringIncludes(told(client.read())[0] ?? "", "a session may send 1000 bytes a second");
  router.advance(60_000);
  client.read();
  assertEquals(client.ask({ type: "PING" }).type, "PONG");
});

Deno.test("text and messages that cannot be read count as well: they are answered", () => {
  const { router, client } = setUp();
  for (let i = 0; i < 50; i++) router.core.receivedText(client.id, router.nowMicros);
  assertEquals(client.read().length, 11);
  router.advance(3_000);
  client.read();
  for (let i = 0; i < 50; i++) client.sendBytes(Uint8Array.of(1));
  assertEquals(client.read().length, 11);
});

Deno.test("a bundle counts as the messages in it, those of nested bundles too", () => {
  const { router, client } = setUp();
  const bundle = (count: number): Message => ({
    type: "BUNDLE",
    messages: Array.from({ length: count }, (_, index) => set(`/b/${index}`, 1)),
  });
  const nested = { type: "BUNDLE", messages: [bundle(15), bundle(15)] } as Message;
  assertEquals(told([client.ask(nested)]), ["ACK"]);
  assertStringIncludes(told([client.ask({ type: "PING" })])[0] ?? "", "429 ");
  router.advance(1_999);
  client.read();
  client.send({ type: "PING" });
  assert(!told(client.read()).includes("PONG"));
  router.advance(2);
  assertEquals(told([client.ask({ type: "PING" })]), ["PONG"]);
});

Deno.test("0 is no limit, and one session's rate is not another's", () => {
  const free = setUp(0);
  assertEquals(flood(free.client, 10_000), []);
  const { router, client } = setUp();
  flood(client, 100);
  assertEquals(router.client().ask({ type: "PING" }).type, "PONG");
});

Deno.test("a session that leaves while it sends too much leaves no timer behind", () => {
  const { router, client } = setUp();
  flood(client, 100);
  assert(router.core.nextWakeMicros !== undefined);
  client.leave();
  assertEquals(router.core.nextWakeMicros, undefined);
});

Deno.test("a session that subscribes over and over is refused with 429, each time, and slowed", () => {
  const { router, client } = setUp(0);
  const subscribe = (): Message => ({ type: "SUBSCRIBE", id: 1, pattern: "/churn/**", types: 0 });
  const churn = (count: number) => {
    const answers: string[] = [];
    for (let i = 0; i < count; i++) {
      client.send(subscribe(), { qos: QOS.confirm });
      answers.push(...told(client.read()));
      client.send({ type: "UNSUBSCRIBE", id: 1 }, { qos: QOS.fire });
      router.core.wake(router.nowMicros);
    }
    return answers.filter((answer) => answer.startsWith("429")).length;
  };
  assertEquals(churn(SUBSCRIBES_BURST), 0);
  assertEquals(churn(50), 50);
  router.advance(1_000);
  client.read();
  assertEquals(churn(SUBSCRIBES_PER_SECOND_MAX + 50), 50);
});

Deno.test("new limits hold for sessions that are there, and end none", () => {
  const { router, client } = setUp();
  assertEquals(flood(client, 11).length, 1, "one is too many");
  router.advance(2_000);
  client.read();
  router.core.setLimits({ messagesPerSecondMax: 50 });
  assertEquals(flood(client, 50), []);
  router.core.setLimits({ messagesPerSecondMax: 0, sessionsMax: 1 });
  assertEquals(flood(client, 1_000), []);
  const second = router.connect();
  assertEquals([second.closed?.code, client.closed], [1013, undefined]);
});

Deno.test("limits that are out of bounds change nothing", () => {
  const { router, client } = setUp();
  assertThrows(
    () => router.core.setLimits({ messagesPerSecondMax: 5, sessionsMax: 0 }),
    RangeError,
  );
  assertEquals(flood(client, 10), []);
  assertEquals(flood(client, 1).length, 1);
});
