import { READ_BYTES_MAX } from "../limits.ts";

/** Most connections rest, each with a read that waits and holds its bytes. */
const BYTES_MIN = 512;
const GROWTH = 8;

/**
 * What a connection reads into. Small at first, and larger in steps while reads fill it, so that a
 * busy connection reads up to `READ_BYTES_MAX` at once; small again when it has rested.
 */
export class ReadBuffer {
  #bytes = new Uint8Array(BYTES_MIN);
  #hasRested = false;

  /** For the next read, or the one that waits. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /**
   * A read has brought so much, and all of it was handled. Returns whether the connection had rested
   * or the next read has other bytes: what refers to these ones can let them go.
   */
  handled(length: number): boolean {
    const { length: size } = this.#bytes;
    if (this.#hasRested) {
      this.#hasRested = false;
      if (size > BYTES_MIN) this.#bytes = new Uint8Array(BYTES_MIN);
      return true;
    }
    if (length < size || size === READ_BYTES_MAX) return false;
    this.#bytes = new Uint8Array(Math.min(GROWTH * size, READ_BYTES_MAX));
    return true;
  }

  /** Nothing came for a while. The read that waits keeps its bytes; the next one has few. */
  rest(): void {
    this.#hasRested = true;
  }
}
