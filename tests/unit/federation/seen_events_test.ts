import { EVENT_LIFE_MS, SEEN_EVENTS_MAX } from "../../../src/limits.ts";
import { SeenEvents } from "../../../src/federation/seen_events.ts";
import { assertEquals } from "../../support/assert.ts";

const LIFE_MICROS = EVENT_LIFE_MS * 1_000;

Deno.test("SeenEvents tells events apart by origin, boot id and sequence", () => {
  const seen = new SeenEvents();
  const base = { origin: "a", bootId: 1, sequence: 1 };
  for (
    const identity of [base, { ...base, origin: "b" }, { ...base, bootId: 2 }, {
      ...base,
      sequence: 2,
    }]
  ) {
    assertEquals(seen.isNew(identity, 0), true);
    assertEquals(seen.isNew(identity, 0), false);
  }
});

Deno.test("SeenEvents remembers each event for its whole life, whenever it came", () => {
  for (let phase = 0; phase <= 2; phase += 0.1) {
    const seen = new SeenEvents();
    seen.isNew(identity(0), 0);
    const at = LIFE_MICROS * (1 + phase);
    assertEquals(seen.isNew(identity(1), at), true);
    // Others come meanwhile, so that it forgets what it may.
    for (let step = 1; step <= 10; step++) {
      seen.isNew(identity(100 + step), at + (LIFE_MICROS * step) / 10);
    }
    assertEquals(seen.isNew(identity(1), at + LIFE_MICROS), false, `phase ${phase}`);
  }
});

Deno.test("SeenEvents forgets in the end", () => {
  const seen = new SeenEvents();
  seen.isNew(identity(1), 0);
  seen.isNew(identity(2), LIFE_MICROS);
  seen.isNew(identity(3), 2 * LIFE_MICROS);
  assertEquals(seen.isNew(identity(1), 2 * LIFE_MICROS), true);
});

Deno.test("SeenEvents keeps a bounded number, and the newest of them", () => {
  const seen = new SeenEvents();
  const count = 2 * SEEN_EVENTS_MAX + 1;
  for (let sequence = 0; sequence < count; sequence++) seen.isNew(identity(sequence), 0);
  // All within one life: the first had to make room, the last half has not.
  assertEquals(seen.isNew(identity(count - SEEN_EVENTS_MAX), 0), false);
  assertEquals(seen.isNew(identity(0), 0), true);
});

function identity(sequence: number): Parameters<SeenEvents["isNew"]>[0] {
  return { origin: "router", bootId: 1, sequence };
}
