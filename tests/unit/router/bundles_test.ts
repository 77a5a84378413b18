import {
  BUNDLE_AHEAD_MAX_MS,
  BUNDLE_LATE_MS,
  BUNDLED_MESSAGE_BYTES,
  BUNDLES_RUN_BYTES_MAX,
  BUNDLES_WAITING_BYTES_MAX,
  BUNDLES_WAITING_MAX,
  BUNDLES_WAITING_PER_SESSION_BYTES_MAX,
  BUNDLES_WAITING_PER_SESSION_MAX,
} from "../../../src/limits.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { type BundleMessage, type Message, QOS, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater, assertStringIncludes } from "../../support/assert.ts";
import { codeOf, set, TestRouter } from "./test_router.ts";

const EVENT: Message = {
  type: "PUBLISH",
  address: "/e",
  signal: SIGNAL.event,
  phase: 0,
  value: encodeValue(1),
};

Deno.test("a scheduled bundle is acknowledged at once and runs as a whole at its time, not before", () => {
  const router = new TestRouter();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  const answer = writer.ask(inMs(router, 2_500, [set("/a", 1), EVENT, set("/b", 2)]));
  assertEquals([answer.type, answer.type === "ACK" && answer.revision], ["ACK", undefined]);
  router.advance(2_499.9);
  assertEquals(reader.read(), []);
  router.advance(0.1);
  assertEquals(reader.read().map(({ type }) => type), ["SET", "PUBLISH", "SET"]);
  assertEquals(writer.read(), [], "its sender is not told its own event, nor anything else");
  const stamps = ["/a", "/b"].map((address) => router.core.params.get(address)?.timestampMicros);
  assertEquals(stamps, [router.wallMicros, router.wallMicros]);
  assertEquals(router.core.bundles.waiting, 0);
});

Deno.test("bundles of one moment run in the order they came, whatever else waits", () => {
  const router = new TestRouter();
  const client = router.client();
  for (const [value, ms] of [[1, 50], [2, 20], [3, 50], [4, 30], [5, 50]] as const) {
    client.ask(inMs(router, ms, [set("/a", value)]));
  }
  const reader = router.client();
  reader.subscribe("/a");
  router.advance(60);
  assertEquals(
    reader.read().map((message) => message.type === "SET" && message.value),
    [2, 4, 1, 3, 5].map((value) => encodeValue(value)),
  );
});

for (
  const [what, code, part] of [
    ["another revision", 400, set("/known", 9, { revision: 1 })],
    ["a lock taken meanwhile", 401, set("/known", 9)],
    ["no room", 503, set("/fourth", 9)],
  ] as const
) {
  Deno.test(`a scheduled bundle that finds ${what} has no effect, and its sender is told`, () => {
    const router = new TestRouter({ paramsMax: 3 });
    const [writer, other] = [router.client(), router.client()];
    other.ask(set("/known", 1));
    assertEquals(writer.ask(inMs(router, 100, [set("/new", 1), EVENT, part])).type, "ACK");
    other.ask(set("/known", 2, { lock: code === 401 }));
    other.ask(set("/second", 2));
    other.subscribe("/**");
    router.advance(100);
    assertEquals(writer.read().map(codeOf), [code]);
    assertEquals(other.read(), []);
  });
}

Deno.test("what can never be done is refused when it is scheduled", () => {
  const router = new TestRouter();
  const client = router.client();
  const refused: readonly (readonly [number, Message])[] = [
    [200, set("no-slash", 1)],
    [403, set("/clasp/federation/x", 1)],
    [402, set("/big", new Uint8Array(65_390))],
    [101, { ...EVENT, signal: SIGNAL.param } as Message],
    [101, { type: "GET", address: "/a" }],
  ];
  for (const [code, part] of refused) {
    const messages = code === 402 ? [part] : [set("/a", 1), part];
    assertEquals(codeOf(client.ask(inMs(router, 100, messages))), code);
  }
  assertEquals(router.core.bundles.waiting, 0);
});

Deno.test("a bundle is scheduled a day ahead and no further", () => {
  const router = new TestRouter();
  const client = router.client();
  assertEquals(client.ask(inMs(router, BUNDLE_AHEAD_MAX_MS, [EVENT])).type, "ACK");
  const refused = client.ask(inMs(router, BUNDLE_AHEAD_MAX_MS + 1, [EVENT]));
  assertEquals(codeOf(refused), 402);
  assertStringIncludes(refused.type === "ERROR" ? refused.message : "", "86400 s are allowed");
});

Deno.test("a scheduled bundle outlives its session, which is told nothing and gets no lock", () => {
  const router = new TestRouter();
  const [writer, other] = [router.client(), router.client()];
  writer.ask(inMs(router, 100, [set("/a", 1, { lock: true }), set("/b", 1)]));
  writer.leave();
  router.advance(100);
  assertEquals(router.core.params.get("/b")?.revision, 1);
  assertEquals(router.core.locks.holder("/a"), undefined);
  assertEquals(other.ask(set("/a", 2)).type, "ACK");
});

Deno.test("a scheduled bundle locks for a session that is there, and passes its locks", () => {
  const router = new TestRouter();
  const [writer, other] = [router.client(), router.client()];
  writer.ask(set("/held", 1, { lock: true }));
  writer.ask(inMs(router, 100, [set("/a", 1, { lock: true }), set("/held", 2)]));
  router.advance(100);
  assertEquals(writer.read(), []);
  assertEquals(codeOf(other.ask(set("/a", 2))), 401);
  assertEquals(router.core.params.get("/held")?.revision, 2);
});

