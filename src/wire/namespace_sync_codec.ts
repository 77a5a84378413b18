import { PATH_ROUTERS_MAX } from "../limits.ts";
import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import type { ClaimFacts, DeclareTrailer, NamespaceSyncMessage } from "./message.ts";
import { WireError } from "./wire_error.ts";

const HAS_SINCE = 0x80;
const HAS_ORIGIN = 0x40;
const MORE_BIT = 0x01;

/** Reads one of the four public operations behind its code. */
export function readNamespaceSync(
  reader: ByteReader,
  op: NamespaceSyncMessage["op"],
): NamespaceSyncMessage {
  const patterns = readStrings(reader, reader.u16("count of patterns"), "pattern");
  const revisions = readRevisions(reader);
  const flags = reader.u8("FEDERATION_SYNC flags");
  return {
    type: "FEDERATION_SYNC",
    op,
    patterns,
    revisions,
    since: (flags & HAS_SINCE) !== 0 ? reader.u64("since") : undefined,
    origin: (flags & HAS_ORIGIN) !== 0 ? reader.string("origin") : undefined,
    declare: op === "DeclareNamespaces" ? readTrailer(reader, patterns.length) : undefined,
  };
}

/** Writes what follows the operation's code. */
export function writeNamespaceSync(writer: ByteWriter, message: NamespaceSyncMessage): void {
  writer.u16(message.patterns.length);
  for (const pattern of message.patterns) writer.string(pattern);
  writer.u16(message.revisions.length);
  for (const [address, revision] of message.revisions) {
    writer.string(address);
    writer.u64(revision);
  }
  writer.u8(
    (message.since !== undefined ? HAS_SINCE : 0) |
      (message.origin !== undefined ? HAS_ORIGIN : 0),
  );
  if (message.since !== undefined) writer.u64(message.since);
  if (message.origin !== undefined) writer.string(message.origin);
  if (message.declare !== undefined) writeTrailer(writer, message, message.declare);
}

function readStrings(reader: ByteReader, count: number, what: string): string[] {
  const strings: string[] = [];
  for (let i = 0; i < count; i++) strings.push(reader.string(what));
  return strings;
}

function readRevisions(reader: ByteReader): [string, number][] {
  const count = reader.u16("count of revisions");
  const revisions: [string, number][] = [];
  for (let i = 0; i < count; i++) {
    revisions.push([reader.string("address of a revision"), reader.u64("revision")]);
  }
  return revisions;
}

/** Legacy peers end the message before the trailer. */
function readTrailer(reader: ByteReader, patternCount: number): DeclareTrailer | undefined {
  if (reader.remaining === 0) return undefined;
  const flags = reader.u8("declaration flags");
  const claims: ClaimFacts[] = [];
  for (let i = 0; i < patternCount; i++) {
    claims.push({ ownerId: reader.string("owner id"), live: reader.u8("live flag") !== 0 });
  }
  const at = reader.position;
  const routers = reader.u8("count of routers in the path");
  if (routers > PATH_ROUTERS_MAX) {
    throw new WireError(
      "message",
      at,
      `Cannot read a path of ${routers} routers: at most ${PATH_ROUTERS_MAX} are allowed`,
    );
  }
  const path = readStrings(reader, routers, "router id in the path");
  return { more: (flags & MORE_BIT) !== 0, claims, path };
}

function writeTrailer(
  writer: ByteWriter,
  message: NamespaceSyncMessage,
  trailer: DeclareTrailer,
): void {
  if (message.op !== "DeclareNamespaces") {
    throw new TypeError(`Cannot write ${message.op} with a declaration's trailer`);
  }
  if (trailer.claims.length !== message.patterns.length) {
    throw new RangeError(
      `Cannot write ${trailer.claims.length} claims for ${message.patterns.length} patterns`,
    );
  }
  if (trailer.path.length > PATH_ROUTERS_MAX) {
    throw new RangeError(
      `Cannot write a path of ${trailer.path.length} routers: ` +
        `at most ${PATH_ROUTERS_MAX} are allowed`,
    );
  }
  writer.u8(trailer.more ? MORE_BIT : 0);
  for (const claim of trailer.claims) {
    writer.string(claim.ownerId);
    writer.u8(claim.live ? 1 : 0);
  }
  writer.u8(trailer.path.length);
  for (const routerId of trailer.path) writer.string(routerId);
}
