import type { CommandArguments } from "./command_arguments.ts";

/** A flag of a command. */
export interface Flag {
  /** Without dashes. */
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** Other names of the same flag. */
  readonly aliases?: readonly string[];
  /** What its value is called in the help; a flag without one is on or off. */
  readonly value?: string;
  /** May be given more than once, and its value is a list with commas. */
  readonly isList?: boolean;
  readonly help: string;
}

/** What a command takes beside flags, in order. */
export interface Positional {
  readonly name: string;
  readonly isOptional?: boolean;
  readonly help: string;
}

/** A command of `clasp-fed`: its help is made from this, and its arguments are read by it. */
export interface Command {
  /** One word, or several for one of a group of commands, as "key show". */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly positionals: readonly Positional[];
  readonly flags: readonly Flag[];
  /** What is worth knowing beyond the flags, one paragraph each. */
  readonly notes: readonly string[];
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** Returns the exit code. */
  readonly run: (args: CommandArguments) => Promise<number>;
}

/** Every command has it. */
export const HELP_FLAG: Flag = { name: "help", short: "h", help: "Print this help" };
