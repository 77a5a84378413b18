import { COMMANDS } from "../../../src/cli/commands.ts";
import { SERVER_COMMAND } from "../../../src/cli/server_command.ts";
import { SERVER_KEYS } from "../../../src/cli/server_keys.ts";
import { assertEquals } from "../../support/assert.ts";

const ROOT = new URL("../../../", import.meta.url);
/** Those of deno, of the tasks of this project, and of other programs that the documents name. */
const OTHERS_FLAGS: ReadonlySet<string> = new Set([
  ...["--allow-net", "--allow-read", "--allow-write", "--help", "--version"],
  ...["--target", "--all", "--with-files", "--out", "--dry-run"],
]);
const RELAY_CHAPTER = "## Coming from clasp-relay";

const commandLine = read("src/cli/README.md");

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** The cells of the rows of the table of server's flags. */
function serverRows(): string[][] {
  const [, chapter = ""] = commandLine.split("## Flags of `server`");
  return chapter.split("\n## ")[0]?.split("\n").filter((line) => line.startsWith("| `--"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim())) ?? [];
}

/** Texts in backquotes. */
function quoted(text: string | undefined): string[] {
  return [...(text ?? "").matchAll(/`([^`]+)`/g)].map(([, inner = ""]) => inner);
}

Deno.test("the README of the command line has each flag of server, its key, and whether it is live", () => {
  const rows = serverRows().flatMap(([flags, keys, , live]) => {
    const names = quoted(flags).filter((flag) => flag.startsWith("--"));
    return names.map((flag, index) => [flag, quoted(keys)[index], live === "yes"] as const);
  });
  const expected = SERVER_COMMAND.flags.map(({ name }) => {
    const key = SERVER_KEYS.find(({ flag }) => flag === name);
    return [`--${name}`, key?.path, key?.isLive === true] as const;
  });
  const sorted = (list: typeof rows) => list.map((row) => row.join(" ")).sort();
  assertEquals(sorted(rows), sorted(expected));
});

Deno.test("the README of the command line has the defaults that the help has", () => {
  for (const [flags, , shown = ""] of serverRows()) {
    const [name] = quoted(flags);
    const { help = "" } = SERVER_COMMAND.flags.find((flag) => `--${flag.name}` === name) ?? {};
    const [, stated] = /Default:? (\S+?)[.,;]?(?: |$)/.exec(help) ?? [];
    if (stated === undefined || !/^[\d/]/.test(stated)) continue;
    assertEquals([name, shown.replaceAll("`", "").split(",")[0]], [name, stated]);
  }
});

Deno.test("the READMEs name every command, and no flag that none has", () => {
  const missing = COMMANDS.map(({ name }) => name).filter((name) => {
    const [group = "", last = ""] = [
      name.split(" ").slice(0, -1).join(" "),
      name.split(" ").at(-1),
    ];
    const row = commandLine.split("\n").find((line) => line.startsWith(`| \`${group || name}`));
    return !(row ?? "").includes(last);
  });
  assertEquals(missing, []);
  const known = new Set([
    ...OTHERS_FLAGS,
    ...COMMANDS.flatMap(({ flags }) =>
      flags.flatMap(({ name, aliases = [] }) => [name, ...aliases].map((each) => `--${each}`))
    ),
  ]);
  const unknown = ["README.md", "SECURITY.md", "src/cli/README.md", "src/edge/http/README.md"]
    .flatMap((path) => {
      const [ours = ""] = read(path).split(path === "src/cli/README.md" ? RELAY_CHAPTER : "\0");
      const flags = quoted(ours.replaceAll(/^```[\s\S]*?^```/gm, ""))
        .flatMap((text) => text.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []);
      return flags.filter((flag) => !known.has(flag)).map((flag) => `${path}: ${flag}`);
    });
  assertEquals(unknown, []);
});
