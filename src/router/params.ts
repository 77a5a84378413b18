import { ADDRESS_BYTES_MAX } from "../limits.ts";
import type { Locks } from "../state/locks.ts";
import type { ParamStore } from "../state/param_store.ts";
import { mergeVersion, type Version } from "../state/version.ts";
import type { EncodedValue } from "../wire/message.ts";
import { valueDataBytesMax } from "../wire/value_codec.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";
import { type ChangeCause, ParamChange } from "./param_change.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** A write that this router is to decide on. */
export interface Write {
  readonly address: string;
  readonly value: EncodedValue;
  /** The revision it expects to replace; 0: the address must be new. */
  readonly expectedRevision?: number | undefined;
  readonly lock?: boolean | undefined;
  readonly unlock?: boolean | undefined;
  /** As on the wire; absent for the router's default. */
  readonly ttl?: number | undefined;
  /** Who locks and unlocks for this writer. */
  readonly holder: string;
  /** What the requesting router knew, which the stamp must exceed. */
  readonly known?: { readonly timestampMicros: number; readonly revision: number } | undefined;
  /** The link that hears of it by the answer to its request. */
  readonly except?: Subscriber | undefined;
}

/** What became of a version that a peer sent. */
export type MergeOutcome = "kept" | "applied" | "full";

const PARAM_TYPE = 1;

/** How {@linkcode Params} is set up. */
export interface ParamsOptions {
  readonly store: ParamStore;
  readonly locks: Locks;
  readonly subscriptions: Subscriptions;
  readonly routerId: string;
  /** Addresses kept at most: new ones are refused, none is evicted. */
  readonly paramsMax: number;
  /** TTL of writes that name none, as on the wire. */
  readonly defaultTtl: number;
  /** Federation time. */
  readonly timeMicros: () => number;
}

/** The params of a router: decides writes, stamps and merges versions, tells subscribers. */
export class Params {
  readonly #options: ParamsOptions;

  constructor(options: ParamsOptions) {
    this.#options = options;
  }

  /** Params kept. */
  get size(): number {
    return this.#options.store.size;
  }

  get store(): ParamStore {
    return this.#options.store;
  }

  get(address: string): Version | undefined {
    return this.#options.store.get(address);
  }

  /**
   * Why a write cannot be done, or undefined. Changes nothing.
   *
   * `earlier` tells what went before in the same bundle: writes to this address and new addresses.
   */
  problem(
    write: Write,
    earlier: { readonly sameAddress: number; readonly newAddresses: number } = NOTHING_EARLIER,
  ): Refusal | undefined {
    const { address } = write;
    const tooLarge = this.valueProblem(address, write.value);
    if (tooLarge !== undefined) return tooLarge;
    const known = this.get(address);
    const holder = this.#options.locks.holder(address);
    if (holder !== undefined && holder !== write.holder) {
      return {
        code: ERROR_CODE.lockHeld,
        message: `Cannot set "${address}": it is locked by ${holder}`,
        address,
      };
    }
    const revision = (known?.revision ?? 0) + earlier.sameAddress;
    if (write.expectedRevision !== undefined && write.expectedRevision !== revision) {
      return {
        code: ERROR_CODE.revisionConflict,
        message: `Cannot set "${address}": revision ${write.expectedRevision} expected, ` +
          `it is ${revision}`,
        address,
      };
    }
    const isNew = known === undefined && earlier.sameAddress === 0;
    if (isNew && this.size + earlier.newAddresses >= this.#options.paramsMax) {
      return this.#full(address);
    }
    return undefined;
  }

  /** Why a value does not fit every frame it would travel in, or undefined. */
  valueProblem(address: string, value: EncodedValue): Refusal | undefined {
    if (value.length <= FITS_ANY_ADDRESS_BYTES) return undefined;
    const bytesMax = valueDataBytesMax(ENCODER.encode(address).length);
    if (value.length <= bytesMax) return undefined;
    return {
      code: ERROR_CODE.invalidValue,
      message: `Cannot set "${address}": its value has ${value.length} bytes encoded, ` +
        `at most ${bytesMax} fit a frame with this address`,
      address,
    };
  }

  /** Stamps and applies a write for which `problem` found nothing. Returns the version made. */
  stamp(write: Write): Version {
    const { store, locks, routerId, defaultTtl } = this.#options;
    const { address, known: requesterKnown } = write;
    const known = store.get(address);
    const knownTimestamp = Math.max(
      known?.timestampMicros ?? 0,
      requesterKnown?.timestampMicros ?? 0,
    );
    const version: Version = {
      value: write.value,
      revision: Math.max(known?.revision ?? 0, requesterKnown?.revision ?? 0) + 1,
      timestampMicros: Math.max(this.#options.timeMicros(), knownTimestamp + 1),
      origin: routerId,
      ttl: write.ttl ?? defaultTtl,
    };
    if (write.lock) locks.acquire(address, write.holder);
    if (write.unlock) locks.release(address, write.holder);
    this.#apply(address, version, { except: write.except, raised: false });
    return version;
  }

  /** Merges a version that came by a link. */
  merge(
    address: string,
    incoming: Version,
    cause: { readonly from: Subscriber; readonly except?: Subscriber | undefined },
  ): MergeOutcome {
    const known = this.get(address);
    if (known === undefined && this.size >= this.#options.paramsMax) return "full";
    const merge = mergeVersion(known, incoming);
    switch (merge.kind) {
      case "kept":
        return "kept";
      case "taken":
      case "raised":
        this.#apply(address, merge.version, { ...cause, raised: merge.kind === "raised" });
        return "applied";
    }
  }

  #apply(address: string, version: Version, cause: ChangeCause): void {
    this.#options.store.put(address, version);
    const change = new ParamChange(address, version, cause);
    const { from, except } = cause;
    let senderTold = false;
    for (const { subscriber, types } of this.#options.subscriptions.targets(address)) {
      if ((types & PARAM_TYPE) === 0) continue;
      if (!cause.raised && (subscriber === from || subscriber === except)) continue;
      if (subscriber === from) senderTold = true;
      subscriber.paramChanged(change);
    }
    // A raised revision is news to its sender too, subscribed or not.
    if (cause.raised && !senderTold) from?.paramChanged(change);
  }

  #full(address: string): Refusal {
    const { paramsMax } = this.#options;
    return {
      code: ERROR_CODE.overload,
      message: `Cannot set "${address}": the router keeps ${paramsMax} params, its limit`,
      address,
    };
  }
}

const FITS_ANY_ADDRESS_BYTES = valueDataBytesMax(ADDRESS_BYTES_MAX);
const ENCODER = new TextEncoder();
const NOTHING_EARLIER = { sameAddress: 0, newAddresses: 0 } as const;
