import { EVENT_LIFE_MS } from "../../../src/limits.ts";
import { Outbox } from "../../../src/router/outbox.ts";
import { type Message, SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakePort } from "./fake_port.ts";
import { set, TestRouter } from "./test_router.ts";

const HIGH_WATER = 1_000;
const ID = 1;

function event(address: string): Message {
  return { type: "PUBLISH", address, signal: SIGNAL.event, phase: 0, value: encodeValue("go") };
}

for (const [what, eventTtlMs] of [["by default", undefined], ["as configured", 300]] as const) {
  Deno.test(`an event that waits for a slow client past its life, ${what}, is dropped and counted`, () => {
    const lifeMs = eventTtlMs ?? EVENT_LIFE_MS;
    const router = new TestRouter({
      outboxHighWaterBytes: HIGH_WATER,
      ...(eventTtlMs === undefined ? {} : { eventTtlMs }),
    });
    const [publisher, reader] = [router.client(), router.client()];
    reader.subscribe("/**");
    router.port.buffered.set(reader.id, HIGH_WATER);
    publisher.send(event("/late"));
    publisher.send(set("/param", 1));
    router.advance(lifeMs / 2);
    publisher.send(event("/in/time"));
    router.advance(lifeMs / 2);
    router.port.buffered.set(reader.id, 0);
    router.advance(4);
    assertEquals(
      reader.read().map((message) => "address" in message && message.address),
      ["/in/time", "/param"],
    );
    assertEquals(router.core.eventsExpired, 1);
  });
}

Deno.test("an event that waits for a slow client within its life reaches it", () => {
  const router = new TestRouter({ outboxHighWaterBytes: HIGH_WATER });
  const [publisher, reader] = [router.client(), router.client()];
  reader.subscribe("/**");
  router.port.buffered.set(reader.id, HIGH_WATER);
  publisher.send(event("/cue"));
  router.advance(EVENT_LIFE_MS - 10);
  router.port.buffered.set(reader.id, 0);
  router.advance(4);
  assertEquals([reader.read().length, router.core.eventsExpired], [1, 0]);
});

Deno.test("Outbox keeps deadlines with their messages, however many were sent before", () => {
  const port = new FakePort();
  const outbox = new Outbox(port, ID, { bytesMax: 1e6, highWaterBytes: 1 });
  port.buffered.set(ID, 1);
  for (let n = 0; n < 3_000; n++) outbox.send(new Uint8Array([n % 256, n >> 8]), n);
  // A few at a time, so that it forgets what it has sent meanwhile.
  let room = 0;
  port.bufferedBytes = () => room-- > 0 ? 0 : 1;
  const read: number[] = [];
  while (outbox.isWaiting) {
    room = 7;
    outbox.pump(1_500);
    for (const action of port.take()) {
      if (action.kind === "send") read.push((action.bytes[0] ?? 0) + 256 * (action.bytes[1] ?? 0));
    }
  }
  assertEquals(read, Array.from({ length: 1_499 }, (_, n) => 1_501 + n));
  assertEquals([outbox.counters.expired, outbox.queuedBytes], [1_501, 0]);
});

Deno.test("Outbox drops what is past its deadline at a last close too", () => {
  const port = new FakePort();
  const outbox = new Outbox(port, ID, { bytesMax: 1e6, highWaterBytes: 1 });
  port.buffered.set(ID, 1);
  outbox.send(Uint8Array.of(1), 100);
  outbox.send(Uint8Array.of(2));
  outbox.send(Uint8Array.of(3), 101);
  outbox.sendAll(100);
  assertEquals(port.take().map((action) => action.kind === "send" && action.bytes[0]), [2, 3]);
});
