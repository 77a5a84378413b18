import { TokenBucket } from "../../../src/router/token_bucket.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("a token bucket gives its burst at once, then so many a second", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 5, nowMicros: 0 });
  const had = (nowMicros: number): number => {
    let count = 0;
    for (; bucket.has(nowMicros) && count < 100; count++) bucket.take(1);
    return count;
  };
  assertEquals(had(0), 5);
  assertEquals(had(50_000), 1, "any part of one is enough");
  assertEquals(had(100_000), 0, "which is made up for");
  assertEquals(had(1_000_000), 5, "never more than the burst");
  assertEquals(had(500_000), 0, "time that goes back gives nothing");
});

Deno.test("a token bucket that gave more than it had gives nothing until that is made up for", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 5, nowMicros: 0 });
  bucket.take(25);
  assert(!bucket.has(2_000_000));
  assert(bucket.has(2_100_000));
  assert(!bucket.isFull(2_400_000));
  assert(bucket.isFull(2_500_000));
});
