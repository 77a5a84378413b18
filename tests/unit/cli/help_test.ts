import { HELP_FLAG } from "../../../src/cli/command.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { commandHelp, programHelp } from "../../../src/cli/help.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";

Deno.test("the help of a command lists each of its flags with its value", () => {
  for (const command of COMMANDS) {
    const help = commandHelp(command);
    for (const { name, short, aliases = [], value } of [...command.flags, HELP_FLAG]) {
      const flag = (short === undefined ? "" : `-${short}, `) + `--${name}`;
      assertStringIncludes(help, `  ${flag}${value === undefined ? " " : ` ${value}`}`);
      for (const alias of aliases) assertStringIncludes(help, `--${alias}`);
    }
    for (const positional of command.positionals) assertStringIncludes(help, positional.name);
    for (const example of command.examples) {
      assertStringIncludes(help, example);
      assert(example.startsWith(`clasp-fed ${command.name} `), example);
    }
  }
});

Deno.test("the help of the program lists each command and the version", () => {
  const help = programHelp(COMMANDS, "1.2.3");
  assertStringIncludes(help, "clasp-fed 1.2.3");
  for (const { name, summary } of COMMANDS) {
    assertStringIncludes(help, `  ${name} `);
    assertStringIncludes(help, summary);
  }
});

Deno.test("the help fits a terminal of 100 columns, examples aside", () => {
  const examples = new Set(COMMANDS.flatMap(({ examples }) => examples));
  const texts = [programHelp(COMMANDS, "1.2.3"), ...COMMANDS.map(commandHelp)];
  const wide = texts.flatMap((text) => text.split("\n"))
    .filter((line) => line.length > 100 && !examples.has(line.trim()));
  assertEquals(wide, []);
});

Deno.test("no two commands, and no two flags of a command, share a name", () => {
  assertEquals(new Set(COMMANDS.map(({ name }) => name)).size, COMMANDS.length);
  for (const { flags } of COMMANDS) {
    const names = flags.flatMap(({ name, short, aliases = [] }) => [
      name,
      ...(short === undefined ? [] : [short]),
      ...aliases,
    ]);
    assertEquals(new Set([...names, "help", "h"]).size, names.length + 2);
  }
});
