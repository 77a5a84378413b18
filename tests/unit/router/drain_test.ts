import { OUTBOX_SLOW_BYTES, OUTBOX_SLOW_MS } from "../../../src/limits.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { type Message, SIGNAL } from "../../../src/wire/message.ts";
import { decodeValue, encodeValue, type Value } from "../../../src/wire/value_codec.ts";
import { codeOf, set, TestRouter } from "./test_router.ts";

const HIGH_WATER = 1_000;
const GOODBYE = { code: 1001, reason: "serviced" };

interface DrainedRouter extends Disposable {
  readonly router: TestRouter;
  readonly isDone: () => boolean;
  readonly drain: () => void;
}

function setUp(): DrainedRouter {
  const router = new TestRouter({ outboxHighWaterBytes: HIGH_WATER });
  let done = 0;
  return {
    router,
    isDone: () => done === 1,
    drain: () => router.core.drain("serviced", router.nowMicros, () => done++),
    [Symbol.dispose]: () => assert(done <= 1, "told more than once"),
  };
}

function event(number: number): Message {
  const value = encodeValue(number);
  return { type: "PUBLISH", address: "/cue", signal: SIGNAL.event, phase: 0, value };
}

/** Events by their number, params by their revision; events first, which keep their order. */
function seen(messages: readonly Message[]): (Value | undefined)[] {
  const events = messages.filter((message) => message.type === "PUBLISH");
  const params = messages.filter((message) => message.type === "SET");
  return [
    ...events.map(({ value }) => value && decodeValue(value)),
    ...params.map(({ revision }) => `r${revision}`),
  ];
}

Deno.test("a drain closes who waits for nothing at once, and is done when nobody is left", () => {
  using setup = setUp();
  const { router, drain, isDone } = setup;
  const [client, silent] = [router.client(), router.connect()];
  drain();
  assertEquals(isDone(), false, "not before it has returned");
  router.advance(1);
  assertEquals([client.closed, silent.closed], [GOODBYE, GOODBYE]);
  assertEquals(isDone(), true);
  router.advance(100);
});

Deno.test("a drain without connections is done", () => {
  using setup = setUp();
  setup.drain();
  setup.router.advance(1);
  assertEquals(setup.isDone(), true);
});

Deno.test("a slow client gets all that waits, in order, before it is closed", () => {
  using setup = setUp();
  const { router, drain, isDone } = setup;
  const [writer, slow] = [router.client(), router.client()];
  slow.subscribe("/**");
  router.port.buffered.set(slow.id, HIGH_WATER);
  for (let number = 1; number <= 50; number++) {
    writer.ask(event(number));
    writer.ask(set("/a", number));
  }
  drain();
  router.advance(2_000);
  assertEquals([writer.closed, slow.closed, isDone()], [GOODBYE, undefined, false]);
  // There is room for all, but the socket has not taken it.
  router.port.buffered.set(slow.id, 1);
  router.advance(20);
  assertEquals(seen(slow.read()), [...Array.from({ length: 50 }, (_, index) => index + 1), "r50"]);
  assertEquals(slow.closed, undefined, "part of it is in this process still");
  router.port.buffered.set(slow.id, 0);
  router.advance(20);
  assertEquals([slow.closed, isDone()], [GOODBYE, true]);
});

Deno.test("a snapshot that has begun is sent whole before a client is closed", () => {
  using setup = setUp();
  const { router, drain } = setup;
  const writer = router.client();
  for (let i = 0; i < 100; i++) writer.ask(set(`/a/${i}`, "x".repeat(2_000)));
  const late = router.client();
  router.port.buffered.set(late.id, HIGH_WATER);
  late.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 255 });
  late.read();
  drain();
  router.advance(50);
  assertEquals(late.closed, undefined);
  router.port.buffered.set(late.id, 0);
  router.advance(50);
  const params = late.read().flatMap((message) =>
    message.type === "SNAPSHOT" ? message.params : []
  );
  assertEquals(new Set(params.map(({ address }) => address)).size, 100);
  assertEquals(late.closed, GOODBYE);
});

Deno.test("while it drains a router refuses with 503 what would be new, and answers the rest", () => {
  using setup = setUp();
  const { router, drain } = setup;
  const [client, other] = [router.client(), router.client()];
  client.ask(set("/a", 1));
  for (const { id } of [client, other]) router.port.buffered.set(id, HIGH_WATER - 1);
  drain();
  router.advance(10);
  const refused = client.ask(set("/a", 2));
  assertEquals(codeOf(refused), 503);
  assertStringIncludes(refused.type === "ERROR" ? refused.message : "", "the router is stopping");
  assertEquals(refused.type === "ERROR" && refused.address, "/a");
  assertEquals(codeOf(client.ask({ type: "GET", address: "/a" })), 503);
  assertEquals(
    codeOf(client.ask({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 255 })),
    503,
  );
  assertEquals(codeOf(client.ask({ type: "BUNDLE", messages: [set("/a", 3)] })), 503);
  assertEquals(client.ask({ type: "PING" }).type, "PONG");
  assertEquals(client.ask({ type: "SYNC", t1: 1 }).type, "SYNC");
  assertEquals(router.core.params.get("/a")?.revision, 1);
  assertEquals(other.read(), []);
  const late = router.connect();
  assertEquals(late.closed?.code, 1001);
});

Deno.test("while it drains a router gives up on nobody for being slow", () => {
  using setup = setUp();
  const { router, drain } = setup;
  const [writer, slow] = [router.client(), router.client()];
  slow.subscribe("/**");
  router.port.buffered.set(slow.id, HIGH_WATER);
  const value = "x".repeat(60_000);
  // Values of params would be conflated.
  const large: Message = { ...event(0), value: encodeValue(value) } as Message;
  for (let bytes = 0; bytes <= OUTBOX_SLOW_BYTES; bytes += 60_000) writer.send(large);
  assert(router.core.queuedBytes > OUTBOX_SLOW_BYTES);
  drain();
  router.advance(2 * OUTBOX_SLOW_MS);
  assertEquals(slow.closed, undefined);
  router.port.buffered.set(slow.id, 0);
  router.advance(900);
  assertEquals(slow.closed, GOODBYE);
});

Deno.test("a stop while it drains hands over all that waits, and closes the rest", () => {
  using setup = setUp();
  const { router, drain } = setup;
  const [writer, slow] = [router.client(), router.client()];
  slow.subscribe("/**");
  router.port.buffered.set(slow.id, HIGH_WATER);
  for (let number = 1; number <= 5; number++) {
    writer.ask(event(number));
    writer.ask(set("/a", number));
  }
  drain();
  router.advance(10);
  router.core.stop("serviced", router.nowMicros);
  assertEquals(seen(slow.read()), [1, 2, 3, 4, 5, "r5"]);
  assertEquals(slow.closed, GOODBYE);
});
