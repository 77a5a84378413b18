import { ExpiryQueue } from "../../../src/state/expiry_queue.ts";
import { assertEquals, assertLess } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

/** All that is due, in order. */
function take(queue: ExpiryQueue, nowMicros: number): string[] {
  const taken: string[] = [];
  for (;;) {
    const address = queue.takeDue(nowMicros);
    if (address === undefined) return taken;
    taken.push(address);
  }
}

Deno.test("ExpiryQueue gives what is due, the earliest first, each once", () => {
  const queue = new ExpiryQueue();
  queue.add("/c", 30);
  queue.add("/a", 10);
  queue.add("/b", 20);
  assertEquals(queue.firstMicros, 10);
  assertEquals(take(queue, 9), []);
  assertEquals(take(queue, 20), ["/a", "/b"]);
  assertEquals([queue.size, queue.firstMicros], [1, 30]);
  assertEquals(take(queue, Infinity), ["/c"]);
  assertEquals([queue.size, queue.firstMicros], [0, undefined]);
});

Deno.test("ExpiryQueue takes an address at the earliest time that was said", () => {
  const queue = new ExpiryQueue();
  queue.add("/later", 10);
  queue.add("/later", 50);
  queue.add("/earlier", 50);
  queue.add("/earlier", 20);
  assertEquals(take(queue, 30), ["/later", "/earlier"]);
  // The entries of before mean nothing.
  assertEquals(take(queue, Infinity), []);
});

Deno.test("ExpiryQueue forgets what is removed, and takes it when it is added anew", () => {
  const queue = new ExpiryQueue();
  queue.add("/a", 10);
  queue.add("/b", 20);
  queue.remove("/a");
  queue.remove("/never");
  assertEquals([queue.size, queue.firstMicros], [1, 20]);
  queue.add("/a", 30);
  assertEquals(take(queue, Infinity), ["/b", "/a"]);
});

Deno.test("ExpiryQueue has one entry for an address that is added 500 times a second", () => {
  const queue = new ExpiryQueue();
  for (let n = 0; n < 100_000; n++) queue.add("/fader", 3_600_000_000 + n * 2_000);
  assertEquals([queue.size, queue.entries], [1, 1]);
});

Deno.test("ExpiryQueue stays small when times move earlier and earlier", () => {
  const queue = new ExpiryQueue();
  for (let n = 0; n < 10; n++) queue.add(`/${n}`, 1_000_000);
  for (let n = 0; n < 100_000; n++) queue.add("/a", 500_000 - n);
  assertLess(queue.entries, 1_100);
  assertEquals(queue.size, 11);
  assertEquals(take(queue, 500_000), ["/a"]);
  assertEquals(take(queue, Infinity).length, 10);
});

Deno.test("ExpiryQueue gives what a sorted list would, for generated changes", () => {
  for (let seed = 0; seed < 100; seed++) {
    const prng = createPrng(seed);
    const queue = new ExpiryQueue();
    const due = new Map<string, number>();
    for (let step = 0; step < 300; step++) {
      const address = `/${prng.nextInt(30)}`;
      const atMicros = prng.nextInt(1_000);
      if (prng.nextInt(4) === 0) {
        queue.remove(address);
        due.delete(address);
      } else {
        queue.add(address, atMicros);
        due.set(address, Math.min(due.get(address) ?? Infinity, atMicros));
      }
      if (prng.nextInt(10) > 0) continue;
      const taken = take(queue, atMicros);
      const expected = [...due].filter(([, dueMicros]) => dueMicros <= atMicros)
        .sort(([, a], [, b]) => a - b);
      assertEquals(taken.map((it) => due.get(it)), expected.map(([, it]) => it), `seed ${seed}`);
      assertEquals(new Set(taken), new Set(expected.map(([it]) => it)), `seed ${seed}`);
      for (const it of taken) due.delete(it);
    }
    assertEquals(queue.size, due.size);
  }
});
