import type { ParamStore } from "../state/param_store.ts";
import type { RouterIdentity, StateFileHeader } from "../state/state_file.ts";
import { LOG } from "./log.ts";
import { PersistError } from "./persist_error.ts";
import type { LoadedState, StateDisk } from "./state_disk.ts";

/** What was found; of a damaged file, its whole parts were taken. */
export type LoadedStateFile = "none" | "whole" | "damaged";

/**
 * Reads a router's state file into its store, and logs what it found.
 *
 * A router starts with what is left of a damaged file: that is no worse than what a router has which
 * was away for long, and others bring the rest. A show does not wait.
 *
 * @throws {PersistError} when it cannot be read, a newer version wrote it, or another router did
 */
export function loadStateFile(
  disk: StateDisk,
  { store, identity }: { readonly store: ParamStore; readonly identity: RouterIdentity },
): LoadedStateFile {
  const { path } = disk;
  const loaded = read(disk, { store, identity });
  switch (loaded.kind) {
    case "none":
      LOG.info('There is no state file "{path}" yet: starting without params', {
        event: "state-file-new",
        path,
      });
      return "none";
    case "newer":
      // Not set aside: the version that wrote it may be started again, and is to find it.
      throw new PersistError(
        `Cannot use state file "${path}": it has format version ${loaded.version}, which a newer ` +
          "clasp-fed wrote; start that one, or name another file",
      );
    case "damaged":
      return damaged(path, { problem: loaded.problem, records: 0 });
    case "read":
      if (loaded.problem !== undefined) {
        return damaged(path, { problem: loaded.problem, records: loaded.records });
      }
      LOG.info('Read {records} params from "{path}", saved at {savedAt}', {
        event: "state-file-read",
        path,
        records: loaded.records,
        savedAt: timeText(loaded.header.savedMs),
      });
      return "whole";
  }
}

function read(
  disk: StateDisk,
  { store, identity }: { readonly store: ParamStore; readonly identity: RouterIdentity },
): LoadedState {
  const { path } = disk;
  try {
    return disk.load(
      ({ address, version }) => store.put(address, version),
      (header) => checkWriter(path, { header, identity }),
    );
  } catch (error) {
    if (error instanceof PersistError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PersistError(`Cannot read params from "${path}": ${reason}`);
  }
}

/** Two configured ids that differ: the wrong file, or a disk that was copied from another site. */
function checkWriter(
  path: string,
  { header, identity }: { readonly header: StateFileHeader; readonly identity: RouterIdentity },
): void {
  const isSame = header.routerId === identity.routerId;
  if (isSame || !header.isNamed || !identity.isNamed) return;
  throw new PersistError(
    `Cannot use state file "${path}": router "${header.routerId}" wrote it, and this is ` +
      `"${identity.routerId}"; name another file, move this one away, or start as ` +
      `"${header.routerId}"`,
  );
}

function damaged(
  path: string,
  facts: { readonly problem: string; readonly records: number },
): "damaged" {
  LOG.error(
    'State file "{path}" is damaged: {problem}. Starting with the {records} params that are whole; ' +
      "what other routers have comes from them",
    { event: "state-file-damaged", path, ...facts },
  );
  return "damaged";
}

function timeText(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? "an unknown time" : time.toISOString();
}
