import { PersistError } from "./persist_error.ts";

/**
 * Keeps two routers from writing one state file. The lock is the system's, on a file beside it that
 * is empty and stays: it ends with the process, however that ends, and the state file itself is
 * another one after each saving.
 */
export class StateFileLock {
  readonly #file: Deno.FsFile;

  /**
   * Takes the lock, or fails at once.
   *
   * @throws {PersistError} when another router has it
   * @throws when the system does not let it be made
   */
  constructor(path: string) {
    const file = Deno.openSync(`${path}.lock`, { read: true, write: true, create: true });
    let isTaken = false;
    try {
      isTaken = file.tryLockSync(true);
    } finally {
      if (!isTaken) file.close();
    }
    if (!isTaken) {
      throw new PersistError(
        `Cannot keep params in "${path}": another router does, which is running; ` +
          "give each its own file, or stop that one",
      );
    }
    this.#file = file;
  }

  /** Gives it back. */
  release(): void {
    this.#file.close();
  }
}
