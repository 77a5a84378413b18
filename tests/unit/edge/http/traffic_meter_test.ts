import { TrafficMeter, type TrafficSample } from "../../../../src/edge/http/traffic_meter.ts";
import { RATE_HISTORY_INTERVALS, RATE_INTERVALS } from "../../../../src/limits.ts";
import { assertEquals } from "../../../support/assert.ts";

/** A router whose clock and counters a test turns. */
class Turned {
  atMs = 0;
  messages = 0;
  link = 0;
  readonly meter: TrafficMeter = new TrafficMeter(() => this.#sample());

  take(ms: number, messages: number, link = 0): void {
    this.atMs += ms;
    this.messages += messages;
    this.link += link;
    this.meter.take();
  }

  #sample(): TrafficSample {
    const totals = {
      messagesIn: this.messages,
      messagesOut: 2 * this.messages,
      bytesIn: 10 * this.messages,
      bytesOut: 0,
    };
    const link = { ...totals, updatesIn: this.link, updatesOut: 0 };
    return { atMs: this.atMs, totals, links: new Map([["site-a", link]]) };
  }
}

Deno.test("TrafficMeter tells rates a second over the last intervals only", () => {
  const turned = new Turned();
  assertEquals(turned.meter.rates().messagesIn, 0);
  turned.take(0, 0);
  turned.take(1_000, 100);
  assertEquals(turned.meter.rates(), {
    messagesIn: 100,
    messagesOut: 200,
    bytesIn: 1_000,
    bytesOut: 0,
  });
  turned.take(3_000, 100);
  assertEquals(turned.meter.rates().messagesIn, 50);
  for (let i = 0; i < RATE_INTERVALS; i++) turned.take(1_000, 10);
  assertEquals(turned.meter.rates().messagesIn, 10);
});

Deno.test("TrafficMeter takes a counter that began anew as new", () => {
  const turned = new Turned();
  turned.take(0, 0, 1_000);
  turned.link = 0;
  turned.take(1_000, 0, 30);
  assertEquals(turned.meter.linkRates("site-a").updatesIn, 30);
  assertEquals(turned.meter.linkRates("site-b").updatesIn, 0);
});

Deno.test("TrafficMeter remembers a bounded history, the newest last", () => {
  const turned = new Turned();
  for (let i = 0; i < RATE_HISTORY_INTERVALS + 20; i++) turned.take(1_000, i);
  const { messagesIn, messagesOut, intervalMs } = turned.meter.history();
  assertEquals(
    [messagesIn.length, messagesOut.length, intervalMs],
    [RATE_HISTORY_INTERVALS, RATE_HISTORY_INTERVALS, 1_000],
  );
  assertEquals(messagesIn.at(-1), RATE_HISTORY_INTERVALS + 19);
  assertEquals(messagesOut.at(-1), 2 * (RATE_HISTORY_INTERVALS + 19));
});
