import type { Param } from "../state/param_store.ts";
import type { StateFileHeader } from "../state/state_file.ts";
import { StateFileReader, type StateFileStart } from "../state/state_file_reader.ts";
import { StateFileWriter } from "../state/state_file_writer.ts";
import { openByteSource } from "./file_byte_source.ts";

/** What a state file had. */
export type LoadedState =
  /** There is none. */
  | { readonly kind: "none" }
  | Exclude<StateFileStart, { readonly kind: "known" }>
  | {
    readonly kind: "read";
    readonly header: StateFileHeader;
    readonly records: number;
    /** What is wrong with it; what was read of it is right all the same. */
    readonly problem?: string | undefined;
  };

/** What became of a saving. */
export interface SavedState {
  readonly records: number;
  readonly bytes: number;
}

/** The files in which a router keeps its params: the state file, and those beside it. */
export class StateDisk {
  readonly path: string;
  readonly #temporary: string;

  constructor(path: string) {
    this.path = path;
    this.#temporary = `${path}.tmp`;
  }

  /**
   * Reads the file, at once: a router does nothing before.
   *
   * @param check Called when it is known who wrote it; what it throws is thrown.
   * @throws when the system does not let it be read
   */
  load(put: (param: Param) => void, check: (header: StateFileHeader) => void): LoadedState {
    const source = openByteSource(this.path);
    if (source === undefined) return { kind: "none" };
    try {
      const reader = new StateFileReader(source);
      const start = reader.start();
      if (start.kind !== "known") return start;
      check(start.header);
      const { records, problem } = reader.params(put);
      return { kind: "read", header: start.header, records, problem: source.problem ?? problem };
    } finally {
      source.close();
    }
  }

  /**
   * Gives the file a second name that no file has, so that it can be looked at later. It stays where
   * it is until a whole one takes its place: a router that dies meanwhile finds it again.
   *
   * @returns That name.
   * @throws when the system does not let it be done
   */
  keepAside(nowMs: number): string {
    const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
    for (let count = 1;; count++) {
      const path = `${this.path}.damaged-${time}${count === 1 ? "" : `-${count}`}`;
      if (exists(path)) continue;
      try {
        Deno.linkSync(this.path, path);
      } catch {
        // Not every file system has hard links.
        Deno.copyFileSync(this.path, path);
      }
      return path;
    }
  }

  /**
   * Writes a new file in place of the old one: at any moment, also when the machine loses power, one
   * of the two is there, whole. One block of params is made in a turn of the event loop.
   *
   * @throws when the system does not let it be written; the old file stays
   */
  async save(walk: Iterator<Param, undefined>, header: StateFileHeader): Promise<SavedState> {
    try {
      const saved = await this.#write(walk, header);
      await Deno.rename(this.#temporary, this.path);
      await syncDirectory(directoryOf(this.path));
      return saved;
    } catch (error) {
      // What is half done takes room on a disk that may be full.
      await Deno.remove(this.#temporary).catch(() => {});
      throw error;
    }
  }

  async #write(walk: Iterator<Param, undefined>, header: StateFileHeader): Promise<SavedState> {
    const file = await Deno.open(this.#temporary, { write: true, create: true, truncate: true });
    try {
      const writer = new StateFileWriter();
      let bytes = await writeAll(file, writer.header(header));
      for (let block = writer.block(walk); block !== undefined; block = writer.block(walk)) {
        bytes += await writeAll(file, block);
      }
      bytes += await writeAll(file, writer.end());
      await file.sync();
      return { records: writer.records, bytes };
    } finally {
      file.close();
    }
  }
}

/** The directory of a file, as it is written in its path. */
export function directoryOf(path: string): string {
  const separators = Deno.build.os === "windows" ? /[/\\][^/\\]*$/ : /\/[^/]*$/;
  const at = path.search(separators);
  if (at < 0) return ".";
  return at === 0 ? path.slice(0, 1) : path.slice(0, at);
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<number> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  return bytes.length;
}

/** The rename itself is on the disk only when its directory is; Windows has no such call. */
async function syncDirectory(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  using directory = await Deno.open(path);
  await directory.sync();
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
