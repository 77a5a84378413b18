import type { FlagValues } from "./command_arguments.ts";
import { ConfigFileError } from "./config_file_error.ts";
import { readPemFile } from "./pem_file.ts";
import { SERVER_KEYS, type ServerKey } from "./server_keys.ts";
import { suggestion } from "./suggestion.ts";

/** Editors look there for what may be written. */
const SCHEMA_KEY = "$schema";
const SHOWN_UNITS_MAX = 60;

/** What a configuration file says, by the flags that say the same. */
export interface ConfigFile {
  readonly values: FlagValues;
  /** Whether every user of this machine can read it. */
  readonly isPublic: boolean;
}

/**
 * Reads a configuration file of `clasp-fed server`.
 *
 * @throws {CommandError} when the file cannot be read
 * @throws {ConfigFileError} when it is no JSON, or has a key that is not known or is not what it may be
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const { text, isPublic } = await readPemFile("config", path);
  return { values: parseConfig(text, path), isPublic };
}

/**
 * What the text of such a file says.
 *
 * @throws {ConfigFileError} when it cannot be used
 */
export function parseConfig(text: string, path: string): FlagValues {
  const values = new Map<string, readonly string[]>();
  try {
    const root = readJson(text);
    const sections = new Set(SERVER_KEYS.map(sectionOf).filter((name) => name !== ""));
    for (const [name, value] of Object.entries(root)) {
      if (name === SCHEMA_KEY) continue;
      if (sections.has(name)) readSection(name, value, values);
      else readKey(name, value, { names: namesIn(""), values });
    }
  } catch (error) {
    if (!(error instanceof KeyProblem)) throw error;
    throw new ConfigFileError(`${path}: ${error.message}`);
  }
  return values;
}

/** What is wrong, without the name of the file. */
class KeyProblem extends Error {}

function readJson(text: string): object {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new KeyProblem(`it is no JSON: ${reason}; comments and trailing commas are not allowed`);
  }
  if (isObject(root)) return root;
  throw new KeyProblem(`it must be an object, as {"port": 7330}, not ${shown(root)}`);
}

function readSection(section: string, value: unknown, values: Map<string, readonly string[]>) {
  const names = namesIn(section);
  if (!isObject(value)) {
    throw new KeyProblem(
      `"${section}" must be an object with some of ${names.join(", ")}, not ${shown(value)}`,
    );
  }
  for (const [name, item] of Object.entries(value)) {
    readKey(`${section}.${name}`, item, {
      names: names.map((each) => `${section}.${each}`),
      values,
    });
  }
}

function readKey(
  path: string,
  value: unknown,
  { names, values }: {
    readonly names: readonly string[];
    readonly values: Map<string, readonly string[]>;
  },
): void {
  const key = SERVER_KEYS.find((each) => each.path === path);
  if (key === undefined) throw new KeyProblem(unknownKey(path, names));
  const texts = textsOf(key, value);
  if (texts.length > 0) values.set(key.flag, texts);
}

/** As they would be typed behind the flag; none for a switch that is off. */
function textsOf({ path, value: wanted }: ServerKey, value: unknown): string[] {
  switch (wanted.kind) {
    case "text":
      return [textAt(path, value)];
    case "list":
      return Array.isArray(value)
        ? value.map((item, index) => textAt(`${path}[${index}]`, item))
        : [textAt(path, value, " or a list of texts")];
    case "integer": {
      const { min, max } = wanted;
      const isInside = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
      if (isInside) return [String(value)];
      throw new KeyProblem(
        `"${path}" must be a whole number from ${min} to ${max}, not ${shown(value)}`,
      );
    }
    case "word": {
      const { words } = wanted;
      const found = words.find((each) => each === value);
      if (found !== undefined) return [found];
      const near = typeof value === "string" ? suggestion(value, words) : "";
      throw new KeyProblem(
        `"${path}" must be one of ${words.join(", ")}, not ${shown(value)}${near}`,
      );
    }
    case "switch":
      if (typeof value === "boolean") return value ? ["on"] : [];
      throw new KeyProblem(`"${path}" must be true or false, not ${shown(value)}`);
  }
}

function textAt(path: string, value: unknown, more: string = ""): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw new KeyProblem(`"${path}" must be a text that is not empty${more}, not ${shown(value)}`);
}

function unknownKey(path: string, names: readonly string[]): string {
  const near = suggestion(path, SERVER_KEYS.map((each) => each.path));
  return `there is no key "${path}"${near === "" ? `; there are ${names.join(", ")}` : near}`;
}

/** Names of the keys of a section, "" for those beside the sections, which are named too. */
function namesIn(section: string): string[] {
  if (section === "") return [...new Set(SERVER_KEYS.map(({ path }) => path.split(".")[0] ?? ""))];
  return SERVER_KEYS.filter((key) => sectionOf(key) === section)
    .map(({ path }) => path.slice(section.length + 1));
}

function sectionOf({ path }: ServerKey): string {
  return path.includes(".") ? path.slice(0, path.indexOf(".")) : "";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= SHOWN_UNITS_MAX ? text : `${text.slice(0, SHOWN_UNITS_MAX)}…`;
}
