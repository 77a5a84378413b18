import { ADDRESSES_WATCHED_MAX } from "../../../src/limits.ts";
import { AddressRate } from "../../../src/router/address_rate.ts";
import { assert, assertEquals, assertLessOrEqual } from "../../support/assert.ts";

Deno.test("each address has a rate of its own, and a /64 of IPv6 has one", () => {
  const rate = new AddressRate({ perSecond: 10, burst: 2 });
  const takes = (host: string, nowMicros = 0) => rate.takes(host, nowMicros);
  assertEquals([takes("10.0.0.1"), takes("10.0.0.1"), takes("10.0.0.1")], [true, true, false]);
  assert(takes("10.0.0.2"));
  assertEquals([takes("2001:db8::1"), takes("2001:db8::2"), takes("2001:db8::3")], [
    true,
    true,
    false,
  ]);
  assert(takes("10.0.0.1", 100_000));
});

Deno.test("addresses are forgotten when they have all again, and the oldest when there are too many", () => {
  const rate = new AddressRate({ perSecond: 10, burst: 2 });
  for (let i = 0; i < ADDRESSES_WATCHED_MAX + 50; i++) rate.takes(`host-${i}`, 0);
  assertLessOrEqual(rate.size, ADDRESSES_WATCHED_MAX);
  rate.takes("last", 10_000_000);
  assertEquals(rate.size, 1);
});
