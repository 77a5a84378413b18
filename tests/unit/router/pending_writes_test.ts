import { PendingWrites } from "../../../src/router/pending_writes.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("PendingWrites: so many actions may wait and no more, until some are done", () => {
  const pending = new PendingWrites();
  pending.began("/a");
  let done = 0;
  for (let n = 0; n < 1_000; n++) assertEquals(pending.afterAll("/a", () => done++), true);
  assertEquals(pending.afterAll("/a", () => done++), false);
  assertEquals(pending.afterAll("/b", () => done++), true);
  pending.ended("/a");
  assertEquals(done, 1_001);
  pending.began("/a");
  assertEquals(pending.afterAll("/a", () => done++), true);
});

Deno.test("PendingWrites: without a write under way an action runs at once", () => {
  const done: string[] = [];
  const pending = new PendingWrites();
  pending.began("/b");
  pending.afterAll("/a", () => done.push("a"));
  assertEquals(done, ["a"]);
});

Deno.test("PendingWrites: an action waits for all writes to its address, in order, and no others", () => {
  const done: string[] = [];
  const pending = new PendingWrites();
  pending.began("/a");
  pending.began("/a");
  pending.began("/b");
  pending.afterAll("/a", () => done.push("first"));
  pending.ended("/a");
  pending.afterAll("/a", () => done.push("second"));
  assertEquals(done, []);
  pending.ended("/a");
  assertEquals(done, ["first", "second"]);
  pending.ended("/a");
  pending.afterAll("/a", () => done.push("third"));
  assertEquals(done, ["first", "second", "third"]);
});
