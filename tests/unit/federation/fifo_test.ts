import { Fifo } from "../../../src/federation/fifo.ts";
import { assertEquals } from "../../support/assert.ts";
import { createPrng } from "../../support/prng.ts";

Deno.test("Fifo gives back what was put in, in order, whatever the turns", () => {
  const prng = createPrng(1);
  const fifo = new Fifo<number>();
  const expected: number[] = [];
  let next = 0;
  for (let turn = 0; turn < 20_000; turn++) {
    // Grows beyond what it holds on to, then empties.
    const grows = Math.floor(turn / 4_000) % 2 === 0;
    if (prng.nextFloat() < (grows ? 0.8 : 0.2)) {
      fifo.push(next);
      expected.push(next++);
    } else {
      assertEquals(fifo.first, expected[0]);
      assertEquals(fifo.shift(), expected.shift());
    }
    assertEquals(fifo.length, expected.length);
  }
  assertEquals(fifo.takeAll(), expected);
  assertEquals([fifo.length, fifo.first, fifo.shift()], [0, undefined, undefined]);
});