Deno.test("one session schedules so many bundles and no more, and others still can", () => {
  const router = new TestRouter();
  const [writer, other] = [router.client(), router.client()];
  const bundle = () => inMs(router, 60_000, [EVENT]);
  for (let i = 0; i < BUNDLES_WAITING_PER_SESSION_MAX; i++) {
    assertEquals(writer.ask(bundle()).type, "ACK");
  }
  const refused = writer.ask(bundle());
  assertEquals(codeOf(refused), 429);
  assertStringIncludes(refused.type === "ERROR" ? refused.message : "", "send it later");
  assertEquals(other.ask(bundle()).type, "ACK");
  assertEquals(router.core.bundles.waiting, BUNDLES_WAITING_PER_SESSION_MAX + 1);
  router.advance(60_000);
  assertEquals([router.core.bundles.waiting, router.core.bundles.waitingBytes], [0, 0]);
  assertEquals(writer.ask(bundle()).type, "ACK");
});

Deno.test("one session schedules so many bytes and no more; small messages count for more", () => {
  const router = new TestRouter();
  const writer = router.client();
  const messages = Array.from({ length: 3_000 }, () => EVENT);
  const bytes = encodeFrame({ type: "BUNDLE", messages }).length + 3_000 * BUNDLED_MESSAGE_BYTES;
  const fits = Math.floor(BUNDLES_WAITING_PER_SESSION_BYTES_MAX / bytes);
  assertGreater(fits, 1);
  for (let i = 0; i < fits; i++) {
    assertEquals(writer.ask(inMs(router, 60_000, messages)).type, "ACK");
  }
  assertEquals(router.core.bundles.waitingBytes, fits * bytes);
  assertEquals(codeOf(writer.ask(inMs(router, 60_000, messages))), 429);
});

Deno.test("a router keeps so many scheduled bundles and no more, whoever sends them", () => {
  for (const [count, messages] of [[1, [EVENT]], [3_000, [EVENT]]] as const) {
    const router = new TestRouter();
    const many = Array.from({ length: count }, () => messages[0] ?? EVENT);
    let accepted = 0;
    let answer: Message;
    let client = router.client();
    for (;;) {
      answer = client.ask(inMs(router, 60_000, many));
      if (answer.type === "ACK") accepted++;
      else if (codeOf(answer) === 429) client = router.client();
      else break;
    }
    assertEquals(codeOf(answer), 503);
    if (count === 1) assertEquals(accepted, BUNDLES_WAITING_MAX);
    else assert(router.core.bundles.waitingBytes <= BUNDLES_WAITING_BYTES_MAX);
  }
});

Deno.test("when much is due at once, the router does other things in between", () => {
  const router = new TestRouter();
  const client = router.client();
  const value = new Uint8Array(60_000);
  const bundles = Math.ceil(BUNDLES_RUN_BYTES_MAX / value.length) + 5;
  for (let i = 0; i < bundles; i++) client.ask(inMs(router, 100, [set(`/a/${i}`, value)]));
  router.nowMicros += 100_000;
  router.core.wake(router.nowMicros);
  assertGreater(router.core.params.size, 0);
  assertGreater(bundles, router.core.params.size, "some are left for the next turn");
  router.advance(2);
  assertEquals(router.core.params.size, bundles);
});

Deno.test("a bundle that runs late is done, and its sender is told how late", () => {
  const router = new TestRouter();
  const client = router.client();
  const late = (ms: number): Message[] => {
    assertEquals(client.ask(inMs(router, 100, [set("/a", 1)])).type, "ACK");
    // The process does not run for a while.
    router.nowMicros += (100 + ms) * 1_000;
    router.core.wake(router.nowMicros);
    return client.read();
  };
  assertEquals(late(BUNDLE_LATE_MS - 1), []);
  const [told] = late(BUNDLE_LATE_MS);
  assert(told?.type === "ERROR");
  assertEquals([told.code, told.address], [408, "/a"]);
  assertStringIncludes(told.message, `done ${BUNDLE_LATE_MS} ms after its time`);
  assertEquals(router.core.params.get("/a")?.revision, 2);
});

Deno.test("a bundle that is overtaken by years is told as late by what a frame can say", () => {
  const router = new TestRouter();
  const client = router.client();
  client.ask(inMs(router, 100, [set("/a", 1)]));
  router.nowMicros += 2 ** 32 * 1_000 + 200_000;
  router.core.wake(router.nowMicros);
  const [told] = client.read();
  assertStringIncludes(told?.type === "ERROR" ? told.message : "", "done 4294967295 ms after");
});

Deno.test("a scheduled bundle that came with Fire gets no ACK, and an ERROR when it is refused", () => {
  const router = new TestRouter();
  const [writer, other] = [router.client(), router.client()];
  writer.send(inMs(router, 100, [set("/a", 1)]), { qos: QOS.fire });
  assertEquals(writer.read(), []);
  other.ask(set("/a", 2, { lock: true }));
  router.advance(100);
  assertEquals(writer.read().map(codeOf), [401]);
});

function inMs(router: TestRouter, ms: number, messages: readonly Message[]): BundleMessage {
  return { type: "BUNDLE", timestampMicros: router.wallMicros + ms * 1_000, messages };
}
