import { parseTokenList } from "../../auth/token_list.ts";
import type { TokenRecord } from "../../auth/token_record.ts";
import { TOKEN_FILE_BYTES_MAX } from "../../limits.ts";
import { TokenFileError } from "./token_file_error.ts";

/** What a token file has. */
export interface TokenFile {
  readonly records: readonly TokenRecord[];
  /** Differs when the file does; see {@linkcode tokenFileStamp}. */
  readonly stamp: string;
  /** Whether others than its owner can read it. */
  readonly isReadable: boolean;
}

const READ_BY_OTHERS = 0o044;
const WRITTEN_BY_OTHERS = 0o022;
/** So long after a change, a second one may leave time and size as they were. */
const FRESH_MS = 2_000;

/**
 * Reads a token file. One that others can write is refused, as sshd refuses such a list of keys: they
 * could add tokens. One that others can read is not, for nobody finds a token by its hash.
 *
 * @throws {TokenFileError} If it cannot be read or used.
 */
export async function readTokenFile(path: string): Promise<TokenFile> {
  try {
    // What is looked at is what is read.
    using file = await Deno.open(path, { read: true });
    const facts = await file.stat();
    const mode = facts.mode ?? 0;
    if ((mode & WRITTEN_BY_OTHERS) !== 0) {
      throw new TypeError(
        `others than its owner can write it (mode ${(mode & 0o777).toString(8)}), so they could ` +
          "let in whom they like; chmod 600 it",
      );
    }
    const text = await readText(file);
    const isReadable = (mode & READ_BY_OTHERS) !== 0;
    return { records: parseTokenList(text), stamp: stampOf(facts), isReadable };
  } catch (error) {
    throw new TokenFileError(`Cannot use token file "${path}": ${problemOf(error, path)}`);
  }
}

/**
 * What a token file looks like from outside; empty, which nothing is the same as, when it was changed
 * just now.
 *
 * @throws What the system says when it cannot be looked at.
 */
export async function tokenFileStamp(path: string): Promise<string> {
  return stampOf(await Deno.stat(path));
}

function stampOf({ dev, ino, size, mode, mtime, ctime }: Deno.FileInfo): string {
  const changedMs = Math.max(mtime?.getTime() ?? 0, ctime?.getTime() ?? 0);
  if (Math.abs(Date.now() - changedMs) < FRESH_MS) return "";
  return [dev, ino, size, mode, mtime?.getTime(), ctime?.getTime()].join(" ");
}

async function readText(file: Deno.FsFile): Promise<string> {
  const bytes = new Uint8Array(TOKEN_FILE_BYTES_MAX + 1);
  let length = 0;
  for (let count = await file.read(bytes); count !== null && count > 0;) {
    length += count;
    count = await file.read(bytes.subarray(length));
  }
  if (length > TOKEN_FILE_BYTES_MAX) {
    throw new TypeError(`it has more than ${TOKEN_FILE_BYTES_MAX} bytes`);
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

function problemOf(error: unknown, path: string): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `permission --allow-read="${path}" was not given to deno run`;
  }
  if (error instanceof Deno.errors.NotFound) {
    return "there is no such file; clasp-fed token create makes it";
  }
  return error instanceof Error ? error.message : String(error);
}
