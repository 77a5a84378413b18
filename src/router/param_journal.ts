import { HISTORY_BYTES_MAX, HISTORY_CHANGES_MAX } from "../limits.ts";
import type { Param } from "../state/param_store.ts";
import type { Version } from "../state/version.ts";

/** What an entry has beside its address and value. */
const ENTRY_OVERHEAD_BYTES = 64;
/** Values are copied into blocks of so many bytes, one behind the other. */
const BLOCK_BYTES = 65_536;
/** Larger values are not copied, so that little of a block is left empty. */
const COPIED_BYTES_MAX = 4_096;
const TOMBSTONE = new Uint8Array(0);

/**
 * The last changes of a router's params, all addresses together: new versions, whoever stamped them,
 * and tombstones. For a SUBSCRIBE with `history`; empty after a start, whatever the store brings along.
 *
 * Each change has a sequence number, one more than the one before. What does not fit the bounds goes,
 * the oldest first.
 *
 * Made to be written with every SET. It copies what a version says instead of holding on to the
 * version: thousands of objects that outlive their time made a SET half as slow again.
 */
export class ParamJournal {
  readonly #changesMax: number;
  readonly #bytesMax: number;
  // Rings, parallel to each other.
  readonly #addresses: string[] = [];
  readonly #origins: string[] = [];
  readonly #revisions: number[] = [];
  readonly #timestamps: number[] = [];
  readonly #ttls: number[] = [];
  readonly #blocks: Uint8Array[] = [];
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  /** What each takes of `bytesMax`: so that nobody has to look at what goes. */
  readonly #sizes: number[] = [];
  #block = TOMBSTONE;
  #blockUsedBytes = 0;
  #first = 0;
  #end = 0;
  #bytes = 0;

  constructor(
    { changesMax = HISTORY_CHANGES_MAX, bytesMax = HISTORY_BYTES_MAX }: {
      readonly changesMax?: number;
      readonly bytesMax?: number;
    } = {},
  ) {
    this.#changesMax = changesMax;
    this.#bytesMax = bytesMax;
  }

  /** Sequence of the oldest change that is kept; `end` when none is. */
  get first(): number {
    return this.#first;
  }

  /** Sequence that the next change will have. */
  get end(): number {
    return this.#end;
  }

  /** Bytes kept, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Writes down a change. */
  add(address: string, version: Version): void {
    if (this.#end - this.#first >= this.#changesMax) this.#dropFirst();
    const slot = this.#end++ % this.#changesMax;
    const { value } = version;
    this.#addresses[slot] = address;
    this.#origins[slot] = version.origin;
    this.#revisions[slot] = version.revision;
    this.#timestamps[slot] = version.timestampMicros;
    this.#ttls[slot] = version.ttl;
    if (value === undefined || value.length > COPIED_BYTES_MAX) {
      this.#blocks[slot] = value ?? TOMBSTONE;
      this.#offsets[slot] = 0;
    } else {
      this.#copy(slot, value);
    }
    const length = value?.length ?? 0;
    this.#lengths[slot] = length;
    const size = ENTRY_OVERHEAD_BYTES + 2 * address.length + length;
    this.#sizes[slot] = size;
    this.#bytes += size;
    while (this.#bytes > this.#bytesMax) this.#dropFirst();
  }

  /** Where the change of a sequence was; undefined when it is not kept. */
  addressAt(sequence: number): string | undefined {
    const isKept = sequence >= this.#first && sequence < this.#end;
    return isKept ? this.#addresses[sequence % this.#changesMax] : undefined;
  }

  /** The change of a sequence; undefined when it is not kept. */
  at(sequence: number): Param | undefined {
    const address = this.addressAt(sequence);
    if (address === undefined) return undefined;
    const slot = sequence % this.#changesMax;
    const length = numberAt(this.#lengths, slot);
    const offset = numberAt(this.#offsets, slot);
    const version: Version = {
      // An encoded value has a byte at least.
      value: length === 0 ? undefined : this.#blocks[slot]?.subarray(offset, offset + length),
      revision: numberAt(this.#revisions, slot),
      timestampMicros: numberAt(this.#timestamps, slot),
      origin: this.#origins[slot] ?? "",
      ttl: numberAt(this.#ttls, slot),
    };
    return { address, version };
  }

  #copy(slot: number, value: Uint8Array): void {
    if (this.#blockUsedBytes + value.length > this.#block.length) {
      // The one before goes with the last value in it.
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#blockUsedBytes = 0;
    }
    const block = this.#block;
    const offset = this.#blockUsedBytes;
    // Quicker than `set` for the few bytes that most values have.
    for (let index = 0; index < value.length; index++) block[offset + index] = value[index] ?? 0;
    this.#blocks[slot] = block;
    this.#offsets[slot] = offset;
    this.#blockUsedBytes += value.length;
  }

  #dropFirst(): void {
    const slot = this.#first++ % this.#changesMax;
    this.#bytes -= numberAt(this.#sizes, slot);
    this.#addresses[slot] = "";
    this.#blocks[slot] = TOMBSTONE;
  }
}

function numberAt(numbers: readonly number[], index: number): number {
  return numbers[index] ?? 0;
}
