import { PendingWrites } from "../../../src/router/pending_writes.ts";
import { assertEquals } from "../../support/assert.ts";

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
