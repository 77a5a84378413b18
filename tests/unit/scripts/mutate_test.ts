import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { findProblems, judge, runMutations, selectMutations } from "../../../scripts/mutate.ts";
import type { Mutation } from "../../../scripts/mutations.ts";

const SUM: Mutation = {
  file: "src/sum.ts",
  find: "a + b",
  replace: "a - b",
  tests: ["sum_test.ts"],
  why: "sums are wrong",
};

/** A project with one function whose test does not look at its second one. */
async function withProject(run: (root: URL) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "clasp-fed-mutate-test-" });
  try {
    await Deno.mkdir(`${directory}/src`);
    await Deno.writeTextFile(`${directory}/deno.json`, "{}");
    await Deno.writeTextFile(
      `${directory}/src/sum.ts`,
      "export const sum = (a, b) => a + b;\nexport const twice = (a) => a * 2;\n",
    );
    await Deno.writeTextFile(
      `${directory}/sum_test.ts`,
      'import { sum } from "./src/sum.ts";\n' +
        'Deno.test("sums", () => { if (sum(1, 2) !== 3) throw new Error("wrong"); });\n',
    );
    await run(new URL(`file://${directory}/`));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("runMutations() tells what was caught from what survived, and leaves the project alone", async () => {
  await withProject(async (root) => {
    const survivor = { ...SUM, find: "a * 2", replace: "a * 3", why: "twice is thrice" };
    const lines: string[] = [];
    const source = await Deno.readTextFile(new URL("src/sum.ts", root));
    // More than there are copies, so that one copy is used again and must have been restored.
    const mutations = [SUM, SUM, survivor];
    const noticed = await runMutations(root, mutations, (line) => lines.push(line));
    const text = lines.join("\n");
    assertEquals(noticed, false, text);
    assertEquals(/^caught .* src\/sum\.ts: sums are wrong$/m.test(text), true, text);
    assertEquals(/^SURVIVED .* src\/sum\.ts: twice is thrice$/m.test(text), true, text);
    assertStringIncludes(text, "2 of 3 mutations caught");
    assertEquals(await Deno.readTextFile(new URL("src/sum.ts", root)), source);
  });
});

Deno.test("runMutations() succeeds when everything is caught", async () => {
  await withProject(async (root) => {
    assertEquals(await runMutations(root, [SUM], () => {}), true);
  });
});

Deno.test("runMutations() does not take a file that cannot be loaded for a caught mistake", async () => {
  await withProject(async (root) => {
    const lines: string[] = [];
    const broken = { ...SUM, replace: "a +* b" };
    assertEquals(await runMutations(root, [broken], (line) => lines.push(line)), false);
    assertStringIncludes(lines.join("\n"), "DID NOT RUN");
  });
});

Deno.test("runMutations() runs nothing when its table is wrong", async () => {
  await withProject(async (root) => {
    const lines: string[] = [];
    const stale = { ...SUM, find: "a / b" };
    assertEquals(await runMutations(root, [SUM, stale], (line) => lines.push(line)), false);
    assertEquals(lines, ['Cannot mutate src/sum.ts: "a / b" occurs 0 times']);
  });
});

Deno.test("runMutations() changes nothing when the tests fail by themselves", async () => {
  await withProject(async (root) => {
    await Deno.writeTextFile(
      new URL("src/sum.ts", root),
      "export const sum = (a, b) => a + b + 1;",
    );
    const lines: string[] = [];
    assertEquals(await runMutations(root, [SUM], (line) => lines.push(line)), false);
    assertStringIncludes(lines.join("\n"), "the tests fail before anything is changed");
  });
});

Deno.test("findProblems() wants the text exactly once, files that exist, a change and a test", async () => {
  await withProject(async (root) => {
    assertEquals(await findProblems(root, [SUM]), []);
    assertEquals(await findProblems(root, [{ ...SUM, find: "a" }]).then((p) => p.length), 1);
    const problems = await findProblems(root, [
      { ...SUM, find: "a / b" },
      { ...SUM, find: "export const" },
      { ...SUM, file: "src/gone.ts" },
      { ...SUM, replace: SUM.find },
      { ...SUM, tests: [] },
      { ...SUM, tests: ["gone_test.ts"] },
    ]);
    assertEquals(problems, [
      'Cannot mutate src/sum.ts: "a / b" occurs 0 times',
      'Cannot mutate src/sum.ts: "export const" occurs 2 times',
      "Cannot mutate src/gone.ts: there is no such file",
      'Cannot mutate src/sum.ts: "a + b" would not change',
      'Cannot mutate src/sum.ts: "a + b" names no tests',
      "Cannot run gone_test.ts: there is no such file",
    ]);
  });
});

Deno.test("judge() needs a failed test to call a mistake caught", () => {
  const run = { code: 1, timedOut: false, output: "" };
  const failed = "FAILED | 3 passed (2 steps) | 1 failed (12ms)";
  assertEquals(judge({ ...run, output: `x\n${failed}\n` }), "caught");
  assertEquals(judge({ ...run, code: 0, output: "ok | 4 passed | 0 failed (1ms)" }), "SURVIVED");
  assertEquals(judge({ ...run, output: "error: Import failed, not found." }), "DID NOT RUN");
  assertEquals(judge({ ...run, timedOut: true }), "hung");
});

Deno.test("selectMutations() keeps what mentions the text in its file or its reason", () => {
  const other = { ...SUM, file: "src/other.ts", why: "others" };
  assertEquals(selectMutations([SUM, other], undefined), [SUM, other]);
  assertEquals(selectMutations([SUM, other], "sum.ts"), [SUM]);
  assertEquals(selectMutations([SUM, other], "others"), [other]);
  assertEquals(selectMutations([SUM, other], "nothing"), []);
});
