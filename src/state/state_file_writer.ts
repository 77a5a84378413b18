import { STATE_BLOCK_BYTES } from "../limits.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { writeEncoded } from "../wire/encoded_value.ts";
import { crc32 } from "./crc32.ts";
import type { Param } from "./param_store.ts";
import {
  BLOCK_KIND,
  NAMED_ROUTER,
  RECORD_KIND,
  STATE_FILE_MAGIC,
  STATE_FILE_VERSION,
  type StateFileHeader,
} from "./state_file.ts";

/**
 * Makes the bytes of a state file piece by piece, so that nobody waits for a million params: first
 * `header`, then `block` until there are none, then `end`. A piece is valid until the next one.
 */
export class StateFileWriter {
  readonly #writer = new ByteWriter(2 * STATE_BLOCK_BYTES);
  readonly #body = new ByteWriter(2 * STATE_BLOCK_BYTES);
  readonly #origins = new Map<string, number>();
  #blocks = 0;
  #records = 0;

  /** Params written so far, tombstones included. */
  get records(): number {
    return this.#records;
  }

  header({ routerId, isNamed, savedMs }: StateFileHeader): Uint8Array<ArrayBuffer> {
    const body = this.#body;
    body.reset();
    body.u8(isNamed ? NAMED_ROUTER : 0);
    body.string(routerId);
    body.u64(savedMs);
    const writer = this.#writer;
    writer.reset();
    writer.append(STATE_FILE_MAGIC);
    writer.u16(STATE_FILE_VERSION);
    writer.u16(body.length);
    writer.append(body.bytes());
    return this.#withChecksum();
  }

  /** The next params of a walk as a block; undefined when it has none left. */
  block(walk: Iterator<Param, undefined>): Uint8Array<ArrayBuffer> | undefined {
    this.#body.reset();
    this.#origins.clear();
    while (this.#body.length < STATE_BLOCK_BYTES) {
      const next = walk.next();
      if (next.done) break;
      this.#record(next.value);
    }
    return this.#body.length === 0 ? undefined : this.#block(BLOCK_KIND.params);
  }

  end(): Uint8Array<ArrayBuffer> {
    this.#body.reset();
    this.#body.u64(this.#records);
    return this.#block(BLOCK_KIND.end);
  }

  #record({ address, version }: Param): void {
    const body = this.#body;
    const { value, revision, timestampMicros, origin, ttl } = version;
    body.u8(value === undefined ? RECORD_KIND.tombstone : RECORD_KIND.live);
    body.string(address);
    this.#origin(origin);
    body.u64(revision);
    body.u64(timestampMicros);
    body.u32(ttl);
    if (value !== undefined) writeEncoded(body, value);
    this.#records++;
  }

  // Most params of a block have the same few: a UUID at each would be half of the file.
  #origin(origin: string): void {
    const known = this.#origins.get(origin);
    const place = known ?? this.#origins.size;
    this.#body.u16(place);
    if (known !== undefined) return;
    this.#body.string(origin);
    this.#origins.set(origin, place);
  }

  #block(kind: number): Uint8Array<ArrayBuffer> {
    const writer = this.#writer;
    writer.reset();
    writer.u8(kind);
    writer.u32(this.#body.length);
    writer.u32(this.#blocks++);
    writer.append(this.#body.bytes());
    return this.#withChecksum();
  }

  #withChecksum(): Uint8Array<ArrayBuffer> {
    this.#writer.u32(crc32(this.#writer.bytes()));
    return this.#writer.bytes();
  }
}
