import type { Prng } from "../support/prng.ts";

/** Longest input that a mutation makes, bytes: a frame and a little more. */
const INPUT_BYTES_MAX = 70_000;
/** Mutations of one input, at most. */
const STEPS_MAX = 6;
const EDGE_BYTES = [0x00, 0x01, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0xc0, 0xc1, 0xc4, 0xdc, 0xdf, 0xff];
const EDGE_WORDS = [0x0000, 0x0001, 0x00ff, 0x0100, 0x03e8, 0x03e9, 0x7fff, 0x8000, 0xfffe, 0xffff];

/** Changes a copy of `bytes` in a few random places; `others` are inputs to take pieces of. */
export function mutateBytes(
  bytes: Uint8Array,
  prng: Prng,
  others: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  let result = bytes.slice();
  for (let steps = 1 + prng.nextInt(STEPS_MAX); steps > 0; steps--) {
    result = mutateOnce(result, prng, others);
  }
  return result.slice(0, INPUT_BYTES_MAX);
}

function mutateOnce(
  bytes: Uint8Array<ArrayBuffer>,
  prng: Prng,
  others: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const at = prng.nextInt(bytes.length + 1);
  switch (prng.nextInt(9)) {
    case 0:
      return setBytes(bytes, at, [(bytes[at] ?? 0) ^ (1 << prng.nextInt(8))]);
    case 1:
      return setBytes(bytes, at, [prng.nextInt(256)]);
    case 2:
      return setBytes(bytes, at, [prng.pick(EDGE_BYTES)]);
    case 3: {
      const word = prng.pick(EDGE_WORDS);
      return setBytes(bytes, at, [word >> 8, word & 0xff]);
    }
    case 4:
      return splice(bytes, { at, removed: pieceLength(prng), inserted: NOTHING });
    case 5: {
      const inserted = Uint8Array.from({ length: pieceLength(prng) }, () => prng.nextInt(256));
      return splice(bytes, { at, removed: 0, inserted });
    }
    case 6: {
      const from = prng.nextInt(bytes.length + 1);
      const inserted = bytes.slice(from, from + pieceLength(prng));
      return splice(bytes, { at, removed: 0, inserted });
    }
    case 7: {
      const other = prng.pick(others);
      const from = prng.nextInt(other.length + 1);
      const inserted = other.slice(from, from + pieceLength(prng));
      return splice(bytes, { at, removed: prng.nextInt(inserted.length + 1), inserted });
    }
    default:
      return bytes.slice(0, at);
  }
}

const NOTHING = new Uint8Array(0);

/** Mostly short, now and then long. */
function pieceLength(prng: Prng): number {
  return 1 + prng.nextInt(prng.nextInt(20) === 0 ? 4_096 : 16);
}

function setBytes(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  values: readonly number[],
): Uint8Array<ArrayBuffer> {
  for (const [index, value] of values.entries()) {
    if (at + index < bytes.length) bytes[at + index] = value;
  }
  return bytes;
}

function splice(
  bytes: Uint8Array,
  { at, removed, inserted }: {
    readonly at: number;
    readonly removed: number;
    readonly inserted: Uint8Array;
  },
): Uint8Array<ArrayBuffer> {
  const end = Math.min(bytes.length, at + removed);
  const result = new Uint8Array(bytes.length - (end - at) + inserted.length);
  result.set(bytes.subarray(0, at));
  result.set(inserted, at);
  result.set(bytes.subarray(end), at + inserted.length);
  return result;
}
