import { formatTokenList } from "../../auth/token_list.ts";
import type { TokenRecord } from "../../auth/token_record.ts";
import { TOKEN_FILE_BYTES_MAX } from "../../limits.ts";
import { directoryOf } from "../state_disk.ts";
import { readTokenFile } from "./read_token_file.ts";
import { TokenFileError } from "./token_file_error.ts";

const OWNER_ONLY = 0o600;

/**
 * Changes a token file; one that is not there counts as empty. At any moment the old file or the new
 * one is there, whole, and only its owner can read it. Two changes at once never lose each other.
 *
 * @param change Gives the new records back, or the old ones, and then nothing is written. What it
 * throws is thrown.
 * @throws {TokenFileError} If it cannot be read or written; then nothing has changed.
 */
export async function changeTokenFile(
  path: string,
  change: (records: readonly TokenRecord[]) => readonly TokenRecord[],
): Promise<void> {
  let isRefused = false;
  const changeOnce = (records: readonly TokenRecord[]): readonly TokenRecord[] => {
    isRefused = true;
    const changed = change(records);
    isRefused = false;
    return changed;
  };
  try {
    using lock = await Deno.open(`${path}.lock`, { read: true, write: true, create: true });
    if (!await lock.tryLock(true)) {
      throw new TokenFileError(
        `Cannot change token file "${path}": another command is changing it; try again`,
      );
    }
    await changeLocked(path, changeOnce);
  } catch (error) {
    if (error instanceof TokenFileError || isRefused) throw error;
    throw new TokenFileError(`Cannot write token file "${path}": ${problemOf(error, path)}`);
  }
}

async function changeLocked(
  path: string,
  change: (records: readonly TokenRecord[]) => readonly TokenRecord[],
): Promise<void> {
  const old = await statOrNothing(path);
  const before = old === undefined ? [] : (await readTokenFile(path)).records;
  const after = change(before);
  if (after === before) return;
  const bytes = new TextEncoder().encode(formatTokenList(after));
  if (bytes.length > TOKEN_FILE_BYTES_MAX) {
    throw new TypeError(`it would have more than ${TOKEN_FILE_BYTES_MAX} bytes`);
  }
  // A link stays a link.
  await replace(old === undefined ? path : await Deno.realPath(path), { bytes, old });
}

async function replace(
  path: string,
  { bytes, old }: {
    readonly bytes: Uint8Array;
    readonly old: Deno.FileInfo | undefined;
  },
): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    {
      using file = await Deno.open(temporary, { write: true, createNew: true, mode: OWNER_ONLY });
      for (let written = 0; written < bytes.length;) {
        written += await file.write(bytes.subarray(written));
      }
      await file.sync();
      await keepOwner(temporary, { file, old });
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** The router that reads the file may run as another user than who changes it, as root for one. */
async function keepOwner(
  path: string,
  { file, old }: { readonly file: Deno.FsFile; readonly old: Deno.FileInfo | undefined },
): Promise<void> {
  const { uid } = await file.stat();
  if (old === undefined || old.uid === uid) return;
  await Deno.chown(path, old.uid, old.gid);
}

async function statOrNothing(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function problemOf(error: unknown, path: string): string {
  const directory = directoryOf(path);
  if (error instanceof Deno.errors.NotCapable) {
    return `permission --allow-read="${directory}" --allow-write="${directory}" ` +
      "was not given to deno run";
  }
  if (error instanceof Deno.errors.NotFound) return `there is no directory "${directory}"`;
  return error instanceof Error ? error.message : String(error);
}
