import { addressProblem } from "../address/address.ts";
import { NAME_BYTES_MAX, STATE_BLOCK_BYTES_MAX } from "../limits.ts";
import { ByteReader } from "../wire/byte_reader.ts";
import { readValue } from "../wire/encoded_value.ts";
import { WireError } from "../wire/wire_error.ts";
import { crc32 } from "./crc32.ts";
import type { Param } from "./param_store.ts";
import {
  BLOCK_HEAD_BYTES,
  BLOCK_KIND,
  CHECKSUM_BYTES,
  NAMED_ROUTER,
  RECORD_KIND,
  STATE_FILE_MAGIC,
  STATE_FILE_VERSION,
  type StateFileHeader,
} from "./state_file.ts";

const FIXED_BYTES = STATE_FILE_MAGIC.length + 2 + 2;

/** Where the bytes of a state file come from, in order. */
export interface ByteSource {
  /** The next bytes, fewer only where the file ends; valid until the next call. */
  read(length: number): Uint8Array;
}

/** What the start of a file says. */
export type StateFileStart =
  | { readonly kind: "known"; readonly header: StateFileHeader }
  /** Written by a later version of this program, which may mean anything by what follows. */
  | { readonly kind: "newer"; readonly version: number }
  | { readonly kind: "damaged"; readonly problem: string };

/** What was read behind it. */
export interface StateFileContent {
  /** Records handed on, tombstones included. */
  readonly records: number;
  /** What is wrong with the file; absent when it is whole. */
  readonly problem?: string | undefined;
}

/**
 * Reads a state file: first `start`, then, when that is known, `params`. Nothing is believed that has
 * no right checksum.
 */
export class StateFileReader {
  readonly #source: ByteSource;
  #problem: string | undefined;
  #records = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  start(): StateFileStart {
    const fixed = this.#source.read(FIXED_BYTES).slice();
    if (fixed.length === 0) return damaged("it is empty");
    const isMagic = STATE_FILE_MAGIC.every((byte, index) => fixed[index] === byte);
    if (!isMagic) return damaged("it does not begin like a state file");
    if (fixed.length < FIXED_BYTES) return damaged("it ends within its header");
    const reader = new ByteReader(fixed, STATE_FILE_MAGIC.length);
    const version = reader.u16();
    const length = reader.u16();
    const rest = this.#source.read(length + CHECKSUM_BYTES);
    if (rest.length < length + CHECKSUM_BYTES) return damaged("it ends within its header");
    const body = rest.subarray(0, length);
    const checksum = new ByteReader(rest, length).u32();
    if (crc32(body, crc32(fixed)) !== checksum) {
      return damaged("the checksum of its header is wrong");
    }
    if (version > STATE_FILE_VERSION) return { kind: "newer", version };
    return startOf(body, version);
  }

  /**
   * Hands on each param of the blocks that are whole, in the order of the file. A block that is not
   * is left out, and told.
   */
  params(put: (param: Param) => void): StateFileContent {
    for (let number = 0;; number++) {
      const block = this.#nextBlock(number);
      if (block === "end") break;
      if (block !== "damaged") this.#records += this.#readBody(block, put);
    }
    return { records: this.#records, problem: this.#problem };
  }

  /** The body of the next block, valid until the next call; "damaged" when more may follow it. */
  #nextBlock(number: number): Uint8Array | "end" | "damaged" {
    const head = this.#source.read(BLOCK_HEAD_BYTES).slice();
    if (head.length < BLOCK_HEAD_BYTES) return this.#cut();
    const reader = new ByteReader(head);
    const [kind, length, written] = [reader.u8(), reader.u32(), reader.u32()];
    if (length > STATE_BLOCK_BYTES_MAX) {
      this.#note(`the length of block ${number} is wrong`);
      return "end";
    }
    const rest = this.#source.read(length + CHECKSUM_BYTES);
    if (rest.length < length + CHECKSUM_BYTES) return this.#cut();
    const body = rest.subarray(0, length);
    if (crc32(body, crc32(head)) !== new ByteReader(rest, length).u32()) {
      this.#note(`the checksum of block ${number} is wrong`);
      return "damaged";
    }
    if (written !== number) this.#note(`block ${written} stands where ${number} should be`);
    if (kind === BLOCK_KIND.end) return this.#checkEnd(body);
    if (kind === BLOCK_KIND.params) return body;
    this.#note(`block ${number} is of kind ${kind}, which is not known`);
    return "damaged";
  }

  #cut(): "end" {
    this.#note("its end is missing");
    return "end";
  }

  #checkEnd(body: Uint8Array): "end" {
    // Two halves: whatever they say is compared, and nothing that they can say is refused.
    const reader = new ByteReader(body);
    const records = body.length === 8 ? reader.u32() * 0x1_0000_0000 + reader.u32() : -1;
    if (records !== this.#records) this.#note(`${records} params were written`);
    if (this.#source.read(1).length > 0) this.#note("something follows its end");
    return "end";
  }

  /** How many records a block has; none is handed on when one of them cannot be. */
  #readBody(body: Uint8Array, put: (param: Param) => void): number {
    let params: readonly Param[];
    try {
      params = paramsOf(body);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#note(error.message);
      return 0;
    }
    for (const param of params) put(param);
    return params.length;
  }

  /** The first problem is the one that is told: others often follow from it. */
  #note(problem: string): void {
    this.#problem ??= problem;
  }
}

function damaged(problem: string): StateFileStart {
  return { kind: "damaged", problem };
}

function startOf(body: Uint8Array, version: number): StateFileStart {
  if (version === 0) return damaged("its version is 0");
  const reader = new ByteReader(body);
  try {
    const isNamed = (reader.u8("flags") & NAMED_ROUTER) !== 0;
    const routerId = reader.string("router id");
    return { kind: "known", header: { routerId, isNamed, savedMs: reader.u64("time") } };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return damaged(error.message);
  }
}

function paramsOf(body: Uint8Array): Param[] {
  const reader = new ByteReader(body);
  const origins: string[] = [];
  const params: Param[] = [];
  while (reader.remaining > 0) params.push(readRecord(reader, origins));
  return params;
}

function readRecord(reader: ByteReader, origins: string[]): Param {
  const at = reader.position;
  const kind = reader.u8("kind of a record");
  const address = reader.string("address");
  const origin = readOrigin(reader, origins);
  const revision = reader.u64("revision");
  const timestampMicros = reader.u64("timestamp");
  const ttl = reader.u32("TTL");
  const problem = recordProblem({ kind, address, origin, revision, ttl });
  if (problem !== undefined) throw new WireError("message", at, `Cannot read a record: ${problem}`);
  const value = kind === RECORD_KIND.live
    ? readValue(reader, reader.u8("type of a value"))
    : undefined;
  return { address, version: { value, revision, timestampMicros, origin, ttl } };
}

function readOrigin(reader: ByteReader, origins: string[]): string {
  const place = reader.u16("origin");
  if (place === origins.length) origins.push(reader.string("origin"));
  return origins[place] ?? "";
}

function recordProblem({ kind, address, origin, revision, ttl }: {
  readonly kind: number;
  readonly address: string;
  readonly origin: string;
  readonly revision: number;
  readonly ttl: number;
}): string | undefined {
  if (kind !== RECORD_KIND.live && kind !== RECORD_KIND.tombstone) return `its kind is ${kind}`;
  if (origin === "" || origin.length > NAME_BYTES_MAX) return "its origin is none";
  if (revision === 0) return "revisions start at 1";
  if (kind === RECORD_KIND.tombstone && ttl === 0) return "a tombstone has a TTL";
  return addressProblem(address);
}
