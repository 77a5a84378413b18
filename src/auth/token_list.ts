/**
 * The text of a token file: JSON, made to be read by people too.
 *
 * @module
 */

import { NAME_BYTES_MAX, SCOPE_BYTES_MAX, TOKENS_PER_FILE_MAX } from "../limits.ts";
import { ScopeError } from "./scope.ts";
import { Scopes } from "./scopes.ts";
import type { TokenRecord } from "./token_record.ts";

const VERSION = 1;
const ENCODER = new TextEncoder();

/**
 * Reads the text of a token file.
 *
 * @throws {TypeError} If it is none, or there is too much in it. The message says where and what, and
 * repeats nothing that could be a token put there by mistake.
 */
export function parseTokenList(text: string): readonly TokenRecord[] {
  const { version, tokens } = fieldsOf(parseJson(text), "it");
  if (typeof version === "number" && version > VERSION) {
    throw new TypeError(`it has format version ${version}, which a newer clasp-fed wrote`);
  }
  if (version !== VERSION || !Array.isArray(tokens)) {
    throw new TypeError(`it is no token file: it must be {"version": ${VERSION}, "tokens": [...]}`);
  }
  checkTokenCount(tokens.length);
  const records = tokens.map((each, index) => recordOf(each, `token ${index + 1}`));
  const known = new Set<string>();
  for (const [index, { sha256 }] of records.entries()) {
    if (known.has(sha256)) throw new TypeError(`token ${index + 1} is there twice`);
    known.add(sha256);
  }
  return records;
}

/** Writes the text of a token file. @throws {TypeError} If there are too many tokens. */
export function formatTokenList(records: readonly TokenRecord[]): string {
  checkTokenCount(records.length);
  const tokens = records.map(({ scopes, ...facts }) => ({
    ...facts,
    scopes: scopes.all.map(({ text }) => text),
  }));
  return `${JSON.stringify({ version: VERSION, tokens }, null, 2)}\n`;
}

/** Why a text is no name of a subject, as the end of a sentence, or undefined if it is one. */
export function subjectProblem(text: string): string | undefined {
  const { length } = ENCODER.encode(text);
  if (length === 0 || length > NAME_BYTES_MAX) {
    return `a subject has 1 to ${NAME_BYTES_MAX} bytes, not ${length}`;
  }
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) return "a subject has no control characters";
  return text.startsWith("#") ? 'a subject does not begin with "#"' : undefined;
}

function checkTokenCount(count: number): void {
  if (count <= TOKENS_PER_FILE_MAX) return;
  throw new TypeError(`it has ${count} tokens, at most ${TOKENS_PER_FILE_MAX} are allowed`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says quotes the text: a token, when somebody named the wrong file.
    throw new TypeError("it is no JSON");
  }
}

function recordOf(value: unknown, what: string): TokenRecord {
  const { sha256, subject, scopes, createdAtSeconds, expiresAtSeconds } = fieldsOf(value, what);
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw new TypeError(`${what}: "sha256" must be 64 lower-case hexadecimal digits`);
  }
  return {
    sha256,
    subject: subjectOf(subject, what),
    scopes: scopesOf(scopes, what),
    createdAtSeconds: secondsOf(createdAtSeconds, `${what}: "createdAtSeconds"`),
    expiresAtSeconds: expiresAtSeconds === undefined
      ? undefined
      : secondsOf(expiresAtSeconds, `${what}: "expiresAtSeconds"`),
  };
}

function subjectOf(value: unknown, what: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new TypeError(`${what}: "subject" must be a string`);
  const problem = subjectProblem(value);
  if (problem === undefined) return value;
  throw new TypeError(`${what}: ${problem}`);
}

function scopesOf(value: unknown, what: string): Scopes {
  const isList = Array.isArray(value) && value.length > 0 &&
    value.every((each) => typeof each === "string" && each.length <= SCOPE_BYTES_MAX);
  if (!isList) throw new TypeError(`${what}: "scopes" must be a list like ["read:/site-a/**"]`);
  try {
    return Scopes.parse(value);
  } catch (error) {
    if (error instanceof ScopeError) throw new TypeError(`${what}: ${error.message}`);
    throw error;
  }
}

function secondsOf(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new TypeError(`${what} must be whole seconds since 1970`);
}

function fieldsOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError(`${what} must be an object`);
}
