import { DIGEST_DEPTH_MAX } from "../limits.ts";
import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import type {
  DigestGroup,
  DigestList,
  DigestMessage,
  DigestSum,
  VersionSummary,
} from "./message.ts";
import { WireError } from "./wire_error.ts";

const FLAG_MORE = 0x01;
const FLAG_ROOT = 0x02;
const FLAG_IDLE = 0x04;
const CHILDREN = 16;
/** Beside the index of its origin: the version has expired. Far fewer origins than that fit a frame. */
const TOMBSTONE_BIT = 0x8000;

/** Reads a step of a digest exchange behind its operation code. */
export function readDigest(reader: ByteReader): DigestMessage {
  const exchangeId = reader.u32("id of a digest");
  const flags = reader.u8("flags of a digest");
  const root = (flags & FLAG_ROOT) === 0 ? undefined : readSum(reader);
  const groups = readMany(reader, "groups of a digest", readGroup);
  const lists = readMany(reader, "lists of a digest", readList);
  const wants = readMany(reader, "wants of a digest", (wanting) => wanting.string("address"));
  return {
    type: "FEDERATION_SYNC",
    op: "Digest",
    exchangeId,
    more: (flags & FLAG_MORE) !== 0,
    idle: (flags & FLAG_IDLE) !== 0,
    root,
    groups,
    lists,
    wants,
  };
}

/** Writes what follows the operation's code. */
export function writeDigest(writer: ByteWriter, message: DigestMessage): void {
  const { exchangeId, more, idle, root, groups, lists, wants } = message;
  writer.u32(exchangeId);
  writer.u8(
    (more ? FLAG_MORE : 0) | (root === undefined ? 0 : FLAG_ROOT) | (idle ? FLAG_IDLE : 0),
  );
  if (root !== undefined) writeSum(writer, root);
  writer.u16(groups.length);
  for (const group of groups) writeGroup(writer, group);
  writer.u16(lists.length);
  for (const list of lists) writeList(writer, list);
  writer.u16(wants.length);
  for (const address of wants) writer.string(address);
}

function readMany<Item>(
  reader: ByteReader,
  what: string,
  read: (reader: ByteReader) => Item,
): Item[] {
  const count = reader.u16(what);
  const items: Item[] = [];
  for (let index = 0; index < count; index++) items.push(read(reader));
  return items;
}

function readSum(reader: ByteReader): DigestSum {
  return {
    count: readVarint(reader),
    high: reader.u32("digest"),
    low: reader.u32("digest"),
  };
}

function writeSum(writer: ByteWriter, { count, high, low }: DigestSum): void {
  writeVarint(writer, count);
  writer.u32(high);
  writer.u32(low);
}

function readGroup(reader: ByteReader): DigestGroup {
  const { depth, index } = readPlace(reader, DIGEST_DEPTH_MAX - 1);
  const present = reader.u16("children of a group");
  const children: DigestSum[] = [];
  for (let child = 0; child < CHILDREN; child++) {
    children.push((present & (1 << child)) === 0 ? EMPTY : readSum(reader));
  }
  return { depth, index, children };
}

function readPlace(
  reader: ByteReader,
  depthMax: number,
): { readonly depth: number; readonly index: number } {
  const at = reader.position;
  const depth = reader.u8("depth of a part");
  const index = reader.u16("index of a part");
  if (depth > depthMax || index >= CHILDREN ** depth) {
    throw new WireError(
      "message",
      at,
      `Cannot read a digest: there is no part ${index} at depth ${depth}`,
    );
  }
  return { depth, index };
}

const EMPTY: DigestSum = { count: 0, high: 0, low: 0 };

function writeGroup(writer: ByteWriter, { depth, index, children }: DigestGroup): void {
  if (children.length !== CHILDREN) {
    throw new TypeError(`Cannot write a digest group of ${children.length} children`);
  }
  writer.u8(depth);
  writer.u16(index);
  writer.u16(
    children.reduce((bits, { count }, child) => count === 0 ? bits : bits | 1 << child, 0),
  );
  for (const child of children) {
    if (child.count !== 0) writeSum(writer, child);
  }
}

function readList(reader: ByteReader): DigestList {
  const { depth, index } = readPlace(reader, DIGEST_DEPTH_MAX);
  const origins = readMany(reader, "origins of a list", (from) => from.string("origin"));
  const versions = readMany(reader, "versions of a list", (from): VersionSummary => {
    const address = from.string("address");
    const revision = from.u64("revision");
    const timestampMicros = from.u64("timestamp");
    const at = from.position;
    const indexAndBit = from.u16("origin");
    const origin = origins[indexAndBit & ~TOMBSTONE_BIT];
    if (origin === undefined) {
      throw new WireError("message", at, "Cannot read a digest list: its origin is not listed");
    }
    const summary = { address, revision, timestampMicros, origin };
    return (indexAndBit & TOMBSTONE_BIT) === 0 ? summary : { ...summary, tombstone: true };
  });
  return { depth, index, versions };
}

function writeList(writer: ByteWriter, { depth, index, versions }: DigestList): void {
  const origins = [...new Set(versions.map(({ origin }) => origin))];
  const indexOf = new Map(origins.map((origin, at) => [origin, at]));
  writer.u8(depth);
  writer.u16(index);
  writer.u16(origins.length);
  for (const origin of origins) writer.string(origin);
  writer.u16(versions.length);
  for (const { address, revision, timestampMicros, origin, tombstone } of versions) {
    writer.string(address);
    writer.u64(revision);
    writer.u64(timestampMicros);
    writer.u16((indexOf.get(origin) ?? 0) | (tombstone ? TOMBSTONE_BIT : 0));
  }
}

/** Unsigned LEB128: seven bits a byte, the lowest first. */
function readVarint(reader: ByteReader): number {
  const at = reader.position;
  let value = 0;
  for (let shift = 0; shift < 32; shift += 7) {
    const byte = reader.u8("count of a digest");
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      if (value <= 0xffff_ffff) return value;
      break;
    }
  }
  throw new WireError("message", at, "Cannot read a digest: its count has more than 32 bits");
}

function writeVarint(writer: ByteWriter, value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    writer.u8((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  writer.u8(rest);
}
