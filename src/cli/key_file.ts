/**
 * Files with one Ed25519 key, as 64 hexadecimal digits: the form of the public CLASP tools.
 *
 * @module
 */

import { publicKeyProblem } from "../auth/public_key.ts";
import { SigningKey } from "../edge/auth/signing_key.ts";
import { CommandError } from "./command_error.ts";
import { fileProblem } from "./file_problem.ts";

const ENCODER = new TextEncoder();
/** A larger file is no key; it is not read. */
const KEY_FILE_BYTES_MAX = 1_024;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/** How a flag that names a public key is explained in the help. */
export const PUBLIC_KEY_HELP: string =
  "64 hexadecimal digits, or a file with them (needs --allow-read), as clasp-fed key show prints them";

/**
 * Reads a private key.
 *
 * A file that others can read is refused: it may be known to them, or it is a public key, which looks
 * the same, and whoever knows it could sign as well.
 *
 * @throws {CommandError} when there is no such key
 */
export async function readSigningKey(path: string): Promise<SigningKey> {
  const { text, mode } = await readKeyText("private key", path);
  if (mode !== null && (mode & OTHERS) !== 0) {
    throw new CommandError(
      `Cannot use private key file "${path}": others than its owner can read it ` +
        `(mode ${(mode & 0o777).toString(8)}); if it is a private key at all, chmod 600 it`,
    );
  }
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new CommandError(
      `Cannot use private key file "${path}": it must contain 64 hexadecimal digits, ` +
        "as clasp-fed key generate writes them",
    );
  }
  return await SigningKey.fromSeed(Uint8Array.fromHex(text));
}

/**
 * The public key that the value of a flag stands for: itself, or the content of a file. A private key
 * in a file is not made into a public one: the two look alike, and the private key that would be made
 * of a public one is known to everybody.
 *
 * @throws {CommandError} when there is no such key
 */
export async function readPublicKey(flag: string, value: string): Promise<string> {
  const isKey = /^[0-9a-f]{64}$/i.test(value);
  const text = isKey ? value : (await readKeyText(`--${flag}`, value)).text;
  const problem = publicKeyProblem(text);
  if (problem === undefined) return text.toLowerCase();
  throw new CommandError(`Cannot use --${flag} ${isKey ? value : `file "${value}"`}: ${problem}`);
}

/**
 * Writes a private key to a new file that only its owner can read; it is whole or not there at all.
 *
 * @throws {CommandError} when it cannot be written, or there is such a file
 */
export async function writeSeed(path: string, seed: Uint8Array): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  const made: string[] = [];
  try {
    // Takes the name, so that no other file of this name is lost to the rename.
    (await openNew(path)).close();
    made.push(path);
    using file = await openNew(temporary);
    made.push(temporary);
    await writeAll(file, ENCODER.encode(`${seed.toHex()}\n`));
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    for (const each of made) await removeQuietly(each);
    const directory = directoryOf(path);
    const permissions = `--allow-read="${directory}" --allow-write="${directory}"`;
    throw new CommandError(
      `Cannot write private key file "${path}": ${fileProblem(error, permissions)}`,
    );
  }
}

async function readKeyText(
  what: string,
  path: string,
): Promise<{ readonly text: string; readonly mode: number | null }> {
  try {
    // What is looked at is what is read.
    using file = await Deno.open(path, { read: true });
    const { mode, isFile, size } = await file.stat();
    if (isFile && size > KEY_FILE_BYTES_MAX) throw new Error("it is too large for a key");
    const bytes = new Uint8Array(KEY_FILE_BYTES_MAX);
    let length = 0;
    for (let count = await file.read(bytes); count !== null && count > 0;) {
      length += count;
      count = await file.read(bytes.subarray(length));
    }
    return { text: new TextDecoder().decode(bytes.subarray(0, length)).trim(), mode };
  } catch (error) {
    const problem = fileProblem(error, `--allow-read="${path}"`);
    throw new CommandError(`Cannot read ${what} from file "${path}": ${problem}`);
  }
}

async function openNew(path: string): Promise<Deno.FsFile> {
  return await Deno.open(path, { write: true, createNew: true, mode: OWNER_ONLY });
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}

/** Of two things that go wrong, the first one is told. */
async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

function directoryOf(path: string): string {
  const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return slash < 0 ? "." : path.slice(0, Math.max(slash, 1));
}
