import { EventAcks } from "../../../src/federation/event_acks.ts";
import { EVENT_ACK_DELAY_MS, EVENTS_PER_ACK_MAX } from "../../../src/limits.ts";
import { Agenda } from "../../../src/router/agenda.ts";
import { assertEquals } from "../../support/assert.ts";

function setUp() {
  const agenda = new Agenda();
  const sent: number[] = [];
  let nowMs = 0;
  const acks = new EventAcks(
    { agenda, after: (delayMs, action) => agenda.at((nowMs + delayMs) * 1_000, action) },
    (events) => sent.push(events),
  );
  const advance = (ms: number): void => {
    nowMs += ms;
    agenda.run(nowMs * 1_000);
  };
  const handle = (count: number, isRepeatable = true): void => {
    for (let n = 0; n < count; n++) acks.handled({ isRepeatable });
  };
  return { acks, agenda, sent, advance, handle };
}

Deno.test("events are acknowledged together, a little after the first", () => {
  const { sent, advance, handle } = setUp();
  handle(1);
  advance(EVENT_ACK_DELAY_MS - 1);
  handle(2);
  assertEquals(sent, []);
  advance(1);
  assertEquals(sent, [3]);
  advance(1_000);
  assertEquals(sent, [3], "once");
  handle(1);
  advance(EVENT_ACK_DELAY_MS);
  assertEquals(sent, [3, 4]);
});

Deno.test("many events are acknowledged at once", () => {
  const { sent, advance, handle } = setUp();
  handle(2 * EVENTS_PER_ACK_MAX);
  assertEquals(sent, [EVENTS_PER_ACK_MAX, 2 * EVENTS_PER_ACK_MAX]);
  advance(1_000);
  assertEquals(sent.length, 2);
});

Deno.test("streams are counted, and acknowledged only with an event among them", () => {
  const { sent, agenda, advance, handle } = setUp();
  handle(1_000, false);
  assertEquals([agenda.nextMicros, sent], [undefined, []]);
  handle(1);
  handle(5, false);
  advance(EVENT_ACK_DELAY_MS);
  assertEquals(sent, [1_006]);
});

Deno.test("nothing is acknowledged after the end of the connection", () => {
  const { acks, agenda, sent, advance, handle } = setUp();
  handle(1);
  acks.stop();
  assertEquals(agenda.nextMicros, undefined);
  advance(1_000);
  assertEquals(sent, []);
});
