import { COMMANDS } from "../../../src/cli/commands.ts";
import { commandsBelow, findCommand } from "../../../src/cli/find_command.ts";
import { groupHelp } from "../../../src/cli/help.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";

Deno.test("a command is found by the words of its name, and the words after it are left", () => {
  for (const command of COMMANDS) {
    const found = findCommand(COMMANDS, [...command.name.split(" "), "--a", "b"]);
    assertEquals(found, { command, rest: ["--a", "b"] }, command.name);
  }
});

Deno.test("words that name no command, or only a group of them, find none", () => {
  for (const words of [[], ["key"], ["token", "cap"], ["token", "caps"], ["keyshow"], [""]]) {
    assertEquals(findCommand(COMMANDS, words), undefined, words.join(" "));
  }
});

Deno.test("a group has the commands whose names start with it", () => {
  const below = (...words: string[]) => commandsBelow(COMMANDS, words).map(({ name }) => name);
  assertEquals(below("key"), ["key generate", "key show"]);
  assertEquals(below("token", "cap").length, 4);
  assertEquals(below("token").filter((name) => name.includes(" cap ")), below("token", "cap"));
  assertEquals(below("ke"), []);
  assertEquals(below("key", "show"), []);
});

Deno.test("the help of a group lists its commands", () => {
  const help = groupHelp("key", commandsBelow(COMMANDS, ["key"]));
  assertStringIncludes(help, "Usage: clasp-fed key COMMAND [FLAGS]");
  assertStringIncludes(help, "  key generate  Make an Ed25519 key");
  assertStringIncludes(help, "clasp-fed help key generate");
});
