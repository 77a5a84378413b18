import { BATCH_BYTES_MAX, FRAME_BUFFERS_BYTES_MAX } from "../limits.ts";
import { MaskingBuffer } from "./masking_buffer.ts";

/** The smallest; the others are twice as large as the next smaller one. */
const BYTES_MIN = 512;
/** A larger one is not kept: one backlog does not hold memory. */
const KEPT_BYTES_MAX = 2 * BATCH_BYTES_MAX;

/**
 * Buffers for frames that wait to be written. All connections share them, because nearly all have
 * nothing to write at any moment; what is free is kept, up to a bound, for whoever writes next.
 */
export class FrameBuffers {
  readonly #bytesMax: number;
  /** By how often the smallest size was doubled. */
  readonly #free: MaskingBuffer[][] = [];
  #freeBytes = 0;

  constructor(bytesMax: number = FRAME_BUFFERS_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are kept for whoever comes next. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** One of at least so many bytes, whatever is in them. It is the caller's until it is given back. */
  take(bytes: number): MaskingBuffer {
    const doublings = doublingsOf(bytes);
    const free = this.#free[doublings]?.pop();
    if (free === undefined) return new MaskingBuffer(new ArrayBuffer(BYTES_MIN * 2 ** doublings));
    this.#freeBytes -= free.bytes.length;
    return free;
  }

  /** Takes one back. Nobody may read or write it any more. */
  giveBack(buffer: MaskingBuffer): void {
    const { length } = buffer.bytes;
    if (length > KEPT_BYTES_MAX || this.#freeBytes + length > this.#bytesMax) return;
    const doublings = doublingsOf(length);
    const free = this.#free[doublings] ??= [];
    free.push(buffer);
    this.#freeBytes += length;
  }
}

/** Those of all connections of this process. */
export const FRAME_BUFFERS: FrameBuffers = new FrameBuffers();

function doublingsOf(bytes: number): number {
  let doublings = 0;
  for (let size = BYTES_MIN; size < bytes; size *= 2) doublings++;
  return doublings;
}
