import { PEM_FILE_BYTES_MAX } from "../limits.ts";
import { CommandError } from "./command_error.ts";
import { fileProblem } from "./file_problem.ts";

const EVERYBODY = 0o004;

/** A file that a flag names, and whether every user of this machine can read it. */
export interface PemFile {
  readonly text: string;
  readonly isPublic: boolean;
}

/**
 * Reads a file with certificates or a key.
 *
 * @throws {CommandError} when it cannot be read, with the permission that is missing if it is that
 */
export async function readPemFile(flag: string, path: string): Promise<PemFile> {
  try {
    using file = await Deno.open(path, { read: true });
    const { mode } = await file.stat();
    const bytes = new Uint8Array(PEM_FILE_BYTES_MAX + 1);
    let length = 0;
    for (let count = await file.read(bytes); count !== null && count > 0;) {
      length += count;
      count = await file.read(bytes.subarray(length));
    }
    if (length > PEM_FILE_BYTES_MAX) {
      throw new RangeError(`it has more than ${PEM_FILE_BYTES_MAX} bytes`);
    }
    return {
      text: new TextDecoder().decode(bytes.subarray(0, length)),
      isPublic: mode !== null && (mode & EVERYBODY) !== 0,
    };
  } catch (error) {
    const problem = fileProblem(error, `--allow-read="${path}"`);
    throw new CommandError(`Cannot read --${flag} from file "${path}": ${problem}`);
  }
}
