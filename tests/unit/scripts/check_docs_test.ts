import { assertEquals } from "../../support/assert.ts";
import { checkMarkdown, type DocsContext } from "../../../scripts/check_docs.ts";

const FILES = new Set(["SECURITY.md", "src/wire", "src/wire/frame.ts"]);
const CONTEXT: DocsContext = {
  tasks: new Set(["test", "bench-once"]),
  exists: (path) => FILES.has(path),
};

function check(text: string, path = "README.md"): string[] {
  return checkMarkdown(path, text, CONTEXT);
}

Deno.test("checkMarkdown() follows links to files, from where the file lies", () => {
  assertEquals(check("See [a](SECURITY.md), [b](./src/wire) and [c](SECURITY.md#reports)."), []);
  assertEquals(check("[frame](wire/frame.ts)", "src/README.md"), []);
  assertEquals(check("\n[gone](docs/gone.md)"), [
    'README.md:2: the link "docs/gone.md" leads to no file',
  ]);
  assertEquals(check("[web](https://example.com/x) [mail](mailto:a@example.com)"), []);
});

Deno.test("checkMarkdown() follows links to headings of the same file", () => {
  const text = "# What is `not` promised?\n\n[here](#what-is-not-promised)\n[there](#nowhere)";
  assertEquals(check(text), ['README.md:4: there is no heading "#nowhere"']);
});

Deno.test("checkMarkdown() takes nothing in code for a link or a heading", () => {
  assertEquals(check("`[a](b)`\n```ts\nconst a = b[c](d);\n```"), []);
  assertEquals(check("```sh\n# install\n```\n[a](#install)"), [
    'README.md:4: there is no heading "#install"',
  ]);
});

Deno.test("checkMarkdown() knows the tasks, in inline code and in blocks", () => {
  assertEquals(check("A deno task may be slow."), []);
  assertEquals(check("Run `deno task tset` now."), ['README.md:1: there is no task "tset"']);
  assertEquals(check("Run `deno task test` or\n```sh\nnpx -y deno@2.9.6 task bench-once\n```"), []);
  assertEquals(check("```sh\ndeno task -q tset tests/unit\n```"), [
    'README.md:2: there is no task "tset"',
  ]);
});

Deno.test("checkMarkdown() parses JSON blocks", () => {
  assertEquals(check('```json\n{ "port": 7330 }\n```'), []);
  assertEquals(check("x\n```json\n{ port: 7330 }\n```"), [
    "README.md:2: this block is not JSON",
  ]);
  assertEquals(check("```sh\nfor ever"), ["README.md:1: this block does not end"]);
});
