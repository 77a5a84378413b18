import { EVENT_LIFE_MAX_MS, EVENT_LIFE_MS, SEEN_EVENTS_MAX } from "../../../src/limits.ts";
import { SeenEvents } from "../../../src/federation/seen_events.ts";
import { assertEquals, assertLessOrEqual } from "../../support/assert.ts";

const LIFE_MICROS = EVENT_LIFE_MS * 1_000;
const LONGEST_LIFE_MICROS = EVENT_LIFE_MAX_MS * 1_000;

Deno.test("SeenEvents tells events apart by origin, boot id and sequence", () => {
  const seen = new SeenEvents();
  const base = { origin: "a", bootId: 1, sequence: 1 };
  for (
    const identity of [base, { ...base, origin: "b" }, { ...base, bootId: 2 }, {
      ...base,
      sequence: 2,
    }]
  ) {
    assertEquals(seen.isNew(identity, LIFE_MICROS, 0), true);
    assertEquals(seen.isNew(identity, LIFE_MICROS, 0), false);
  }
  for (const origin of ["a", "b", "a", "b"]) {
    assertEquals(seen.isNew({ ...base, origin }, LIFE_MICROS, 0), false);
  }
});

for (const lifeMicros of [1, LIFE_MICROS, LONGEST_LIFE_MICROS]) {
  Deno.test(`SeenEvents remembers an event of ${lifeMicros} us until its deadline, then forgets it`, () => {
    for (let start = 0; start < 2_000_000; start += 300_000) {
      const seen = new SeenEvents();
      const deadline = start + lifeMicros;
      seen.isNew(identity(0), start, start);
      assertEquals(seen.isNew(identity(1), deadline, start), true);
      // Others come meanwhile, so that it forgets what it may.
      for (let step = 1; step <= 10; step++) {
        const now = start + (lifeMicros * step) / 10;
        seen.isNew(identity(100 + step), now, now);
      }
      assertEquals(seen.isNew(identity(1), deadline, deadline), false, `start ${start}`);
      assertEquals(seen.isNew(identity(1), deadline, deadline + 3_000_000), true);
      assertLessOrEqual(seen.size, 2);
    }
  });
}

Deno.test("SeenEvents forgets in the end, also when nothing came for long", () => {
  const seen = new SeenEvents();
  for (let sequence = 0; sequence < 100; sequence++) {
    seen.isNew(identity(sequence), LIFE_MICROS * (1 + sequence / 10), 0);
  }
  seen.isNew(identity(200), 3_600_000_000, 3_600_000_000);
  assertEquals(seen.size, 1);
});

Deno.test("SeenEvents keeps a bounded number, and those that live longest", () => {
  const seen = new SeenEvents();
  for (let sequence = 0; sequence < 2 * SEEN_EVENTS_MAX; sequence++) {
    const origin = `router-${sequence % 1_000}`;
    seen.isNew({ origin, bootId: 1, sequence }, LIFE_MICROS + sequence * 100, 0);
    if (sequence % 1_000 === 0) assertLessOrEqual(seen.size, SEEN_EVENTS_MAX);
  }
  assertLessOrEqual(seen.size, SEEN_EVENTS_MAX);
  const newest = 2 * SEEN_EVENTS_MAX - 1;
  const origin = `router-${newest % 1_000}`;
  assertEquals(seen.isNew({ origin, bootId: 1, sequence: newest }, LIFE_MICROS, 0), false);
  assertEquals(
    seen.isNew({ origin: "router-0", bootId: 1, sequence: 0 }, LIFE_MICROS, 0),
    true,
    "the first had to make room",
  );
});

Deno.test("SeenEvents still remembers and forgets after it had to make room", () => {
  const seen = new SeenEvents();
  // All of one second: making room forgets them together, and a second that is yet to come.
  for (let sequence = 0; sequence <= SEEN_EVENTS_MAX; sequence++) {
    seen.isNew(identity(sequence), LONGEST_LIFE_MICROS, 0);
  }
  assertEquals(seen.size, 1);
  assertEquals(seen.isNew(identity(-1), LIFE_MICROS, 0), true);
  assertEquals(seen.isNew(identity(-1), LIFE_MICROS, 0), false);
  seen.isNew(identity(-2), 2 * LONGEST_LIFE_MICROS, 2 * LONGEST_LIFE_MICROS);
  assertEquals(seen.size, 1);
});

function identity(sequence: number): Parameters<SeenEvents["isNew"]>[0] {
  return { origin: "router", bootId: 1, sequence };
}
