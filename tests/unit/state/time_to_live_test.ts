import { isSliding, timeToLiveMicros } from "../../../src/state/time_to_live.ts";
import { encodeTtl } from "../../../src/wire/ttl.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("timeToLiveMicros() reads every form of a TTL", () => {
  assertEquals(timeToLiveMicros(encodeTtl({ kind: "never" })), Infinity);
  for (const kind of ["sliding", "absolute"] as const) {
    for (const seconds of [1, 3_600, 2 ** 31 - 1]) {
      assertEquals(timeToLiveMicros(encodeTtl({ kind, seconds })), seconds * 1_000_000);
    }
  }
  assertEquals(timeToLiveMicros(encodeTtl({ kind: "absolute", seconds: 0 })), 0);
});

Deno.test("isSliding() is true of sliding TTLs only", () => {
  assertEquals(isSliding(encodeTtl({ kind: "sliding", seconds: 1 })), true);
  assertEquals(isSliding(encodeTtl({ kind: "sliding", seconds: 2 ** 31 - 1 })), true);
  assertEquals(isSliding(encodeTtl({ kind: "absolute", seconds: 1 })), false);
  assertEquals(isSliding(encodeTtl({ kind: "absolute", seconds: 0 })), false);
  assertEquals(isSliding(encodeTtl({ kind: "never" })), false);
});
