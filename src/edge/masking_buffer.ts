/** From this length on, masking four bytes at a time is quicker than one. */
const WORDWISE_BYTES_MIN = 16;

/**
 * Bytes that can be masked by the word (RFC 6455, section 5.3). A mask is a u32 whose high byte comes
 * first; what is masked twice is what it was.
 */
export class MaskingBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;

  constructor(buffer: ArrayBuffer) {
    this.bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer, 0, buffer.byteLength >> 2);
  }

  /** Masks the bytes from `start` on, to `end`. */
  mask(start: number, end: number, mask: number): void {
    if (end - start < WORDWISE_BYTES_MIN) return this.#maskBytes(start, end, mask);
    const aligned = (start + 3) & ~3;
    this.#maskBytes(start, aligned, mask);
    const rotated = rotatedMask(mask, aligned - start);
    const word = inByteOrderOfTheMachine(rotated);
    const words = this.#words;
    const wordsEnd = end >> 2;
    for (let i = aligned >> 2; i < wordsEnd; i++) words[i] = (words[i] ?? 0) ^ word;
    this.#maskBytes(wordsEnd << 2, end, rotated);
  }

  #maskBytes(start: number, end: number, mask: number): void {
    const { bytes } = this;
    for (let i = start; i < end; i++) {
      bytes[i] = (bytes[i] ?? 0) ^ (mask >>> (24 - 8 * ((i - start) & 3)));
    }
  }
}

/** A mask as it goes on after `count` bytes. */
export function rotatedMask(mask: number, count: number): number {
  const bits = 8 * (count & 3);
  return bits === 0 ? mask : (mask << bits) | (mask >>> (32 - bits));
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function inByteOrderOfTheMachine(value: number): number {
  if (!IS_LITTLE_ENDIAN) return value;
  return (value >>> 24) | (value >>> 8 & 0xff00) | (value << 8 & 0xff0000) | (value << 24);
}
