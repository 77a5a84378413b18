/** Longer texts are not kept: most addresses are shorter. */
const TEXT_BYTES_MAX = 64;
const TEXT_WORDS_MAX = TEXT_BYTES_MAX / 4;
const WAYS = 2;
const MULTIPLIER = 0x01000193;
/** The bytes that are asked about, four to a word. */
const ASKED = new Int32Array(TEXT_WORDS_MAX);

/**
 * The strings that were decoded last, found by their bytes.
 *
 * The same addresses come over and over. To find one here takes no longer than to decode it, and the
 * string is the very one of last time: its hash is known, and a `Map` that has it as a key compares no
 * characters. Measured in Deno 2.9 over the look-ups that a router does for an update, that is a fifth
 * of all the work that an update makes.
 *
 * Two may share a place; of more than two that do, one makes room. Nothing is lost by that but time, so
 * nobody gains anything by texts that collide.
 */
export class TextCache {
  readonly #sets: number;
  readonly #hashes: Int32Array;
  readonly #texts: string[];
  /** Bytes of the texts, four to a word, each text in a place of its own. */
  readonly #words: Int32Array;

  /** @param texts Kept at most; a power of two. */
  constructor(texts: number) {
    this.#sets = texts / WAYS;
    this.#hashes = new Int32Array(texts);
    this.#texts = new Array(texts).fill("");
    this.#words = new Int32Array(texts * TEXT_WORDS_MAX);
  }

  /**
   * The string of some bytes.
   *
   * @param decode Makes it when it is not kept; undefined when the bytes are no text.
   */
  get(
    bytes: Uint8Array,
    start: number,
    end: number,
    decode: (bytes: Uint8Array, start: number, end: number) => string | undefined,
  ): string | undefined {
    const length = end - start;
    if (length > TEXT_BYTES_MAX || length === 0) return decode(bytes, start, end);
    const hash = ask(bytes, start, end);
    const first = (hash & (this.#sets - 1)) * WAYS;
    if (this.#hashes[first] === hash && this.#isAskedAt(first, length)) return this.#texts[first];
    const second = first + 1;
    if (this.#hashes[second] === hash && this.#isAskedAt(second, length)) {
      return this.#texts[second];
    }
    const text = decode(bytes, start, end);
    // Only of ASCII a string has as many units as bytes, which is how its length is told.
    if (text?.length === length) this.#keep(first, hash, text);
    return text;
  }

  #isAskedAt(place: number, length: number): boolean {
    if (this.#texts[place]?.length !== length) return false;
    const kept = this.#words;
    const offset = place * TEXT_WORDS_MAX;
    const words = (length + 3) >> 2;
    for (let i = 0; i < words; i++) if (kept[offset + i] !== ASKED[i]) return false;
    return true;
  }

  /** Keeps the text that was asked about. */
  #keep(first: number, hash: number, text: string): void {
    const isFirstFree = this.#texts[first] === "";
    const isSecondFree = this.#texts[first + 1] === "";
    const place = isFirstFree ? first : first + (isSecondFree ? 1 : hash >>> 31);
    this.#hashes[place] = hash;
    this.#texts[place] = text;
    this.#words.set(ASKED, place * TEXT_WORDS_MAX);
  }
}

/** Puts bytes into `ASKED`, the last word filled up with zeros; returns their hash. */
function ask(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  let words = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) |
      (byteAt(bytes, at + 3) << 24);
    ASKED[words++] = word;
    hash = mix(hash, word);
  }
  if (at < end) {
    let word = 0;
    for (let i = at; i < end; i++) word |= byteAt(bytes, i) << (8 * (i - at));
    ASKED[words] = word;
    hash = mix(hash, word);
  }
  return hash;
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, MULTIPLIER);
  return mixed ^ (mixed >>> 15);
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number;
}
