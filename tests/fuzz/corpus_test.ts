import { assert, assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import { createPrng } from "../support/prng.ts";
import { loadCorpus, minimise } from "./fuzz_corpus.ts";
import { FuzzRun } from "./fuzz_run.ts";
import { FUZZ_TARGETS } from "./fuzz_targets.ts";
import { memoryGrowth } from "./memory_growth.ts";
import { mutateBytes } from "./mutate_bytes.ts";

/** As long as a machine that does much else may need for one input. */
const INPUT_MS_MAX = 5_000;

for (const target of FUZZ_TARGETS) {
  Deno.test(`fuzz target ${target.name} takes all seeds and the whole corpus`, () => {
    const inputs = [
      ...target.seeds().map((input) => ({ file: "seed", input })),
      ...loadCorpus(target),
    ];
    assertGreater(inputs.length, 2);
    for (const { file, input } of inputs) {
      const startedMs = performance.now();
      try {
        target.run(input);
      } catch (error) {
        throw new Error(`${file}: ${input.toHex().slice(0, 500)}`, { cause: error });
      }
      assertLess(performance.now() - startedMs, INPUT_MS_MAX, file);
    }
  });

  Deno.test(`fuzz target ${target.name} withstands some mutations`, () => {
    const run = new FuzzRun(target, { seed: 1, corpus: [], hangMs: INPUT_MS_MAX });
    for (let i = 0; i < 2_000; i++) {
      const finding = run.step();
      assertEquals(finding?.what, undefined, finding?.input.toHex());
    }
    assertGreater(run.outcomes.size, 5, "mutations that all do the same reach nothing");
  });
}

const FUSSY = {
  name: "fussy",
  seeds: () => [Uint8Array.of(1, 2, 3)],
  run(input: Uint8Array): string {
    if (input[0] === 0xc1) throw new TypeError("not c1");
    return String(input[0]);
  },
};

Deno.test("a fuzz run reports what throws, with the input, and the same seed makes the same", () => {
  const find = (seed: number) => {
    const run = new FuzzRun(FUSSY, { seed, corpus: [], hangMs: 1_000 });
    for (;;) {
      const finding = run.step();
      if (finding !== undefined) return { ...finding, executions: run.executions };
    }
  };
  const found = find(1);
  assertEquals([found.kind, found.input[0]], ["crash", 0xc1]);
  assert(found.what.startsWith("TypeError: not c1"));
  const again = find(1);
  assertEquals([again.executions, again.input.toHex()], [found.executions, found.input.toHex()]);
  assert(find(2).executions !== found.executions);
});

Deno.test("a fuzz run reports an execution that is too slow each time, and none that is once", () => {
  const busyFor = (ms: number) => {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs);
  };
  let runs = 0;
  const slowOnce = {
    ...FUSSY,
    run: () => {
      if (runs++ === 0) busyFor(20);
      return "";
    },
  };
  assertEquals(new FuzzRun(slowOnce, { seed: 1, corpus: [], hangMs: 10 }).step(), undefined);
  const slow = {
    ...FUSSY,
    run: () => {
      busyFor(20);
      return "";
    },
  };
  assertEquals(new FuzzRun(slow, { seed: 1, corpus: [], hangMs: 10 }).step()?.kind, "hang");
});

Deno.test("minimise() keeps what the outcome needs", () => {
  const input = Uint8Array.from({ length: 300 }, (_, index) => index & 0x7f);
  input[200] = 0xee;
  assertEquals([...minimise(input, (smaller) => smaller.includes(0xee))], [0xee]);
  assertEquals(minimise(input, () => false), input);
});

Deno.test("mutateBytes() changes a copy, and makes nothing out of nothing but more", () => {
  const prng = createPrng(1);
  const input = Uint8Array.of(1, 2, 3);
  const results = Array.from({ length: 500 }, () => mutateBytes(input, prng, [input]));
  assertEquals([...input], [1, 2, 3]);
  assertGreater(new Set(results.map((bytes) => bytes.toHex())).size, 300);
  assert(results.some(({ length }) => length > 3) && results.some(({ length }) => length < 3));
  mutateBytes(new Uint8Array(0), prng, [new Uint8Array(0)]);
});

Deno.test("memoryGrowth() sees a leak through garbage, and no leak in garbage alone", () => {
  const garbage = Array.from({ length: 400 }, (_, index) => 10 + (index % 7) * 10);
  assertEquals(memoryGrowth(garbage), 0);
  assertGreater(memoryGrowth(garbage.map((bytes, index) => bytes + index)), 150);
  assertEquals(memoryGrowth([1, 2]), 0);
});
