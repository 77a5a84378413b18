import { docStories } from "../../scripts/doc_stories.ts";
import { listMarkdown } from "../../scripts/check_docs.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { DocSession, isPrinted } from "../support/doc_session.ts";

const ROOT = new URL("../../", import.meta.url);
const STORIES = listMarkdown(ROOT).flatMap((path) =>
  docStories(path, Deno.readTextFileSync(new URL(path, ROOT)))
);
/** What README.md lets `clasp-fed` stand for. */
const ALIAS = /^alias clasp-fed="(.+)"$/m.exec(Deno.readTextFileSync(new URL("README.md", ROOT)));

for (const story of STORIES.filter(({ steps }) => steps.some(({ kind }) => kind === "commands"))) {
  Deno.test({
    name: `${story.path}, "${story.heading}": what it says to type does what it says`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      assert(ALIAS?.[1] !== undefined, "README.md has no line: alias clasp-fed=...");
      await using session = await DocSession.open(ALIAS[1]);
      await session.follow(story);
    },
  });
}

async function follow(text: string): Promise<void> {
  await using session = await DocSession.open("deno run --allow-net main.ts");
  for (const story of docStories("x.md", text)) await session.follow(story);
}

async function failureOf(text: string): Promise<string> {
  try {
    await follow(text);
  } catch (error) {
    if (error instanceof Error) return error.message;
    throw error;
  }
  return "none";
}

Deno.test("a command that no test can run, or that failed, or printed something else, is told", async () => {
  const told = async (block: string) => (await failureOf(block)).split("\n");
  assertEquals(await told("```sh\nsudo reboot\n```"), [
    "x.md:2: sudo reboot",
    'no test runs "sudo"; say why: <!-- not run: REASON --> before the block',
  ]);
  assertEquals(await told("<!-- not run: needs root -->\n\n```sh\nsudo reboot\n```"), ["none"]);
  assertEquals((await told("```sh\ncat none\n```")).slice(0, 2), [
    "x.md:2: cat none",
    "exit code 1, not 0; it printed:",
  ]);
  assertEquals(
    (await told("```sh\nclasp-fed get /a\n```"))[1],
    [
      "it asks whatever listens on port 7330; add -s URL",
    ][0],
  );
  const named =
    '<!-- file: a -->\n\n```json\n{}\n```\n\n```sh\ncat a\n```\n\n```text\n{ "a": 1 }\n```';
  assertEquals((await told(named)).slice(0, 2), ["x.md:8: cat a", "the document shows:"]);
  assertEquals(await told(named.replace('{ "a": 1 }', "{}")), ["none"]);
});

Deno.test("isPrinted() takes dots for any text, and times and columns for what changes", () => {
  assertEquals(isPrinted(["a 0.75"], ["a 0.75"]), true);
  assertEquals(isPrinted(["a 0.75"], ["a 0.76"]), false);
  assertEquals(isPrinted(["took 0.9 ms"], ["took 12 ms"]), true);
  assertEquals(isPrinted(["a   b"], ["a    b  "]), true);
  assertEquals(isPrinted(["a b"], ["a  b"]), false);
  assertEquals(isPrinted(["id ...", "x"], ["id 7f", "x"]), true);
  assertEquals(isPrinted(["...", "x"], ["a", "b", "x"]), true);
  assertEquals(isPrinted(["...", "x"], ["x", "y"]), false);
  assertEquals(isPrinted(["x", "..."], ["x"]), true);
  assertEquals(isPrinted(["x"], ["x", "y"]), false);
});
