import { VERSION } from "../edge/version.ts";
import type { Command } from "./command.ts";
import { readCommandArguments } from "./command_arguments.ts";
import { CommandError } from "./command_error.ts";
import { COMMANDS } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";
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

async function dispatch([first, ...rest]: readonly string[]): Promise<number> {
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
      return await runCommand(commandNamed(first), rest);
  }
}

async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  try {
    const given = readCommandArguments(command, args);
    if (given !== undefined) return await command.run(given);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message} (see clasp-fed ${command.name} --help)`);
  }
  printLine(commandHelp(command));
  return 0;
}

function helpOf([name, extra]: readonly string[]): string {
  if (extra !== undefined) throw new UsageError("Help is for one command: clasp-fed help COMMAND");
  if (name === undefined || name.startsWith("-")) return programHelp(COMMANDS, VERSION);
  return commandHelp(commandNamed(name));
}

function commandNamed(name: string): Command {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command;
  if (name.startsWith("-")) {
    throw new UsageError(
      `The command comes first, not "${name}": clasp-fed COMMAND [FLAGS] (see clasp-fed --help)`,
    );
  }
  const names = [...COMMANDS.map((each) => each.name), "help"];
  throw new UsageError(
    `There is no command "${name}"${suggestion(name, names)} (see clasp-fed --help)`,
  );
}

function complain(message: string, exitCode: number): number {
  printDiagnostic(`clasp-fed: ${oneLine(message)}`);
  return exitCode;
}
