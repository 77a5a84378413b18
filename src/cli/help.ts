import { type Command, type Flag, HELP_FLAG, type Positional } from "./command.ts";

const LINE_CHARACTERS_MAX = 98;
const INDENT = "  ";

/** Help of the whole program. */
export function programHelp(commands: readonly Command[], version: string): string {
  const flags: readonly Flag[] = [
    HELP_FLAG,
    { name: "version", short: "V", help: "Print the version" },
  ];
  return [
    `clasp-fed ${version}: a CLASP router that joins sites into one state tree, and its tools`,
    "",
    "Usage: clasp-fed COMMAND [FLAGS]",
    "",
    "Commands:",
    ...table([
      ...commands.map(({ name, summary }): Row => [name, summary]),
      ["help COMMAND", "Print the help of a command"],
    ]),
    "",
    "Flags:",
    ...table(flags.map(flagRow)),
    "",
    "Exit codes: 0 done, 1 failed, 2 wrong usage.",
  ].join("\n");
}

/** Help of one command. */
export function commandHelp(command: Command): string {
  const { name, summary, positionals, flags, notes, examples } = command;
  const usage = ["clasp-fed", name, ...positionals.map(usageOf), "[FLAGS]"].join(" ");
  return [
    summary,
    "",
    `Usage: ${usage}`,
    ...section("Arguments:", positionals.map((each) => [each.name, each.help])),
    ...section("Flags:", [...flags, HELP_FLAG].map(flagRow)),
    ...notes.flatMap((note) => ["", ...wrap(note, LINE_CHARACTERS_MAX)]),
    "",
    examples.length === 1 ? "Example:" : "Examples:",
    ...examples.map((example) => INDENT + example),
  ].join("\n");
}

/** Help of several commands whose names start alike, as "token cap create" and "token cap verify". */
export function groupHelp(name: string, commands: readonly Command[]): string {
  return [
    `Usage: clasp-fed ${name} COMMAND [FLAGS]`,
    "",
    "Commands:",
    ...table(commands.map((each) => [each.name, each.summary])),
    "",
    `clasp-fed help ${commands[0]?.name ?? name} prints the help of one.`,
  ].join("\n");
}

type Row = readonly [string, string];

function usageOf({ name, isOptional }: Positional): string {
  return isOptional === true ? `[${name}]` : name;
}

function flagRow({ name, short, aliases = [], value, help }: Flag): Row {
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${name}`];
  const also = aliases.length === 0 ? "" : `. Also --${aliases.join(", --")}`;
  return [names.join(", ") + (value === undefined ? "" : ` ${value}`), help + also];
}

function section(title: string, rows: readonly Row[]): string[] {
  return rows.length === 0 ? [] : ["", title, ...table(rows)];
}

function table(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length), 12);
  const space = LINE_CHARACTERS_MAX - INDENT.length - width - INDENT.length;
  return rows.flatMap(([left, right]) =>
    wrap(right, space).map((line, index) =>
      INDENT + (index === 0 ? left : "").padEnd(width) + INDENT + line
    )
  );
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
