import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { findProblems, formatCatch, judge } from "../../../scripts/planted_bugs.ts";
import { PLANTED_BUGS, type PlantedBug } from "../../../scripts/planted_bug_list.ts";

const ROOT = new URL("../../../", import.meta.url);
const BUG: PlantedBug = {
  name: "sums are wrong",
  file: "scripts/planted_bugs.ts",
  find: "nowhere in this file",
  replace: "x",
};

Deno.test("each planted bug changes one place of the code as it is", async () => {
  assertEquals(await findProblems(ROOT, PLANTED_BUGS), []);
  assertEquals(new Set(PLANTED_BUGS.map(({ name }) => name)).size, PLANTED_BUGS.length);
});

Deno.test("findProblems() wants the text exactly once, and a change", async () => {
  assertEquals((await findProblems(ROOT, [BUG])).length, 1);
  assertEquals((await findProblems(ROOT, [{ ...BUG, file: "gone.ts" }])).length, 1);
  const same = { ...BUG, find: "CONTROL_SEEDS = ", replace: "CONTROL_SEEDS = " };
  assertEquals((await findProblems(ROOT, [same])).length, 1);
});

Deno.test("judge() needs a checker's report to call a bug caught", () => {
  const report =
    "seed 12 (ring) FAILED; replay: ...\n  recovery: a\n  own writes: b\n  recovery: c\n";
  assertEquals(judge(1, report), {
    kind: "caught",
    checkers: ["recovery", "own writes"],
    seeds: 12,
  });
  assertEquals(judge(0, "3000 seeds"), { kind: "NOT CAUGHT" });
  assertEquals(judge(1, "error: Import failed"), {
    kind: "DID NOT RUN",
    output: "error: Import failed",
  });
});

Deno.test("formatCatch() shows what was planted when nobody caught it", () => {
  assertStringIncludes(formatCatch(BUG, { kind: "NOT CAUGHT" }), "+ x");
  const caught = formatCatch(BUG, { kind: "caught", checkers: ["recovery"], seeds: 3 });
  assertEquals(caught, "caught after    3 seeds  sums are wrong: recovery");
});
