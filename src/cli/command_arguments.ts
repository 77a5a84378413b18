import { type Command, type Flag, HELP_FLAG } from "./command.ts";
import { parseArgs } from "./parse_args.ts";
import { suggestion } from "./suggestion.ts";
import { UsageError } from "./usage_error.ts";

/** Values by the names of flags, in the order in which they were given. */
export type FlagValues = ReadonlyMap<string, readonly string[]>;

/** What was typed after the name of a command, checked against its flags. */
export class CommandArguments {
  readonly #values: FlagValues;
  readonly #positionals: readonly string[];
  /** Flags whose values were not typed: their commas are their own. */
  readonly #exact: ReadonlySet<string>;

  constructor(
    values: FlagValues,
    positionals: readonly string[],
    exact: ReadonlySet<string> = new Set(),
  ) {
    this.#values = values;
    this.#positionals = positionals;
    this.#exact = exact;
  }

  /** These arguments, and for flags that were not given what stands elsewhere. */
  withDefaults(defaults: FlagValues): CommandArguments {
    const exact = new Set([...defaults.keys()].filter((name) => !this.has(name)));
    const values = new Map([...defaults, ...this.#values]);
    return new CommandArguments(values, this.#positionals, exact);
  }

  /** Values of a flag as they were given, none when it was not. */
  given(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** Whether a flag was given. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Value of a flag, undefined when it was not given. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  /** Values of a flag that is a list. */
  list(name: string): readonly string[] {
    const values = this.given(name);
    if (this.#exact.has(name)) return values;
    return values.flatMap((value) => value.split(","))
      .map((item) => item.trim()).filter((item) => item !== "");
  }

  /** Value of a flag that is a whole number, undefined when it was not given. */
  integer(name: string, { min, max }: { readonly min: number; readonly max: number }):
    | number
    | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const number = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(number >= min && number <= max)) {
      throw new UsageError(
        `--${name} must be a whole number from ${min} to ${max}, not "${text}"`,
      );
    }
    return number;
  }

  /** Value of a flag that is one of a few words, undefined when it was not given. */
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const word = words.find((each) => each === text);
    if (word === undefined) {
      throw new UsageError(
        `--${name} must be one of ${words.join(", ")}, not "${text}"${suggestion(text, words)}`,
      );
    }
    return word;
  }

  /** What stands at a place beside the flags; an optional one may be missing. */
  positional(index: number): string | undefined {
    return this.#positionals[index];
  }
}

/**
 * Reads the arguments of a command; undefined when they ask for help.
 *
 * @throws {UsageError} when a flag is not known, has no value, has one that it does not take, or is
 * given twice, or when there are too few or too many arguments
 */
export function readCommandArguments(
  command: Command,
  args: readonly string[],
): CommandArguments | undefined {
  const flags = [...command.flags, HELP_FLAG];
  const unknown: string[] = [];
  const parsed = parseArgs(joinValues(args, flags), {
    string: ["_", ...flags.map(keyOf)],
    collect: flags.map(keyOf),
    alias: Object.fromEntries(flags.map((flag) => [keyOf(flag), otherNames(flag)])),
    unknown: (arg, key) => {
      if (key === undefined) return true;
      unknown.push(arg);
      return false;
    },
  });
  const values = new Map(
    flags.map((flag) => [flag.name, textsOf(parsed[keyOf(flag)])] as const)
      .filter(([, texts]) => texts.length > 0),
  );
  if (values.has(HELP_FLAG.name)) return undefined;
  const [first] = unknown;
  if (first !== undefined) throw unknownFlag(first, flags);
  for (const flag of flags) checkValues(flag, values.get(flag.name) ?? []);
  const positionals = textsOf(parsed["_"]);
  checkPositionals(command, positionals);
  return new CommandArguments(values, positionals);
}

/**
 * Writes each flag as one argument, `--name=value`, and negative numbers behind `--`: else `-5` and
 * a lone `-` are taken for flags, and a switch swallows a `true` after it.
 */
function joinValues(args: readonly string[], flags: readonly Flag[]): string[] {
  const joined: string[] = [];
  const numbers: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? "";
    if (arg === "--") return [...joined, "--", ...numbers, ...args.slice(index + 1)];
    const flag = flags.find((each) => spellings(each).includes(arg));
    const given = flags.find((each) => arg.startsWith(`--${each.name}=`));
    if (flag === undefined) {
      if (/^-\.?\d/.test(arg) || arg === "-") numbers.push(arg);
      else joined.push(given === undefined ? arg : arg.replace(given.name, keyOf(given)));
    } else if (flag.value === undefined) {
      joined.push(`--${keyOf(flag)}=${ON}`);
    } else {
      const next = args[index + 1];
      const hasValue = next !== undefined && !isFlagLike(next);
      joined.push(`--${keyOf(flag)}=${hasValue ? next : ""}`);
      if (hasValue) index++;
    }
  }
  return numbers.length === 0 ? joined : [...joined, "--", ...numbers];
}

const ON = "on";

/** What a flag is called inside: `--no-x` would be read as the opposite of `--x`. */
function keyOf({ name }: Flag): string {
  return name.replace(/^no-/, "no_");
}

function isFlagLike(arg: string): boolean {
  return /^-(?!\.?\d|$)/.test(arg);
}

function spellings(flag: Flag): string[] {
  return [flag.name, ...otherNames(flag)].map(withDashes);
}

function otherNames({ short, aliases = [] }: Flag): string[] {
  return [...(short === undefined ? [] : [short]), ...aliases];
}

function withDashes(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

function textsOf(parsed: unknown): string[] {
  return Array.isArray(parsed) ? parsed.map(String) : [];
}

function unknownFlag(arg: string, flags: readonly Flag[]): UsageError {
  const [typed = arg] = arg.split("=");
  const known = flags.flatMap(spellings).filter((each) => each.startsWith("--"));
  return new UsageError(`There is no flag ${typed}${suggestion(typed, known)}`);
}

function checkValues(flag: Flag, values: readonly string[]): void {
  const { name, value, isList } = flag;
  if (value === undefined) {
    const given = values.find((each) => each !== ON);
    if (given !== undefined) throw new UsageError(`--${name} takes no value, but got "${given}"`);
    return;
  }
  if (values.includes("")) throw new UsageError(`--${name} needs a value: --${name} ${value}`);
  if (isList !== true && values.length > 1) {
    throw new UsageError(`--${name} was given ${values.length} times; give it once`);
  }
}

function checkPositionals({ name, positionals }: Command, given: readonly string[]): void {
  const missing = positionals.find(({ isOptional }, index) =>
    isOptional !== true && given[index] === undefined
  );
  if (missing !== undefined) {
    const all = positionals.map((each) => each.name).join(" ");
    throw new UsageError(`${missing.name} is missing: clasp-fed ${name} ${all}`);
  }
  const extra = given[positionals.length];
  if (extra !== undefined) {
    throw new UsageError(
      `"${extra}" is one argument too many` +
        (positionals.length === 0 ? "" : "; put a VALUE with spaces in quotes"),
    );
  }
}
