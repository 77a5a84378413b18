import { matches, type Pattern } from "../address/pattern.ts";
import type { Param, ParamStore } from "../state/param_store.ts";
import { isLive, type LiveVersion } from "../state/version.ts";
import { encodeFrame } from "../wire/frame.ts";
import type { Message } from "../wire/message.ts";
import type { OutboxSource } from "./outbox.ts";
import { SnapshotBatch } from "./snapshot_batch.ts";

/** Params looked at in one go, matching or not, so that a scan never holds up the event loop. */
const SCANNED_PER_CALL = 5_000;
const NOTHING_YET = new Uint8Array(0);

/** How a {@linkcode SnapshotSource} is set up. */
export interface SnapshotOptions {
  /** Tombstones in it are left out. */
  readonly store: Pick<ParamStore, "get" | "walk">;
  /** Absent: everything. */
  readonly pattern?: Pattern | undefined;
  /** Further condition; absent: none. */
  readonly filter?: ((param: Param) => boolean) | undefined;
  /** Send one empty SNAPSHOT when nothing matches. */
  readonly evenIfEmpty: boolean;
  /** Sent last. */
  readonly then?: Message | undefined;
  /** Told of each param that it sends. */
  readonly taken?: ((address: string, version: LiveVersion) => void) | undefined;
}

/**
 * SNAPSHOT messages for all params that match a pattern, each small enough for a frame, made one at
 * a time. Each param is taken in its newest version at the moment its chunk is made.
 */
export class SnapshotSource implements OutboxSource {
  readonly #options: SnapshotOptions;
  /** Made when it is needed: many may wait. */
  #batch: SnapshotBatch | undefined;
  #walk: Iterator<Param, undefined> | undefined;
  #heldBackAddress: string | undefined;
  #emptySent: boolean;
  #thenSent = false;

  constructor(options: SnapshotOptions) {
    this.#options = options;
    this.#emptySent = !options.evenIfEmpty;
    this.#walk = walkOf(options);
  }

  next(): Uint8Array | undefined {
    if (this.#walk !== undefined) {
      const batch = this.#collect(this.#walk);
      if (batch.length > 0) return this.#take(batch);
      if (this.#walk !== undefined) return NOTHING_YET;
    }
    if (!this.#emptySent) return this.#take(this.#batch ??= new SnapshotBatch());
    if (this.#thenSent || this.#options.then === undefined) return undefined;
    this.#thenSent = true;
    return encodeFrame(this.#options.then);
  }

  #collect(walk: Iterator<Param, undefined>): SnapshotBatch {
    const { pattern, filter } = this.#options;
    const batch = this.#batch ??= new SnapshotBatch();
    for (let scanned = 0; scanned < SCANNED_PER_CALL; scanned++) {
      const param = this.#takeHeldBack() ?? walk.next().value;
      if (param === undefined) {
        this.#walk = undefined;
        break;
      }
      const { address, version } = param;
      if (!isLive(version)) continue;
      if (filter !== undefined && !filter({ address, version })) continue;
      if (pattern !== undefined && !pattern.isLiteral && !matches(pattern, address)) continue;
      if (!batch.add(address, version)) {
        this.#heldBackAddress = address;
        break;
      }
      this.#options.taken?.(address, version);
    }
    return batch;
  }

  // Looked up anew: it may have changed since, and an older version must not follow a newer one.
  #takeHeldBack(): Param | undefined {
    const address = this.#heldBackAddress;
    if (address === undefined) return undefined;
    this.#heldBackAddress = undefined;
    const version = this.#options.store.get(address);
    return version === undefined ? undefined : { address, version };
  }

  #take(batch: SnapshotBatch): Uint8Array {
    this.#emptySent = true;
    return batch.take();
  }
}

function walkOf({ store, pattern }: SnapshotOptions): Iterator<Param, undefined> {
  return pattern?.isLiteral === true ? walkOne(store, pattern.text) : store.walk();
}

// Looked up when it is its turn, as in a walk of all: what is newer may have been sent meanwhile.
function* walkOne(
  store: Pick<ParamStore, "get" | "walk">,
  address: string,
): Iterator<Param, undefined> {
  const version = store.get(address);
  if (version !== undefined) yield { address, version };
  return undefined;
}
