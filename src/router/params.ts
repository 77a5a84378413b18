import { ADDRESS_BYTES_MAX, TOMBSTONES_MAX } from "../limits.ts";
import { LazyDigests } from "../state/lazy_digests.ts";
import type { Locks } from "../state/locks.ts";
import type { ParamSlot } from "../state/param_slot.ts";
import type { Param, ParamStore } from "../state/param_store.ts";
import {
  canBeFollowed,
  isLive,
  type LiveVersion,
  mergeVersion,
  tombstoneOf,
  type Version,
} from "../state/version.ts";
import { isSliding } from "../state/time_to_live.ts";
import type { FrameRange } from "../wire/frame_range.ts";
import type { EncodedValue } from "../wire/message.ts";
import { valueDataBytesMax } from "../wire/value_codec.ts";
import { ERROR_CODE, type Refusal } from "./error_code.ts";
import { type ChangeCause, ParamChange } from "./param_change.ts";
import { ParamExpiry } from "./param_expiry.ts";
import { ParamJournal } from "./param_journal.ts";
import { isLocal } from "./reserved.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Subscriptions, Target } from "./subscriptions.ts";

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
  /** Whose write it is, when that router cannot stamp it itself; absent: this router's. */
  readonly origin?: string | undefined;
  /** What the requesting router knew, which the stamp must exceed. */
  readonly known?: { readonly timestampMicros: number; readonly revision: number } | undefined;
  /** The link that hears of it by the answer to its request. */
  readonly except?: Subscriber | undefined;
}

/** How a version came by a link. */
export interface ArrivalCause<From extends Subscriber = Subscriber> {
  readonly from: From;
  /** Who is told by an answer of its own. */
  readonly except?: From | undefined;
  /** Its frame, if {@linkcode isPeerFrame} says so of it; valid until the call returns. */
  readonly frame?: FrameRange | undefined;
}

/** What became of a version that a peer sent. */
export type MergeOutcome = "kept" | "applied" | "full";

const PARAM_TYPE = 1;
const JUST_PAST_MICROS = 1_000;

/** How {@linkcode Params} is set up. */
export interface ParamsOptions {
  readonly store: ParamStore;
  readonly locks: Locks;
  readonly subscriptions: Subscriptions;
  readonly routerId: string;
  /** Addresses with a value kept at most: new ones are refused, none is evicted. */
  readonly paramsMax: number;
  /** Tombstones kept at most: the oldest goes first. Default: {@linkcode TOMBSTONES_MAX}. */
  readonly tombstonesMax?: number;
  /** TTL of writes that name none, as on the wire. */
  readonly defaultTtl: number;
  /** Federation time, or this router's own as long as it is not timed. */
  readonly timeMicros: () => number;
  /** Whether `timeMicros` was measured against the federation's. */
  readonly isTimed: () => boolean;
  /** Monotonic time. */
  readonly nowMicros: () => number;
  /** At least 0, below 1. */
  readonly random: () => number;
  /** Newest timestamp in the store; absent when it is empty. */
  readonly newestMicros?: number;
  /** Plans an action, milliseconds from now. */
  readonly after: (delayMs: number, action: () => void) => void;
}

/** The params of a router: decides writes, stamps and merges versions, tells subscribers. */
export class Params {
  /** What changed last, for who asks for more than the newest. */
  readonly journal: ParamJournal = new ParamJournal();
  readonly #options: ParamsOptions;
  /** What was stamped while this router was not timed, and when. */
  readonly #untimed = new Map<
    string,
    {
      readonly timestampMicros: number;
      readonly writtenMicros: number;
      readonly origin: string;
    }
  >();
  /** By address: timestamp of what this process stamped with a sliding TTL, while that is kept. */
  readonly #renewable = new Map<string, number>();
  readonly #expiry: ParamExpiry;
  #digests: LazyDigests | undefined;
  /** The one that was found last: an update asks for it several times. */
  #last: ParamSlot | undefined;
  #newestMicros: number;
  #changes = 0;
  #deliveries = 0;

