import type { ByteSource } from "../state/state_file_reader.ts";

const CHUNK_BYTES = 1_048_576;

/** A file that is read from its start to its end. */
export interface FileByteSource extends ByteSource {
  /** What the system said when it could not read on; the bytes end there. */
  readonly problem: string | undefined;
  close(): void;
}

/**
 * Opens a file to be read; undefined when there is none.
 *
 * @throws when the system does not let it be opened, or it is no file
 */
export function openByteSource(path: string): FileByteSource | undefined {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  if (file.statSync().isFile) return new FileSource(file);
  file.close();
  throw new TypeError("it is not a file");
}

class FileSource implements FileByteSource {
  readonly #file: Deno.FsFile;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #start = 0;
  #end = 0;
  #problem: string | undefined;

  constructor(file: Deno.FsFile) {
    this.#file = file;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  read(length: number): Uint8Array {
    if (this.#end - this.#start < length) this.#fill(length);
    const bytes = this.#chunk.subarray(this.#start, Math.min(this.#start + length, this.#end));
    this.#start += bytes.length;
    return bytes;
  }

  close(): void {
    this.#file.close();
  }

  /** Has this many bytes in the chunk, or all that are left. Nobody asks for more than a block. */
  #fill(length: number): void {
    this.#chunk.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    while (this.#end < length) {
      const count = this.#readOn();
      if (count === 0) return;
      this.#end += count;
    }
  }

  // A sector that is gone must not cost the rest of the show.
  #readOn(): number {
    if (this.#problem !== undefined) return 0;
    try {
      return this.#file.readSync(this.#chunk.subarray(this.#end)) ?? 0;
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      return 0;
    }
  }
}
