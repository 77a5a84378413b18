import {
  OUTBOX_BYTES_MAX,
  OUTBOX_SLOW_BYTES,
  OUTBOX_SLOW_MS,
  OUTBOX_SOURCES_MAX,
} from "../../../src/limits.ts";
import { QOS } from "../../../src/wire/message.ts";
import { decodeFrame } from "../../../src/wire/frame.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { codeOf, set, TestRouter } from "./test_router.ts";

const HIGH_WATER = 1_000;

function setUp(outboxBytesMax = 100_000): TestRouter {
  return new TestRouter({ outboxHighWaterBytes: HIGH_WATER, outboxBytesMax });
}

Deno.test("changes for a client that does not drain wait in order, and leave when it does", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  for (let value = 1; value <= 20; value++) writer.ask(set("/a", value));
  assertEquals(reader.read(), []);
  router.advance(100);
  assertEquals(reader.read(), [], "still full");
  router.port.buffered.set(reader.id, HIGH_WATER - 1);
  router.advance(4);
  assertEquals(
    reader.read().map((message) => message.type === "SET" && message.revision),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  assertEquals(router.core.nextWakeMicros, undefined, "nothing waits any more");
});

Deno.test("a client whose queue is full gets 503 and is closed, and the others go on", () => {
  const router = setUp(2_000);
  const [writer, slow, quick] = [router.client(), router.client(), router.client()];
  slow.subscribe("/**");
  quick.subscribe("/**");
  router.port.buffered.set(slow.id, HIGH_WATER);
  let writes = 0;
  while (slow.closed === undefined) {
    assert(++writes < 1_000);
    writer.send(set("/a", "x".repeat(100)));
  }
  const last = slow.readBytes().at(-1);
  assert(last !== undefined);
  assertEquals(codeOf(decodeFrame(last).message), 503);
  assertEquals(slow.closed?.code, 1013);
  assert(writes > 10);
  assertEquals(quick.read().length, writes);
  assertEquals(router.core.clientSessions, 2);
});

Deno.test("a client that stays far behind for two seconds gets 503, one that catches up does not", () => {
  const router = setUp(OUTBOX_BYTES_MAX);
  const [writer, stuck, late] = [router.client(), router.client(), router.client()];
  for (const client of [stuck, late]) {
    client.subscribe("/**");
    router.port.buffered.set(client.id, HIGH_WATER);
  }
  const value = "x".repeat(60_000);
  for (let bytes = 0; bytes <= OUTBOX_SLOW_BYTES; bytes += value.length) {
    writer.send(set("/a", value));
  }
  router.advance(OUTBOX_SLOW_MS - 100);
  assertEquals([stuck.closed, late.closed], [undefined, undefined]);
  router.port.buffered.set(late.id, 0);
  router.advance(200);
  assertEquals([stuck.closed?.code, late.closed], [1013, undefined]);
  router.advance(OUTBOX_SLOW_MS);
  assertEquals(late.closed, undefined);
});

Deno.test("a snapshot that is paused never sends a version older than one sent before", () => {
  for (const pattern of ["/p/**", "/p/7"]) {
    const router = setUp();
    const [writer, reader] = [router.client(), router.client()];
    for (let n = 0; n < 10; n++) writer.send(set(`/p/${n}`, "old"));
    writer.read();
    router.port.buffered.set(reader.id, HIGH_WATER);
    reader.send({ type: "SUBSCRIBE", id: 1, pattern, types: 0 });
    writer.send(set("/p/7", "new"));
    router.port.buffered.set(reader.id, 0);
    router.advance(4);
    const revisions = reader.read().flatMap((message) => {
      if (message.type === "SET") return [message.revision ?? 0];
      if (message.type !== "SNAPSHOT") return [];
      return message.params.filter(({ address }) => address === "/p/7")
        .map(({ revision }) => revision);
    });
    assertEquals(revisions, [2, 2], pattern);
  }
});

Deno.test("the ACK of a SUBSCRIBE follows its snapshot, however long that takes", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  for (let n = 0; n < 100; n++) writer.send(set(`/p/${n}`, "x".repeat(1_000)));
  router.port.buffered.set(reader.id, HIGH_WATER);
  reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0 });
  router.advance(20);
  assertEquals(reader.read(), []);
  router.port.buffered.set(reader.id, 0);
  router.advance(20);
  const types = reader.read().map(({ type }) => type);
  assertEquals(types.at(-1), "ACK");
  assertEquals(types.filter((type) => type === "SNAPSHOT").length, types.length - 1);
});

Deno.test("connections that come and go while they wait leave one appointment to pump, not many", () => {
  const router = setUp();
  for (let n = 0; n < 10; n++) {
    const client = router.client();
    router.port.buffered.set(client.id, HIGH_WATER);
    client.send({ type: "PING" });
    client.leave();
  }
  const client = router.client();
  router.port.buffered.set(client.id, HIGH_WATER);
  client.send({ type: "PING" });
  router.advance(4);
  router.port.bufferedAsked = 0;
  router.advance(40);
  assertEquals(router.port.bufferedAsked, 10);
});

Deno.test("a client that subscribes one id over and over has one snapshot waiting, and every ACK", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  writer.ask(set("/p/1", 1));
  router.port.buffered.set(reader.id, HIGH_WATER);
  const times = 3 * OUTBOX_SOURCES_MAX;
  for (let n = 0; n < times; n++) {
    const pattern = n % 2 === 0 ? "/p/*" : "/p/**";
    reader.send({ type: "SUBSCRIBE", id: 1, pattern, types: 0 }, { qos: QOS.confirm });
  }
  assertEquals(reader.closed, undefined);
  router.port.buffered.set(reader.id, 0);
  router.advance(20);
  const types = reader.read().map(({ type }) => type);
  assertEquals(types.filter((type) => type === "ACK").length, times);
  assertEquals(types.filter((type) => type !== "ACK"), ["SNAPSHOT"]);
  assertEquals(types.slice(-2), ["SNAPSHOT", "ACK"]);
});

Deno.test("a SUBSCRIBE for which too many snapshots wait gets 429 and changes nothing", () => {
  const router = setUp();
  const [writer, reader] = [router.client(), router.client()];
  router.port.buffered.set(reader.id, HIGH_WATER);
  for (let id = 0; id <= OUTBOX_SOURCES_MAX; id++) {
    const pattern = `/p/${id}`;
    reader.send({ type: "SUBSCRIBE", id, pattern, types: 0 }, { qos: QOS.fire });
    if (id < OUTBOX_SOURCES_MAX) reader.send({ type: "UNSUBSCRIBE", id }, { qos: QOS.fire });
  }
  router.port.buffered.set(reader.id, 0);
  router.advance(20);
  assertEquals(reader.read().map(codeOf), [429]);
  writer.ask(set(`/p/${OUTBOX_SOURCES_MAX}`, 1));
  assertEquals(reader.read(), [], "it is not subscribed");
  reader.send({ type: "SUBSCRIBE", id: 1, pattern: "/p/**", types: 0 });
  assertEquals(reader.read().map(({ type }) => type), ["SNAPSHOT", "ACK"], "there is room again");
});
