import { LinkClock } from "../../../src/federation/link_clock.ts";
import { assertEquals } from "../../support/assert.ts";

/** The peer's clock shows this when ours shows 0. */
const OFFSET = 70_000_000_000;

/** A round trip of which `backMicros` was the way back. */
function measure(
  clock: LinkClock,
  at: {
    readonly sentMicros: number;
    readonly thereMicros: number;
    readonly backMicros: number;
    readonly offset?: number;
  },
): void {
  const { sentMicros, thereMicros, backMicros, offset = OFFSET } = at;
  const answeredMicros = sentMicros + thereMicros;
  clock.measure({
    sentMicros,
    peerMicros: answeredMicros + offset,
    nowMicros: answeredMicros + backMicros,
  });
}

Deno.test("a message that lay somewhere took as long as it did", () => {
  const clock = new LinkClock();
  measure(clock, { sentMicros: 0, thereMicros: 2_000, backMicros: 2_000 });
  const sent = 1_000_000;
  assertEquals(clock.travelMicros(sent + OFFSET, sent + 8_000_000), 8_000_000);
  assertEquals(clock.travelMicros(sent + OFFSET, sent + 3_000), 3_000);
});

Deno.test("no message is quicker than half a round trip", () => {
  const clock = new LinkClock();
  measure(clock, { sentMicros: 0, thereMicros: 2_000, backMicros: 2_000 });
  assertEquals(clock.travelMicros(1_000_000 + OFFSET, 1_000_000), 2_000);
  assertEquals(clock.travelMicros(9_000_000 + OFFSET, 1_000_000), 2_000);
});

Deno.test("the measurement with the shortest round trip counts, until it is eight old", () => {
  const clock = new LinkClock();
  measure(clock, { sentMicros: 0, thereMicros: 1_000, backMicros: 1_000 });
  // A way back of seconds seems to say that the peer's clock is behind.
  for (let n = 1; n <= 7; n++) {
    measure(clock, { sentMicros: n * 2e6, thereMicros: 1_000, backMicros: 1_000_000 });
    assertEquals(clock.travelMicros(OFFSET, 1_000_000), 1_000_000);
  }
  measure(clock, { sentMicros: 20e6, thereMicros: 1_000, backMicros: 1_000_000 });
  assertEquals(clock.travelMicros(OFFSET, 1_000_000), 1_000_000 - 499_500);
});

Deno.test("a clock that stood still for seconds is measured anew at once", () => {
  const clock = new LinkClock();
  measure(clock, { sentMicros: 0, thereMicros: 1_000, backMicros: 1_000 });
  const slept = OFFSET - 5_000_000;
  measure(clock, { sentMicros: 2e6, thereMicros: 1_000, backMicros: 50_000, offset: slept });
  assertEquals(clock.travelMicros(10e6 + slept, 10e6 + 100_000), 100_000 - 24_500);
});

Deno.test("without a time of the peer half the last round trip is what is known", () => {
  const clock = new LinkClock();
  assertEquals(clock.travelMicros(undefined, 5_000_000), 0);
  assertEquals(clock.travelMicros(1, 5_000_000), 0);
  clock.measure({ sentMicros: 0, peerMicros: undefined, nowMicros: 3_000 });
  assertEquals(clock.roundTripMicros, 3_000);
  assertEquals(clock.travelMicros(1, 5_000_000), 1_500);
  measure(clock, { sentMicros: 0, thereMicros: 1_000, backMicros: 1_000 });
  assertEquals(clock.travelMicros(undefined, 5_000_000), 1_000);
});
