import { type Command, HELP_FLAG } from "../../../src/cli/command.ts";
import { type CommandArguments, readCommandArguments } from "../../../src/cli/command_arguments.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const COMMAND: Command = {
  name: "paint",
  summary: "",
  positionals: [
    { name: "WALL", help: "" },
    { name: "COLOUR", isOptional: true, help: "" },
  ],
  flags: [
    { name: "coats", short: "c", value: "COUNT", help: "" },
    { name: "rooms", aliases: ["room"], value: "LIST", isList: true, help: "" },
    { name: "gloss", short: "g", help: "" },
    { name: "no-primer", help: "" },
  ],
  notes: [],
  examples: [],
  run: () => Promise.resolve(0),
};

function read(...args: string[]): CommandArguments {
  const given = readCommandArguments(COMMAND, args);
  assert(given !== undefined, "help was asked for");
  return given;
}

function complaint(...args: string[]): string {
  return assertThrows(() => read(...args), UsageError).message;
}

Deno.test("a flag whose name starts with no- is a flag like any other", () => {
  assert(read("north", "--no-primer").has("no-primer"));
  assert(!read("north").has("no-primer"));
  assertEquals(
    complaint("north", "--primer"),
    "There is no flag --primer; did you mean --no-primer?",
  );
  assertEquals(
    complaint("north", "--no-primer=yes"),
    '--no-primer takes no value, but got "yes"',
  );
});

Deno.test("a value may follow its flag, an equals sign or a short name", () => {
  for (
    const args of [["--coats", "3"], ["--coats=3"], ["-c", "3"], ["-c=3"], ["-c3"]]
  ) {
    assertEquals(read("north", ...args).text("coats"), "3", args.join(" "));
  }
});

Deno.test("flags may stand anywhere among the arguments", () => {
  const given = read("--coats", "3", "north", "-g", "red");
  assertEquals([given.positional(0), given.positional(1)], ["north", "red"]);
  assert(given.has("gloss"));
  assertEquals(given.text("coats"), "3");
});

Deno.test("arguments stay text, also those that look like numbers", () => {
  assertEquals(read("1.0", "0x10").positional(0), "1.0");
  assertEquals(read("1.0", "0x10").positional(1), "0x10");
  assertEquals(read("a", "").positional(1), "");
});

Deno.test("a negative number is an argument and no flag", () => {
  assertEquals(read("north", "-5").positional(1), "-5");
  assertEquals(read("north", "-.5", "-g").positional(1), "-.5");
  assertEquals(read("north", "--coats", "-1").text("coats"), "-1");
});

Deno.test("what stands behind -- is an argument", () => {
  assertEquals(read("north", "--", "--gloss").positional(1), "--gloss");
  assertEquals(read("--", "--help", "-5").positional(0), "--help");
  assert(!read("north", "--", "--gloss").has("gloss"));
});

Deno.test("a lone dash is a value", () => {
  assertEquals(read("north", "--coats", "-").text("coats"), "-");
  assertEquals(read("north", "-").positional(1), "-");
});

Deno.test("a switch does not swallow the argument after it", () => {
  const given = read("north", "--gloss", "true");
  assertEquals(given.positional(1), "true");
  assert(given.has("gloss"));
  assertEquals(read("north", "-g", "false").positional(1), "false");
});

Deno.test("a list may be repeated, have commas and another name", () => {
  assertEquals(read("north", "--rooms", "a, b", "--room", "c,", "--rooms=d").list("rooms"), [
    "a",
    "b",
    "c",
    "d",
  ]);
  assertEquals(read("north").list("rooms"), []);
});

Deno.test("--help and -h ask for help, whatever else is wrong", () => {
  assertEquals(readCommandArguments(COMMAND, ["--help"]), undefined);
  assertEquals(readCommandArguments(COMMAND, ["-h", "--nonsense", "a", "b", "c"]), undefined);
  assertEquals(HELP_FLAG.name, "help");
});

Deno.test("an unknown flag is refused with the one that may be meant", () => {
  assertEquals(complaint("north", "--coat", "3"), "There is no flag --coat; did you mean --coats?");
  assertEquals(complaint("north", "--persist=x"), "There is no flag --persist");
  assertEquals(complaint("north", "-x"), "There is no flag -x");
  assertEquals(complaint("north", "--no-gloss"), "There is no flag --no-gloss");
  assertEquals(complaint("north", "--__proto__", "x"), "There is no flag --__proto__");
  assertEquals(complaint("north", "--coats.more", "x"), "There is no flag --coats.more");
});

Deno.test("a missing, useless or second value is refused", () => {
  assertEquals(complaint("north", "--coats"), "--coats needs a value: --coats COUNT");
  assertEquals(complaint("north", "--coats="), "--coats needs a value: --coats COUNT");
  assertEquals(complaint("north", "--coats", "--gloss"), "--coats needs a value: --coats COUNT");
  assertEquals(complaint("north", "--gloss=yes"), '--gloss takes no value, but got "yes"');
  assertEquals(
    complaint("north", "-c", "1", "--coats", "1"),
    "--coats was given 2 times; give it once",
  );
});

Deno.test("too few and too many arguments are refused", () => {
  assertEquals(complaint(), "WALL is missing: clasp-fed paint WALL COLOUR");
  assert(complaint("a", "b", "c").startsWith('"c" is one argument too many'));
});

Deno.test("integer() takes whole numbers within bounds only", () => {
  const bounds = { min: 1, max: 10 };
  assertEquals(read("a", "--coats", "10").integer("coats", bounds), 10);
  assertEquals(read("a").integer("coats", bounds), undefined);
  for (const text of ["0", "11", "-1", "1.5", "1e1", "0x1", "many", " 1", "1".repeat(400)]) {
    const error = assertThrows(
      () => read("a", `--coats=${text}`).integer("coats", bounds),
      UsageError,
    );
    assertEquals(error.message, `--coats must be a whole number from 1 to 10, not "${text}"`);
  }
});

Deno.test("oneOf() takes the words it knows", () => {
  const words = ["one", "three"] as const;
  assertEquals(read("a", "--coats", "one").oneOf("coats", words), "one");
  assertEquals(read("a").oneOf("coats", words), undefined);
  assertThrows(
    () => read("a", "--coats", "tree").oneOf("coats", words),
    UsageError,
    '--coats must be one of one, three, not "tree"; did you mean three?',
  );
});
