import { redialDelayMs } from "../../../src/federation/redial.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "../../support/assert.ts";

const RANDOMS = [0, 0.25, 0.5, 0.999_999];

Deno.test("after a loss the delay is at most 400 ms for the first minute, and never tiny", () => {
  for (let downMs = 0; downMs < 60_000; downMs += 500) {
    for (const random of RANDOMS) {
      const delay = redialDelayMs({ refusals: 0, downMs, reconnectDelayMs: 5_000, random });
      assertGreaterOrEqual(delay, 200);
      assertLessOrEqual(delay, 400);
    }
  }
});

Deno.test("after the first minute the delay doubles up to the bound, along a whole outage", () => {
  for (const reconnectDelayMs of [1_000, 5_000, 60_000]) {
    let downMs = 60_000;
    let last = 400;
    while (downMs < 60_000 + 10 * reconnectDelayMs) {
      const delay = redialDelayMs({ refusals: 0, downMs, reconnectDelayMs, random: 0.999_999 });
      assertGreaterOrEqual(delay, Math.min(last, reconnectDelayMs) * 0.999);
      assertLessOrEqual(delay, reconnectDelayMs);
      last = delay;
      downMs += delay;
    }
    assertGreaterOrEqual(last, reconnectDelayMs * 0.999);
  }
});

Deno.test("a short bound holds from the start", () => {
  for (const downMs of [0, 59_999, 60_000, 1e9]) {
    assertLessOrEqual(
      redialDelayMs({ refusals: 0, downMs, reconnectDelayMs: 50, random: 0.999 }),
      50,
    );
    assertEquals(redialDelayMs({ refusals: 0, downMs, reconnectDelayMs: 0, random: 0.5 }), 0);
  }
});

Deno.test("after refusals the delay doubles from 1 s to 30 s, whatever the time since the loss", () => {
  const delays = Array.from(
    { length: 8 },
    (_, n) => redialDelayMs({ refusals: n + 1, downMs: 1e7, reconnectDelayMs: 5_000, random: 1 }),
  );
  assertEquals(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assertEquals(
    redialDelayMs({ refusals: 5_000, downMs: 0, reconnectDelayMs: 5_000, random: 1 }),
    30_000,
  );
});

Deno.test("delays are spread over half of their length", () => {
  for (const refusals of [0, 3]) {
    for (const downMs of [0, 1e7]) {
      const at = (random: number) =>
        redialDelayMs({ refusals, downMs, reconnectDelayMs: 5_000, random });
      assertEquals(at(0) * 2, at(1));
      assert(at(0.2) < at(0.7));
    }
  }
});
