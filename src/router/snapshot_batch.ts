import { SNAPSHOT_CHUNK_BYTES } from "../limits.ts";
import type { LiveVersion } from "../state/version.ts";
import { ByteWriter } from "../wire/byte_writer.ts";
import { writeFrame } from "../wire/frame.ts";
import { QOS, type SnapshotParam } from "../wire/message.ts";

/** What an entry has beside address, value and writer: lengths, revision, flags, timestamp. */
const ENTRY_OVERHEAD_BYTES = 24;

/** The params of one SNAPSHOT, of about `SNAPSHOT_CHUNK_BYTES`: it always fits a frame. */
export class SnapshotBatch {
  readonly #params: SnapshotParam[] = [];
  #writer: ByteWriter | undefined;
  #bytes = 0;

  get length(): number {
    return this.#params.length;
  }

  /** Adds a param; false when it is to begin the next batch. */
  add(address: string, version: LiveVersion): boolean {
    const { value, revision, origin: writer, timestampMicros } = version;
    const bytes = this.#bytes + ENTRY_OVERHEAD_BYTES + 3 * (address.length + writer.length) +
      value.length;
    if (bytes > SNAPSHOT_CHUNK_BYTES && this.#params.length > 0) return false;
    this.#bytes = bytes;
    this.#params.push({ address, value, revision, writer, timestampMicros });
    return true;
  }

  /** The SNAPSHOT of what was added; valid until the next call. The batch is empty then. */
  take(): Uint8Array {
    const writer = this.#writer ??= new ByteWriter();
    writer.reset();
    writeFrame(writer, { type: "SNAPSHOT", params: this.#params }, { qos: QOS.fire });
    this.#params.length = 0;
    this.#bytes = 0;
    return writer.bytes();
  }
}
