import type { Param } from "../state/param_store.ts";
import { isLive, type LiveVersion, type Version } from "../state/version.ts";
import type { OutboxLane } from "./outbox.ts";
import { ParamChange } from "./param_change.ts";
import { PendingAddresses } from "./pending_addresses.ts";
import { SnapshotBatch } from "./snapshot_batch.ts";

/** Addresses looked at in one go, wanted or not, so that a scan never holds up the event loop. */
const LOOKED_AT_PER_CALL = 5_000;
const NOTHING_YET = new Uint8Array(0);

/** What a {@linkcode ConflatedParams} is given. */
export interface ConflatedParamsOptions {
  /** What is kept of an address now. */
  readonly get: (address: string) => Version | undefined;
  /** Whether the client is to be told of an address, still. */
  readonly isWanted: (address: string) => boolean;
  /** A value that waited is being sent. */
  readonly sent?: (address: string, version: LiveVersion) => void;
  /** Params that the router may keep. */
  readonly paramsMax: number;
}

/**
 * The params that changed while a client was behind. Only their addresses are kept; each is sent once,
 * in the version that is the newest then. What has expired meanwhile is left out, for CLASP has no
 * message for it.
 */
export class ConflatedParams implements OutboxLane {
  readonly #options: ConflatedParamsOptions;
  readonly #addresses: PendingAddresses;
  /** While any wait: it keeps the bytes of the largest one. */
  #batch: SnapshotBatch | undefined;

  constructor(options: ConflatedParamsOptions) {
    this.#options = options;
    this.#addresses = new PendingAddresses({
      addressesMax: 2 * options.paramsMax,
      isUseful: (address) => isLive(options.get(address)),
    });
  }

  get isEmpty(): boolean {
    return this.#addresses.size === 0;
  }

  add(address: string): boolean {
    const waits = this.#addresses.has(address);
    if (!waits) this.#addresses.add(address);
    return waits;
  }

  next(): Uint8Array | undefined {
    if (this.isEmpty) return undefined;
    const batch = this.#batch ??= new SnapshotBatch();
    let last: Param | undefined;
    let lookedAt = 0;
    for (const address of this.#addresses) {
      if (lookedAt++ >= LOOKED_AT_PER_CALL) break;
      const version = this.#newest(address);
      if (version !== undefined && !batch.add(address, version)) break;
      this.#addresses.delete(address);
      if (version === undefined) continue;
      last = { address, version };
      this.#options.sent?.(address, version);
    }
    if (this.isEmpty) this.#batch = undefined;
    if (last === undefined) return this.isEmpty ? undefined : NOTHING_YET;
    const isOne = batch.length === 1;
    const snapshot = batch.take();
    // A SNAPSHOT of one param looks like the answer to a GET, and has no TTL.
    return isOne ? frameOf(last) : snapshot;
  }

  /** Takes one address out: its newest value as SET, if it waits and there is one. */
  take(address: string): Uint8Array | undefined {
    const version = this.#addresses.delete(address) ? this.#newest(address) : undefined;
    if (version === undefined) return undefined;
    this.#options.sent?.(address, version);
    return frameOf({ address, version });
  }

  #newest(address: string): LiveVersion | undefined {
    const version = this.#options.get(address);
    return isLive(version) && this.#options.isWanted(address) ? version : undefined;
  }
}

function frameOf({ address, version }: Param): Uint8Array {
  return new ParamChange(address, version, { raised: false }).clientFrame();
}
