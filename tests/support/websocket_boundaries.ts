const MASK_BYTES = 4;

/**
 * Finds where the WebSocket frames of one direction of a connection end, from its first byte on: a
 * proxy that is to cut a frame in two must know where not to cut. The HTTP head of the upgrade counts
 * as one frame.
 */
export class WebSocketBoundaries {
  /** Bytes of the head of the frame that is under way; the frame's length is known at its end. */
  #head: number[] = [];
  #bodyBytesLeft = 0;
  #isUpgraded = false;

  /** Reads on. Returns the offsets in `chunk`, from 1 to its length, at which a frame ends. */
  push(chunk: Uint8Array): readonly number[] {
    const ends: number[] = [];
    let offset = 0;
    while (offset < chunk.length) {
      const taken = Math.min(this.#bodyBytesLeft, chunk.length - offset);
      this.#bodyBytesLeft -= taken;
      offset += taken;
      if (taken > 0) {
        if (this.#bodyBytesLeft === 0) ends.push(offset);
        continue;
      }
      this.#head.push(chunk[offset] ?? 0);
      offset++;
      if (this.#isHeadComplete() && this.#bodyBytesLeft === 0) ends.push(offset);
    }
    return ends;
  }

  /** Whether the head has just ended; then the length of what follows it is set. */
  #isHeadComplete(): boolean {
    if (!this.#isUpgraded) {
      this.#isUpgraded = isHttpHeadEnd(this.#head);
      if (this.#isUpgraded) this.#head = [];
      return this.#isUpgraded;
    }
    const length = bodyLength(this.#head);
    if (length === undefined) return false;
    this.#head = [];
    this.#bodyBytesLeft = length;
    return true;
  }
}

function isHttpHeadEnd(head: readonly number[]): boolean {
  const [a, b, c, d] = head.slice(-4);
  return a === 0x0d && b === 0x0a && c === 0x0d && d === 0x0a;
}

/** What follows the head of a frame, the mask not counted; undefined while the head goes on. */
function bodyLength(head: readonly number[]): number | undefined {
  const second = head[1];
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const maskBytes = (second & 0x80) === 0 ? 0 : MASK_BYTES;
  if (head.length < 2 + lengthBytes + maskBytes) return undefined;
  if (lengthBytes === 0) return short;
  return head.slice(2, 2 + lengthBytes).reduce((length, byte) => length * 256 + byte, 0);
}
