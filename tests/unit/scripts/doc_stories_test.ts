import { docStories } from "../../../scripts/doc_stories.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

function block(language: string, ...lines: readonly string[]): string {
  return ["```" + language, ...lines, "```", ""].join("\n");
}

function stepsOf(...parts: readonly string[]): unknown {
  return docStories("a.md", parts.join("\n")).map(({ heading, line, steps }) => ({
    heading,
    line,
    steps,
  }));
}

Deno.test("docStories() reads commands with their lines, and what the last one prints", () => {
  const text = ["# A", "## B", block("sh", "# so:", "one \\", "  more", "", "two"), "prints"];
  assertEquals(stepsOf(...text, block("text", "x", "y")), [{
    heading: "B",
    line: 2,
    steps: [{
      kind: "commands",
      commands: [{ line: 5, text: "one   more" }, { line: 8, text: "two" }],
      exitCode: 0,
      output: ["x", "y"],
    }],
  }]);
});

Deno.test("docStories() heeds what comments say of a block", () => {
  const text = [
    ...["## A", "<!-- file: a.json -->", "", block("json", "{}")],
    ...["<!-- exit code: 2 -->", "", block("sh", "one")],
    ...["<!-- not run: no -->", "", block("sh", "two"), "<!-- stop: 7330 -->"],
  ];
  const steps = [
    { kind: "file", name: "a.json", text: "{}\n" },
    {
      kind: "commands",
      commands: [{ line: 11, text: "one" }],
      exitCode: 2,
      output: undefined,
    },
    { kind: "notRun", line: 16, reason: "no" },
    { kind: "stop", port: "7330" },
  ];
  assertEquals(stepsOf(...text), [{ heading: "A", line: 1, steps }]);
  const [, second] = docStories("a.md", [...text, "## B", "<!-- after: A -->"].join("\n"));
  assertEquals(second?.steps as unknown, steps);
});

Deno.test("docStories() has nothing of code that is not to be typed", () => {
  assertEquals(
    stepsOf("## A", block("ts", "const a = 1;"), block("text", "x"), block("", "y")),
    [],
  );
});

Deno.test("docStories() refuses comments that mean nothing where they stand", () => {
  const refuse = (why: string, ...text: readonly string[]) =>
    assertThrows(() => docStories("a.md", text.join("\n")), SyntaxError, why);
  refuse('a.md:2: there is no chapter "B" above', "## A", "<!-- after: B -->");
  refuse('a.md:2: there is no chapter "A" above', "## A", "<!-- after: A -->");
  refuse("stands before no block", "<!-- not run: no -->", "## A", block("sh", "one"));
  refuse("stands before no block", "<!-- exit code: 2 -->", block("ts", "one"));
  refuse("stands before no block", "<!-- exit code: 2 -->");
});
