import { VERSION } from "../edge/version.ts";
import type { Command } from "./command.ts";
import { readCommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { COMMANDS } from "./commands.ts";
import { ConfigFileError } from "./config_file_error.ts";
import { commandsBelow, findCommand } from "./find_command.ts";
import { commandHelp, groupHelp, programHelp } from "./help.ts";
import { oneLine, OutputClosedError, printDiagnostic, printLine } from "./output.ts";
import { suggestion } from "./suggestion.ts";
import { UsageError } from "./usage_error.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs the command line; returns the exit code. Only a bug makes it throw. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    if (error instanceof OutputClosedError) return 0;
    if (error instanceof CommandError) return complain(error.message, EXIT_FAILED);
    if (error instanceof UsageError) return complain(error.message, EXIT_USAGE);
    throw error;
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  const [first, ...rest] = args;
  switch (first) {
    case undefined:
      throw new UsageError("A command is missing: clasp-fed server, or see clasp-fed --help");
    case "--version":
    case "-V":
      printLine(`clasp-fed ${VERSION}`);
      return 0;
    case "--help":
    case "-h":
      printLine(programHelp(COMMANDS, VERSION));
      return 0;
    case "help":
      printLine(helpOf(rest));
      return 0;
    default:
      return await runNamed(args);
  }
}

async function runNamed(args: readonly string[]): Promise<number> {
  const found = findCommand(COMMANDS, args);
  if (found !== undefined) return await runCommand(found.command, found.rest);
  const flag = args.findIndex((word) => word === "--help" || word === "-h");
  if (flag <= 0) throw unknownCommand(args);
  printLine(helpOf(args.slice(0, flag)));
  return 0;
}

async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  try {
    const given = readCommandArguments(command, args);
    if (given !== undefined) return await command.run(given);
  } catch (error) {
    // What is wrong stands in a file.
    if (!(error instanceof UsageError) || error instanceof ConfigFileError) throw error;
    throw new UsageError(`${error.message} (see clasp-fed ${command.name} --help)`);
  }
  printLine(commandHelp(command));
  return 0;
}

function helpOf(words: readonly string[]): string {
  const [first] = words;
  if (first === undefined || first.startsWith("-")) return programHelp(COMMANDS, VERSION);
  const found = findCommand(COMMANDS, words);
  if (found?.rest.length === 0) return commandHelp(found.command);
  if (found !== undefined) {
    throw new UsageError("Help is for one command: clasp-fed help COMMAND");
  }
  const below = commandsBelow(COMMANDS, words);
  if (below.length === 0) throw unknownCommand(words);
  return groupHelp(words.join(" "), below);
}

function unknownCommand(words: readonly string[]): UsageError {
  const [first = ""] = words;
  if (first.startsWith("-")) {
    return new UsageError(
      `The command comes first, not "${first}": clasp-fed COMMAND [FLAGS] (see clasp-fed --help)`,
    );
  }
  return unknownBelow(words) ?? new UsageError(
    `There is no command "${first}"${suggestion(first, firstWords())} (see clasp-fed --help)`,
  );
}

/** What is wrong when the first words name several commands, as "token cap" does. */
function unknownBelow(words: readonly string[]): UsageError | undefined {
  const group = words.slice(0, groupLength(words));
  if (group.length === 0) return undefined;
  const name = group.join(" ");
  const next = words[group.length];
  const known = [
    ...new Set(
      commandsBelow(COMMANDS, group).map((each) => each.name.split(" ")[group.length] ?? ""),
    ),
  ];
  const see = `(see clasp-fed ${name} --help)`;
  if (next === undefined || next.startsWith("-")) {
    return new UsageError(
      `${name} needs to know what: clasp-fed ${name} ${known.join("|")} ${see}`,
    );
  }
  return new UsageError(`There is no command "${name} ${next}"${suggestion(next, known)} ${see}`);
}

/** How many of the first words are the beginning of the names of commands. */
function groupLength(words: readonly string[]): number {
  let length = 0;
  while (length < words.length && commandsBelow(COMMANDS, words.slice(0, length + 1)).length > 0) {
    length++;
  }
  return length;
}

function firstWords(): string[] {
  return [...new Set(COMMANDS.map((each) => each.name.split(" ")[0] ?? "")), "help"];
}

function complain(message: string, exitCode: number): number {
  printDiagnostic(`clasp-fed: ${oneLine(message)}`);
  return exitCode;
}
