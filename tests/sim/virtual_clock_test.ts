import { assertEquals, assertThrows } from "../support/assert.ts";
import { createPrng } from "../support/prng.ts";
import { VirtualClock } from "./virtual_clock.ts";

Deno.test("actions run by time, those of one instant in the order they were planned", () => {
  const clock = new VirtualClock();
  const random = createPrng(1);
  const planned = Array.from({ length: 500 }, (_, order) => ({ at: random.nextInt(50), order }));
  const run: typeof planned = [];
  for (const plan of planned) clock.after(plan.at, () => run.push(plan));
  clock.runUntilIdle();
  assertEquals(run, planned.toSorted((a, b) => a.at - b.at || a.order - b.order));
});

Deno.test("the end of an instant comes after all that happens in it", () => {
  const clock = new VirtualClock();
  const run: string[] = [];
  clock.after(5, () => {
    clock.atEndOfInstant(() => run.push("end"));
    clock.after(0, () => run.push("later in it"));
    run.push("first");
  });
  clock.after(5, () => run.push("second"));
  clock.after(6, () => run.push("next"));
  clock.runUntilIdle();
  assertEquals(run, ["first", "second", "later in it", "end", "next"]);
});

Deno.test("a plan that was taken back does not run", () => {
  const clock = new VirtualClock();
  let runs = 0;
  const cancel = clock.after(5, () => runs++);
  clock.after(5, () => runs++);
  cancel();
  clock.runUntilIdle();
  assertEquals(runs, 1);
});

Deno.test("runFor() stops at its end, runUntil() at its deadline", () => {
  const clock = new VirtualClock();
  let runs = 0;
  clock.after(1_000, () => runs++);
  clock.after(1_001, () => runs++);
  clock.runFor(1);
  assertEquals([runs, clock.nowMicros], [1, 1_000]);
  assertThrows(() => clock.runUntil(() => runs > 2, "a third", 10), Error, "in vain for a third");
});
