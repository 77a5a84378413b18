import {
  PERSIST_INTERVAL_SECONDS,
  PERSIST_INTERVAL_SECONDS_MAX,
  PERSIST_RETRY_MS,
} from "../limits.ts";
import { isLocal, isReserved } from "../router/reserved.ts";
import { CountingParamStore } from "../state/counting_param_store.ts";
import { MapParamStore } from "../state/map_param_store.ts";
import type { Param } from "../state/param_store.ts";
import type { RouterIdentity, StateFileHeader } from "../state/state_file.ts";
import { LOG } from "./log.ts";
import { PersistError } from "./persist_error.ts";
import { RepeatLimit } from "./repeat_limit.ts";
import { directoryOf, StateDisk } from "./state_disk.ts";
import { type LoadedStateFile, loadStateFile } from "./load_state_file.ts";
import { StateFileLock } from "./state_file_lock.ts";

/** Where a router keeps its params over a restart. */
export interface PersistConfig {
  /** The state file. Its directory must be there. */
  readonly path: string;
  /** From the end of one saving to the next, milliseconds; nothing is written when nothing changed. */
  readonly intervalMs?: number;
}

/** How far the file of a router is behind. */
export interface PersistStatus {
  /** The state file. */
  readonly path: string;
  /** Whether all that is kept is in the file. */
  readonly isSaved: boolean;
  /** Why the last saving failed; undefined when it did not. */
  readonly problem: string | undefined;
}

/**
 * Keeps the params of a router in a file: reads it when it is made, writes it now and then when
 * something has changed, and once more when it is stopped.
 *
 * All that is mirrored is kept, whoever owns it, so that a site which starts alone has the show;
 * tombstones too, or what expired would come back. The link to the hub is not, nor are locks and
 * sessions: they end with the process.
 */
export class ParamKeeper {
  /** What was read, and what the router has since. */
  readonly store: CountingParamStore = new CountingParamStore(
    new MapParamStore(),
    // What routers tell of their links changes all the time and is no reason to write a file.
    (address) => !isReserved(address),
  );
  readonly #disk: StateDisk;
  readonly #intervalMs: number;
  readonly #identity: RouterIdentity;
  readonly #repeats = new RepeatLimit(() => performance.now());
  #lock: StateFileLock | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Changes that are in the file; -1 when the file is to be written whatever has changed. */
  #savedChanges = -1;
  #hasDamagedFile = false;
  #isStopping = false;
  #problem: string | undefined;
  #saving: Promise<void> | undefined;

