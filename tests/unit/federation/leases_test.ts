import { LEASE_LIFE_MS, LEASES_MAX } from "../../../src/limits.ts";
import { Leases } from "../../../src/federation/leases.ts";
import { Locks } from "../../../src/state/locks.ts";
import { assertEquals } from "../../support/assert.ts";

const LIFE_MICROS = LEASE_LIFE_MS * 1_000;

Deno.test("a lease ends at its deadline, which a write and a renewal of its holder push on", () => {
  const locks = new Locks();
  const leases = new Leases(locks);
  locks.acquire("/x", "a/s");
  assertEquals(leases.written("/x", "a/s", 0), true);
  leases.expire(LIFE_MICROS - 1);
  assertEquals(leases.renew("/x", "a/s", LIFE_MICROS - 1), true);
  leases.expire(2 * LIFE_MICROS - 2);
  assertEquals([locks.holder("/x"), leases.size], ["a/s", 1]);
  leases.expire(2 * LIFE_MICROS - 1);
  assertEquals([locks.holder("/x"), leases.size], [undefined, 0]);
});

Deno.test("a renewal takes a lock that nobody has, and none that another has", () => {
  const locks = new Locks();
  const leases = new Leases(locks);
  assertEquals(leases.renew("/x", "a/s", 0), true);
  assertEquals(leases.renew("/x", "b/s", 0), false);
  locks.acquire("/local", "session");
  assertEquals(leases.renew("/local", "a/s", 0), false);
  leases.expire(LIFE_MICROS);
  assertEquals(locks.holder("/local"), "session", "a lock of this router has no deadline");
});

Deno.test("only its holder gives a lease back", () => {
  const locks = new Locks();
  const leases = new Leases(locks);
  leases.renew("/x", "a/s", 0);
  leases.release("/x", "b/s");
  leases.release("/y", "a/s");
  assertEquals(locks.holder("/x"), "a/s");
  leases.release("/x", "a/s");
  assertEquals([locks.holder("/x"), leases.size], [undefined, 0]);
  // Given back by a write with unlock, which has freed the lock already.
  leases.renew("/x", "a/s", 0);
  locks.release("/x", "a/s");
  assertEquals([leases.written("/x", "a/s", 0), leases.size], [false, 0]);
});

Deno.test("no more leases are given than the bound, and those that are there go on", () => {
  const leases = new Leases(new Locks());
  for (let index = 0; index < LEASES_MAX; index++) {
    assertEquals(leases.renew(`/${index}`, "a/s", 0), true);
  }
  assertEquals([leases.hasRoomFor("/x"), leases.renew("/x", "a/s", 0)], [false, false]);
  assertEquals([leases.hasRoomFor("/0"), leases.renew("/0", "a/s", 0)], [true, true]);
});
