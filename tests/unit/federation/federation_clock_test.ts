import { FederationClock } from "../../../src/federation/federation_clock.ts";
import { assertEquals } from "../../support/assert.ts";

const HOUR_MICROS = 3_600_000_000;

Deno.test("the root's time is its wall clock at the start, run on by the monotonic clock", () => {
  const clock = new FederationClock({ offsetMicros: 1_000, isRoot: true });
  assertEquals([clock.timed, clock.timeMicros(5), clock.timeMicros(7.9)], [true, 1_005, 1_007]);
});

Deno.test("a time before 1970 is 0", () => {
  assertEquals(new FederationClock({ offsetMicros: -10, isRoot: true }).timeMicros(5), 0);
});

Deno.test("a leaf keeps its own time until it adopts a measurement", () => {
  const clock = new FederationClock({ offsetMicros: 1_000, isRoot: false });
  clock.adopt();
  assertEquals([clock.timed, clock.timeMicros(0)], [false, 1_000]);
  clock.measure(exchange({ sentAt: 100, there: 20, back: 20, aheadMicros: HOUR_MICROS }));
  assertEquals([clock.timed, clock.timeMicros(0)], [false, 1_000]);
  clock.adopt();
  assertEquals([clock.timed, clock.timeMicros(0)], [true, HOUR_MICROS]);
});

Deno.test("the measurement with the shortest round trip counts", () => {
  const clock = new FederationClock({ offsetMicros: 0, isRoot: false });
  // Uneven ways make an error of half their difference.
  clock.measure(exchange({ sentAt: 0, there: 900, back: 100, aheadMicros: HOUR_MICROS }));
  clock.measure(exchange({ sentAt: 2_000, there: 30, back: 10, aheadMicros: HOUR_MICROS }));
  clock.measure(exchange({ sentAt: 4_000, there: 10, back: 500, aheadMicros: HOUR_MICROS }));
  clock.adopt();
  assertEquals(clock.timeMicros(0), HOUR_MICROS + 10);
});

Deno.test("time that the parent took to answer is no part of the round trip", () => {
  const clock = new FederationClock({ offsetMicros: 0, isRoot: false });
  clock.measure(exchange({ sentAt: 0, there: 50, back: 50, held: 10_000, aheadMicros: 500 }));
  clock.measure(exchange({ sentAt: 0, there: 300, back: 0, aheadMicros: 500 }));
  clock.adopt();
  assertEquals(clock.timeMicros(0), 500);
});

Deno.test("a measurement that cannot be is ignored", () => {
  const clock = new FederationClock({ offsetMicros: 7, isRoot: false });
  clock.measure({ t1: 100, t2: 0, t3: 1_000, nowMicros: 200 });
  clock.adopt();
  assertEquals([clock.timed, clock.timeMicros(0)], [false, 7]);
});

Deno.test("old measurements are forgotten, and all of them with a new connection; the time runs on", () => {
  const clock = new FederationClock({ offsetMicros: 0, isRoot: false });
  clock.measure(exchange({ sentAt: 0, there: 1, back: 1, aheadMicros: 1_000 }));
  for (let n = 0; n < 8; n++) {
    clock.measure(exchange({ sentAt: n, there: 10, back: 10, aheadMicros: 2_000 }));
  }
  clock.adopt();
  assertEquals(clock.timeMicros(0), 2_000);
  clock.restart();
  assertEquals([clock.timed, clock.timeMicros(0)], [true, 2_000]);
  clock.measure(exchange({ sentAt: 0, there: 99, back: 99, aheadMicros: 3_000 }));
  clock.adopt();
  assertEquals(clock.timeMicros(0), 3_000);
});

Deno.test("an answer that was held up for seconds does not move the clock, a step of the parent's does", () => {
  const clock = new FederationClock({ offsetMicros: 0, isRoot: false });
  for (let n = 0; n < 8; n++) {
    clock.measure(exchange({ sentAt: n, there: 500, back: 500, aheadMicros: 1_000 }));
    clock.adopt();
  }
  clock.measure(exchange({ sentAt: 10, there: 500, back: 4_000_000, aheadMicros: 1_000 }));
  clock.adopt();
  assertEquals(clock.timeMicros(0), 1_000);
  clock.measure(exchange({ sentAt: 20, there: 900, back: 900, aheadMicros: 5_000_000 }));
  clock.adopt();
  assertEquals(clock.timeMicros(0), 5_000_000);
});

Deno.test("a time that was told is not moved by an answer that took longer than what told it", () => {
  const clock = new FederationClock({ offsetMicros: 0, isRoot: false });
  clock.set(5_000_000, 0, 1_000);
  clock.measure(exchange({ sentAt: 0, there: 0, back: 4_000, aheadMicros: 5_000_000 }));
  clock.adopt();
  assertEquals(clock.timeMicros(0), 5_000_000);
  clock.measure(exchange({ sentAt: 10, there: 100, back: 100, aheadMicros: 5_000_900 }));
  clock.adopt();
  assertEquals(clock.timeMicros(0), 5_000_900);
});

function exchange(
  { sentAt, there, back, held = 0, aheadMicros }: {
    readonly sentAt: number;
    readonly there: number;
    readonly back: number;
    readonly held?: number;
    readonly aheadMicros: number;
  },
): Parameters<FederationClock["measure"]>[0] {
  const t2 = sentAt + there + aheadMicros;
  return { t1: sentAt, t2, t3: t2 + held, nowMicros: sentAt + there + held + back };
}