  constructor(options: ParamsOptions) {
    this.#options = options;
    this.#newestMicros = options.newestMicros ?? 0;
    const { store, timeMicros, isTimed, nowMicros, after } = options;
    this.#expiry = new ParamExpiry({
      store,
      tombstonesMax: options.tombstonesMax ?? TOMBSTONES_MAX,
      timeMicros,
      isTimed,
      nowMicros,
      after,
      expire: (address, version) => this.#put(address, version, tombstoneOf(version)),
      forget: (address, tombstone) => this.#forget(address, tombstone),
    });
  }

  /**
   * The newest timestamp that is evidence of federation time: all that were kept when the router
   * started, came by a link, or were stamped while it was timed.
   */
  get newestTimestampMicros(): number {
    return this.#newestMicros;
  }

  /** Params kept, without the tombstones of those that have expired. */
  get size(): number {
    return this.#options.store.size - this.#expiry.tombstones;
  }

  /** Tombstones kept, of params that have expired. */
  get tombstones(): number {
    return this.#expiry.tombstones;
  }

  /** Versions that were stamped here or taken from peers, since the start. */
  get changes(): number {
    return this.#changes;
  }

  /** How often a subscriber, client or peer, was told of one. */
  get deliveries(): number {
    return this.#deliveries;
  }

  /** Whether a new address can be kept. */
  get hasRoom(): boolean {
    return this.size < this.#options.paramsMax;
  }

  get store(): ParamStore {
    return this.#options.store;
  }

  /** What is known of an address: a version, or the tombstone of one that has expired by now. */
  get(address: string): Version | undefined {
    const version = this.slot(address)?.version;
    return version === undefined || version.ttl === 0 ? version : this.#asOfNow(address, version);
  }

  /** Where an address is kept, if it is. */
  slot(address: string): ParamSlot | undefined {
    if (this.#last?.address === address) return this.#last;
    const slot = this.#options.store.slot(address);
    if (slot !== undefined) this.#last = slot;
    return slot;
  }

  /** Whether an address is kept, if only as a tombstone: then it is a valid one. */
  has(address: string): boolean {
    return this.slot(address) !== undefined;
  }

  /** Walks the store, as `ParamStore.walk` does; each version as `get` gives it. */
  *walk(): Iterator<Param, undefined> {
    const walk = this.store.walk();
    for (let next = walk.next(); !next.done; next = walk.next()) {
      const { address, version } = next.value;
      yield version.ttl === 0 ? next.value : { address, version: this.#asOfNow(address, version) };
    }
    return undefined;
  }

  /**
   * Whether a version that was replaced may not be shown any more: its life would be over. A router
   * that is not timed cannot tell, and shows none that has a TTL.
   */
  hasOutlived(version: Version): boolean {
    if (version.ttl === 0) return false;
    return !this.#options.isTimed() || this.#expiry.cameTooLate(version);
  }

  /** Digests of all that is kept; made when first asked for, and kept up to date from then on. */
  digests(): LazyDigests {
    this.#digests ??= new LazyDigests(this.store, (address) => !isLocal(address));
    return this.#digests;
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
    if (known !== undefined && !canBeFollowed(known)) {
      return {
        code: ERROR_CODE.revisionConflict,
        message: `Cannot set "${address}": its version has a number that none can follow`,
        address,
      };
    }
    // What has expired does not exist for who writes, though its revision is continued.
    const exists = isLive(known) || earlier.sameAddress > 0;
    const revision = exists ? (known?.revision ?? 0) + earlier.sameAddress : 0;
    if (write.expectedRevision !== undefined && write.expectedRevision !== revision) {
      return {
        code: ERROR_CODE.revisionConflict,
        message: `Cannot set "${address}": revision ${write.expectedRevision} expected, ` +
          `it is ${revision}`,
        address,
      };
    }
    if (!exists && this.size + earlier.newAddresses >= this.#options.paramsMax) {
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
  stamp(write: Write): LiveVersion {
    const { locks, routerId, defaultTtl } = this.#options;
    const { address, known: requesterKnown, origin = routerId } = write;
    const known = this.get(address);
    const knownTimestamp = Math.max(
      known?.timestampMicros ?? 0,
      requesterKnown?.timestampMicros ?? 0,
    );
    const timestampMicros = this.#stampTime(knownTimestamp);
    if (!this.#options.isTimed()) {
      const writtenMicros = this.#options.nowMicros();
      this.#untimed.set(address, { timestampMicros, writtenMicros, origin });
    }
    const version: LiveVersion = {
      value: write.value,
      revision: Math.max(known?.revision ?? 0, requesterKnown?.revision ?? 0) + 1,
      timestampMicros,
      origin,
      ttl: write.ttl ?? defaultTtl,
    };
    if (write.lock) locks.acquire(address, write.holder);
    if (write.unlock) locks.release(address, write.holder);
    this.#apply(address, version, known, { except: write.except, raised: false });
    if (isSliding(version.ttl)) this.#renewable.set(address, timestampMicros);
    return version;
  }

  /**
   * Whether what is kept of an address was stamped by this process and has a sliding TTL. Then nobody
   * holds a newer version that is not known here, unless somebody took this router's place.
   */
  isOwn(address: string): boolean {
    return this.#renewable.has(address);
  }

  /**
   * A read of a param that this router owns. It renews a sliding TTL: the same value is stamped
   * again. Not with each read, only when a quarter of the TTL has passed.
   */
  touch(address: string): Version | undefined {
    const version = this.get(address);
    if (!isLive(version) || !this.#expiry.wantsTouch(address, version)) return version;
    if (!canBeFollowed(version)) return version;
    const { value, ttl } = version;
    return this.stamp({ address, value, ttl, holder: this.#options.routerId });
  }

  /**
   * The router is timed from now on: raises what it stamped before to the federation time of its
   * writing, so that it is ordered against what others wrote meanwhile. Never lowers.
   */
  becameTimed(timeAt: (monotonicMicros: number) => number): void {
    for (const [address, { timestampMicros, writtenMicros, origin }] of this.#untimed) {
      // As it is kept: by its timestamp of before, it may be long expired.
      const version = this.store.get(address);
      const raisedMicros = timeAt(writtenMicros);
      const isOwn = version?.origin === origin &&
        version.timestampMicros === timestampMicros;
      if (!isOwn || raisedMicros <= timestampMicros) continue;
      const isRenewable = this.#renewable.has(address);
      this.#apply(address, { ...version, timestampMicros: raisedMicros }, version, {
        raised: true,
      });
      if (isRenewable) this.#renewable.set(address, raisedMicros);
    }
    this.#untimed.clear();
    this.#expiry.becameTimed();
  }

  /** Merges a version that came by a link. */
  merge(
    address: string,
    incoming: Version,
    cause: ArrivalCause,
  ): MergeOutcome {
    const known = this.get(address);
    const arrived = this.#asTaken(
      known,
      this.#expiry.cameTooLate(incoming) ? tombstoneOf(incoming) : incoming,
    );
    if (arrived === undefined) return "kept";
    const merge = mergeVersion(known, arrived);
    switch (merge.kind) {
      case "kept":
        return "kept";
      case "taken":
      case "raised":
        if (isLive(merge.version) && !isLive(known) && this.size >= this.#options.paramsMax) {
          return "full";
        }
        this.#apply(address, merge.version, known, {
          from: cause.from,
          except: cause.except,
          raised: merge.kind === "raised",
          frame: merge.version === incoming ? cause.frame : undefined,
        });
        return "applied";
    }
  }

  /** Forgets a param without a trace: it is none of this router's business any more. */
  forget(address: string): void {
    const version = this.#options.store.get(address);
    if (version === undefined) return;
    this.#forget(address, version);
    this.#expiry.forgotten(address);
  }

  /** As what a version that came is merged; undefined: not at all. */
  #asTaken(known: Version | undefined, arrived: Version): Version | undefined {
    if (isLive(arrived)) return arrived;
    if (known === undefined) return this.#expiry.isWorthKeeping(arrived) ? arrived : undefined;
    // What a router stamps that does not know the time is soon expired for those who do. It counts
    // the TTL itself, until it is timed, and has their revision when it has expired here too.
    const isCountedHere = !this.#options.isTimed() && isLive(known) &&
      known.timestampMicros === arrived.timestampMicros && known.origin === arrived.origin;
    return isCountedHere ? { ...arrived, value: known.value } : arrived;
  }

  #asOfNow(address: string, version: Version): Version {
    if (!this.#expiry.isOver(address, version)) return version;
    const tombstone = tombstoneOf(version);
    this.#put(address, version, tombstone);
    return tombstone;
  }

  #put(address: string, before: Version | undefined, after: Version): ParamSlot {
    if (this.#renewable.size > 0) this.#checkRenewable(address, after);
    const slot = this.#keep(address, after);
    this.#digests?.changed(slot, before);
    this.journal.add(address, after);
    this.#expiry.changed(address, before, after);
    return slot;
  }

  #keep(address: string, version: Version): ParamSlot {
    const { store } = this.#options;
    const slot = this.slot(address);
    if (slot === undefined) return this.#last = store.put(address, version);
    store.replace(slot, version);
    return slot;
  }

  #checkRenewable(address: string, after: Version): void {
    const isKept = isLive(after) && this.#renewable.get(address) === after.timestampMicros;
    if (!isKept) this.#renewable.delete(address);
  }

  #forget(address: string, version: Version): void {
    this.#renewable.delete(address);
    this.#options.store.remove(address);
    this.#last = undefined;
    this.#digests?.removed(address, version);
    this.#untimed.delete(address);
  }

  /**
   * Newer than what was known, whatever the clocks say. A router that is not timed has a clock that
   * says nothing about others': it goes just past what was known. By how much is left to chance, for
   * a router that crashed and started anew may know the same again, and no two stamps may be equal.
   */
  #stampTime(knownTimestamp: number): number {
    const { timeMicros, isTimed, random } = this.#options;
    const time = timeMicros();
    if (time > knownTimestamp && (isTimed() || knownTimestamp === 0)) return time;
    return knownTimestamp + 1 + Math.floor(random() * JUST_PAST_MICROS);
  }

  /** `known` is what the store holds: whoever decided on the version has just looked. */
  #apply(
    address: string,
    version: Version,
    known: Version | undefined,
    cause: ChangeCause,
  ): void {
    if (cause.from !== undefined || this.#options.isTimed()) {
      this.#newestMicros = Math.max(this.#newestMicros, version.timestampMicros);
    }
    this.#changes++;
    const slot = this.#put(address, known, version);
    this.#tell(
      new ParamChange(address, version, cause),
      this.#options.subscriptions.targetsOf(slot),
    );
  }

  /** Tells of a version that came by a link and is not kept here. */
  passOn(
    address: string,
    version: Version,
    cause: ArrivalCause,
  ): void {
    const change = new ParamChange(address, version, { ...cause, raised: false, isPassedOn: true });
    this.#tell(change, this.#options.subscriptions.targets(address));
  }

  #tell(change: ParamChange, targets: readonly Target[]): void {
    const { cause } = change;
    const { from, except } = cause;
    let senderTold = false;
    for (const { subscriber, types, via } of targets) {
      if ((types & PARAM_TYPE) === 0) continue;
      if (!cause.raised && (subscriber === from || subscriber === except)) continue;
      if (subscriber === from) senderTold = true;
      this.#deliveries++;
      via.paramChanged(change);
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
