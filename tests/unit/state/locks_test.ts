import { Locks } from "../../../src/state/locks.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("Locks give an address to the first who asks, until it gives it back", () => {
  const locks = new Locks();
  locks.acquire("/a", "x");
  locks.acquire("/a", "y");
  assertEquals(locks.holder("/a"), "x");
  locks.release("/a", "y");
  assertEquals(locks.holder("/a"), "x");
  locks.release("/a", "x");
  assertEquals(locks.holder("/a"), undefined);
  locks.acquire("/a", "y");
  assertEquals(locks.holder("/a"), "y");
});

Deno.test("Locks.releaseAll() gives back all of one holder, and nothing of another", () => {
  const locks = new Locks();
  for (const address of ["/a", "/b", "/c"]) locks.acquire(address, "x");
  locks.acquire("/d", "y");
  locks.release("/b", "x");
  locks.acquire("/b", "y");
  locks.releaseAll("x");
  assertEquals(["/a", "/b", "/c", "/d"].map((address) => locks.holder(address)), [
    undefined,
    "y",
    undefined,
    "y",
  ]);
  locks.releaseAll("x");
  assertEquals(locks.holder("/b"), "y");
});
