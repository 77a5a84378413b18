import { SUBJECT_NAMES, type SubjectName } from "./subjects.ts";

/** What the command line asks for. */
export interface HopsOptions {
  readonly rounds: number;
  /** Undefined when each scenario is to have its own number. */
  readonly messages: number | undefined;
  readonly only: readonly string[];
  readonly subjects: readonly SubjectName[];
  readonly isJson: boolean;
  readonly isSmoke: boolean;
  /** Whether to say no more than what may be asked for. */
  readonly isHelp: boolean;
}

/** The flags of the command line, with their defaults. */
export const HOPS_FLAGS =
  "--rounds=3 --messages=200000 --only=SCENARIO,... --subjects=NAME,... --json --smoke --help";

const ROUNDS = 3;

/**
 * Reads the command line.
 *
 * @param scenarios Names that `--only` may have.
 * @throws {TypeError} When there is something in it that is not known.
 */
export function readOptions(args: readonly string[], scenarios: readonly string[]): HopsOptions {
  const options: { -readonly [Key in keyof HopsOptions]: HopsOptions[Key] } = {
    rounds: ROUNDS,
    messages: undefined,
    only: scenarios,
    subjects: SUBJECT_NAMES,
    isJson: false,
    isSmoke: false,
    isHelp: false,
  };
  for (const arg of args) {
    const [, name = arg, value = ""] = /^(--[a-z]+)=(.+)$/.exec(arg) ?? [];
    switch (name) {
      case "--rounds":
        options.rounds = positive(name, value);
        break;
      case "--messages":
        options.messages = positive(name, value);
        break;
      case "--only":
        options.only = chosen(name, value, scenarios);
        break;
      case "--subjects":
        options.subjects = chosen(name, value, SUBJECT_NAMES);
        break;
      case "--json":
        options.isJson = true;
        break;
      case "--smoke":
        options.isSmoke = true;
        break;
      case "--help":
        options.isHelp = true;
        break;
      default:
        throw new TypeError(`Unknown "${arg}": ${HOPS_FLAGS}`);
    }
  }
  return options;
}

function positive(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new TypeError(`${name} takes a whole number above 0, not "${text}"`);
}

function chosen<T extends string>(name: string, text: string, known: readonly T[]): readonly T[] {
  return text.split(",").map((each) => {
    const found = known.find((one) => one === each);
    if (found !== undefined) return found;
    throw new TypeError(`${name} knows ${known.join(", ")}, not "${each}"`);
  });
}
