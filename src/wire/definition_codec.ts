import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { readValue, writeEncoded } from "./encoded_value.ts";
import {
  type AnnounceMessage,
  MESSAGE_CODE,
  type ResultMessage,
  type SignalDefinition,
  type SignalMeta,
} from "./message.ts";
import { toSignalCode } from "./signal_code.ts";

const HAS_DATATYPE = 0x01;
const HAS_ACCESS = 0x02;
const HAS_META = 0x04;
const META_UNIT = 0x01;
const META_RANGE = 0x02;
const META_DEFAULT = 0x04;
const META_DESCRIPTION = 0x08;

/** Reads an ANNOUNCE behind its code. */
export function readAnnounce(reader: ByteReader): AnnounceMessage {
  const namespace = reader.string("ANNOUNCE namespace");
  const count = reader.u16("count of definitions");
  const signals: SignalDefinition[] = [];
  for (let i = 0; i < count; i++) signals.push(readDefinition(reader, HAS_META));
  return { type: "ANNOUNCE", namespace, signals };
}

/** Writes an ANNOUNCE. */
export function writeAnnounce(writer: ByteWriter, message: AnnounceMessage): void {
  writer.u8(MESSAGE_CODE.ANNOUNCE);
  writer.string(message.namespace);
  writer.u16(message.signals.length);
  for (const signal of message.signals) writeDefinition(writer, signal, signal.meta);
}

/** Reads a RESULT behind its code. */
export function readResult(reader: ByteReader): ResultMessage {
  const count = reader.u16("count of definitions");
  const signals: SignalDefinition[] = [];
  for (let i = 0; i < count; i++) signals.push(readDefinition(reader, 0));
  return { type: "RESULT", signals };
}

/** Writes a RESULT, which leaves out what definitions say in `meta`. */
export function writeResult(writer: ByteWriter, message: ResultMessage): void {
  writer.u8(MESSAGE_CODE.RESULT);
  writer.u16(message.signals.length);
  for (const signal of message.signals) writeDefinition(writer, signal, undefined);
}

/** Reads one; `metaMask` is 0 where the public decoders ignore the meta bit. */
export function readDefinition(reader: ByteReader, metaMask: number = 0): SignalDefinition {
  const address = reader.string("address of a definition");
  const signal = toSignalCode(reader.u8("kind of signal"));
  const flags = reader.u8("definition flags");
  return {
    address,
    signal,
    datatype: (flags & HAS_DATATYPE) !== 0 ? reader.string("datatype") : undefined,
    access: (flags & HAS_ACCESS) !== 0 ? reader.string("access") : undefined,
    meta: (flags & metaMask) !== 0 ? readMeta(reader) : undefined,
  };
}

/** Writes one, with its `meta` only where that is said. */
export function writeDefinition(
  writer: ByteWriter,
  signal: SignalDefinition,
  meta?: SignalMeta | undefined,
): void {
  writer.string(signal.address);
  writer.u8(signal.signal);
  writer.u8(
    (signal.datatype !== undefined ? HAS_DATATYPE : 0) |
      (signal.access !== undefined ? HAS_ACCESS : 0) |
      (meta !== undefined ? HAS_META : 0),
  );
  if (signal.datatype !== undefined) writer.string(signal.datatype);
  if (signal.access !== undefined) writer.string(signal.access);
  if (meta !== undefined) writeMeta(writer, meta);
}

function readMeta(reader: ByteReader): SignalMeta {
  const flags = reader.u8("meta flags");
  return {
    unit: (flags & META_UNIT) !== 0 ? reader.string("unit") : undefined,
    range: (flags & META_RANGE) !== 0
      ? [reader.f64("least of a range"), reader.f64("most of a range")]
      : undefined,
    default: (flags & META_DEFAULT) !== 0 ? readValue(reader, reader.u8("value type")) : undefined,
    description: (flags & META_DESCRIPTION) !== 0 ? reader.string("description") : undefined,
  };
}

function writeMeta(writer: ByteWriter, meta: SignalMeta): void {
  writer.u8(
    (meta.unit !== undefined ? META_UNIT : 0) |
      (meta.range !== undefined ? META_RANGE : 0) |
      (meta.default !== undefined ? META_DEFAULT : 0) |
      (meta.description !== undefined ? META_DESCRIPTION : 0),
  );
  if (meta.unit !== undefined) writer.string(meta.unit);
  if (meta.range !== undefined) {
    writer.f64(meta.range[0]);
    writer.f64(meta.range[1]);
  }
  if (meta.default !== undefined) writeEncoded(writer, meta.default);
  if (meta.description !== undefined) writer.string(meta.description);
}