  /**
   * Takes the file's lock and reads it.
   *
   * @throws {PersistError} when a permission is missing, another router has the file, it is a newer
   * version's or another router's, or it cannot be read
   * @throws {RangeError} when the interval is out of bounds
   */
  constructor(
    { path, intervalMs = PERSIST_INTERVAL_SECONDS * 1_000 }: PersistConfig,
    identity: RouterIdentity,
  ) {
    checkInterval(intervalMs);
    checkPermissions(path);
    this.#disk = new StateDisk(path);
    this.#intervalMs = intervalMs;
    this.#identity = identity;
    const lockProblem = this.#takeLock();
    try {
      const loaded = loadStateFile(this.#disk, { store: this.store, identity });
      if (loaded === "whole") this.#savedChanges = this.store.changes;
      if (lockProblem !== undefined) this.#cannotLock(lockProblem, loaded);
      if (loaded === "damaged") this.#keepDamaged();
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** How far the file is behind. */
  get status(): PersistStatus {
    const { path } = this.#disk;
    return { path, isSaved: !this.#isDue, problem: this.#problem };
  }

  /** Saves from now on; the first time at once when there is no whole file yet. */
  start(): void {
    if (this.#savedChanges < 0) this.save();
    else this.#plan(this.#intervalMs);
  }

  /**
   * Saves what has changed since the last saving. One that goes on meanwhile is waited for first. It
   * never rejects: a failure is logged, shown in `status`, and tried again.
   */
  save(): Promise<void> {
    const before = this.#saving;
    const saving = (async () => {
      await before;
      if (this.#isDue) await this.#saveNow();
    })();
    this.#saving = saving;
    return saving;
  }

  /**
   * Saves for the last time, and gives the file free.
   *
   * @throws {PersistError} when it could not be saved
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    await this.save();
    this.release();
    if (!this.#isDue) return;
    throw new PersistError(`Cannot save params to "${this.#disk.path}": ${this.#problem}`);
  }

  /** Gives the file free. */
  release(): void {
    this.#lock?.release();
    this.#lock = undefined;
  }

  get #isDue(): boolean {
    return this.store.changes !== this.#savedChanges;
  }

  async #saveNow(): Promise<void> {
    const startMs = performance.now();
    const { changes } = this.store;
    const { path } = this.#disk;
    try {
      this.#makeRoom();
      const saved = await this.#disk.save(this.#kept(), this.#header());
      this.#savedChanges = changes;
      this.#saved({ ...saved, durationMs: Math.round(performance.now() - startMs) });
    } catch (error) {
      this.#problem = messageOf(error);
      const repeat = this.#repeats.take("save");
      if (repeat !== undefined) {
        const text =
          'Cannot save params to "{path}", its last version stays: {reason}; make room, or ' +
          "mend the permissions: it is tried again{more}";
        LOG.error(text, {
          event: "persist-failed",
          path,
          reason: this.#problem,
          ...repeat,
        });
      }
    }
    this.#plan(
      this.#problem === undefined ? this.#intervalMs : Math.min(this.#intervalMs, PERSIST_RETRY_MS),
    );
  }

  #saved(
    facts: { readonly records: number; readonly bytes: number; readonly durationMs: number },
  ): void {
    const wasFailing = this.#problem !== undefined;
    this.#problem = undefined;
    this.#repeats.forget("save");
    const properties = { event: "persisted", path: this.#disk.path, ...facts };
    const text = 'Saved {records} params to "{path}", {bytes} bytes in {durationMs} ms';
    if (wasFailing) LOG.info(text, properties);
    else LOG.debug(text, properties);
  }

  #plan(delayMs: number): void {
    clearTimeout(this.#timer);
    // Else the last saving but one would bring another one after the last.
    if (this.#isStopping) return;
    this.#timer = setTimeout(() => {
      if (this.#isDue) this.save();
      else this.#plan(this.#intervalMs);
    }, delayMs);
  }

  /** What could not be done at the start: the directory may be written by now. */
  #makeRoom(): void {
    this.#lock ??= new StateFileLock(this.#disk.path);
    if (this.#hasDamagedFile) this.#keepAside();
  }

  #keepDamaged(): void {
    this.#hasDamagedFile = true;
    try {
      this.#keepAside();
    } catch (error) {
      this.#problem = messageOf(error);
      LOG.error(
        "No copy of the damaged state file can be kept yet, so nothing is saved: {reason}; let the " +
          "router write to its directory",
        {
          event: "persist-failed",
          path: this.#disk.path,
          reason: this.#problem,
        },
      );
    }
  }

  #keepAside(): void {
    const path = this.#disk.keepAside(Date.now());
    this.#hasDamagedFile = false;
    LOG.error('The damaged state file is kept as "{path}"; remove it when nobody needs it', {
      event: "state-file-kept",
      path,
    });
  }

  /** Nothing is lost yet when there is no file: then a wrong path is to be noticed at once. */
  #cannotLock(reason: string, loaded: LoadedStateFile): void {
    const { path } = this.#disk;
    if (loaded === "none") throw new PersistError(`Cannot keep params in "${path}": ${reason}`);
    // A disk that has become read-only must not cost the show.
    this.#problem = reason;
    LOG.error(
      'Params were read from "{path}", but cannot be saved there now: {reason}; mend that, it is ' +
        "tried again",
      { event: "persist-failed", path, reason },
    );
  }

  *#kept(): Iterator<Param, undefined> {
    const walk = this.store.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      if (!isLocal(next.value.address)) yield next.value;
    }
    return undefined;
  }

  #header(): StateFileHeader {
    return { ...this.#identity, savedMs: Date.now() };
  }

  /** Returns what the system said when the lock cannot be made. */
  #takeLock(): string | undefined {
    const { path } = this.#disk;
    try {
      this.#lock = new StateFileLock(path);
      return undefined;
    } catch (error) {
      if (error instanceof PersistError) throw error;
      const isMissing = error instanceof Deno.errors.NotFound;
      return isMissing ? `there is no directory "${directoryOf(path)}"` : messageOf(error);
    }
  }
}

function checkInterval(intervalMs: number): void {
  const maxMs = PERSIST_INTERVAL_SECONDS_MAX * 1_000;
  if (Number.isFinite(intervalMs) && intervalMs >= 1 && intervalMs <= maxMs) return;
  throw new RangeError(`Cannot save params every ${intervalMs} ms: 1 to ${maxMs} are allowed`);
}

/** Asked for at once, and for the directory: files beside the state file are made later. */
function checkPermissions(path: string): void {
  const directory = directoryOf(path);
  const missing = (["read", "write"] as const).filter((name) =>
    Deno.permissions.querySync({ name, path: directory }).state !== "granted"
  );
  if (missing.length === 0) return;
  const flags = missing.map((name) => `--allow-${name}="${directory}"`).join(" ");
  throw new PersistError(
    `Cannot keep params in "${path}": ` +
      (Deno.build.standalone
        ? `this program was compiled without ${flags}`
        : `permission was not given; add ${flags} to deno run`),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
