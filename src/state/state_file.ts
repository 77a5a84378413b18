/**
 * The file that a router keeps its params in, version 1. All integers are big-endian; a string is a
 * u16 length and UTF-8.
 *
 *     file    = header, block*, end
 *     header  = magic 89 43 46 50 0D 0A 1A 0A, u16 version, u16 length of what follows,
 *               u8 flags (1: the router id was configured), string router id,
 *               u64 milliseconds since 1970 of the saving; u32 CRC-32 of all before
 *     block   = u8 kind 1, u32 length, u32 number, body, u32 CRC-32 of all before in this block
 *     end     = u8 kind 2, u32 length 8, u32 number, u64 records in the file, u32 CRC-32 as above
 *     body    = record, record, ...
 *     record  = u8 kind (0 live, 1 tombstone), string address, u16 origin (its place among the
 *               origins of this block; a new one is the next place, and its string follows),
 *               u64 revision, u64 timestamp, u32 TTL as on the wire,
 *               and in a live one the value: type code, data
 *
 * Blocks are numbered from 0, the end is the last number, and nothing follows it: what is missing,
 * repeated, moved or added shows. Each block is proven by its own checksum, so that those of a
 * damaged file which are whole can be used.
 *
 * The header up to its CRC looks the same in every later version. So a newer file is told from a
 * damaged one.
 *
 * A file is no picture of one moment: it is written while params change. Each version in it is whole,
 * and is one that the param had between the start and the end of the saving. That is enough, for the
 * newest version wins wherever two meet; a param may stand in it twice, the later record being newer.
 *
 * @module
 */

/** How every file begins. The line ends in it show a transfer as text. */
export const STATE_FILE_MAGIC: Uint8Array = Uint8Array.of(
  ...[0x89, 0x43, 0x46, 0x50, 0x0d, 0x0a, 0x1a, 0x0a],
);

/** The version that is written, and the newest that is read. */
export const STATE_FILE_VERSION: number = 1;

/** Bit of the header's flags: the router's id is a configured one, not new at each start. */
export const NAMED_ROUTER: number = 0x01;

/** Kinds of blocks. */
export const BLOCK_KIND = { params: 1, end: 2 } as const;
/** Bytes before the body of a block: kind, length, number. */
export const BLOCK_HEAD_BYTES: number = 9;
/** Bytes of a CRC-32. */
export const CHECKSUM_BYTES: number = 4;

/** Kinds of records. */
export const RECORD_KIND = { live: 0, tombstone: 1 } as const;

/** Which router it is. */
export interface RouterIdentity {
  readonly routerId: string;
  /** Whether the id is configured; else it is new at each start. */
  readonly isNamed: boolean;
}

/** Who wrote a file, and when. */
export interface StateFileHeader extends RouterIdentity {
  /** By the wall clock of that router, for people. */
  readonly savedMs: number;
}
