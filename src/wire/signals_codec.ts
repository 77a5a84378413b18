import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { readDefinition, writeDefinition } from "./definition_codec.ts";
import type { SignalAnswerMessage, SignalsMessage } from "./message.ts";

/** Reads what a router's clients offer, behind its operation code. */
export function readSignals(reader: ByteReader): SignalsMessage {
  return {
    type: "FEDERATION_SYNC",
    op: "Signals",
    offered: readList(reader, "definitions", (from) => readDefinition(from)),
    withdrawn: readList(reader, "withdrawn definitions", (from) => from.string("address")),
    joined: readList(reader, "sessions that joined", (from) => from.string("session")),
    left: readList(reader, "sessions that left", (from) => from.string("session")),
  };
}

/** Writes what follows the operation's code. */
export function writeSignals(writer: ByteWriter, message: SignalsMessage): void {
  writer.u16(message.offered.length);
  for (const definition of message.offered) writeDefinition(writer, definition);
  for (const texts of [message.withdrawn, message.joined, message.left]) {
    writer.u16(texts.length);
    for (const text of texts) writer.string(text);
  }
}

/** Reads what became of a P2P signal, behind its operation code. */
export function readSignalAnswer(reader: ByteReader): SignalAnswerMessage {
  return {
    type: "FEDERATION_SYNC",
    op: "SignalAnswer",
    origin: reader.string("origin of a signal"),
    bootId: reader.u64("boot id of a signal"),
    sequence: reader.u64("sequence of a signal"),
    code: reader.u16("code of a signal's answer"),
  };
}

/** Writes what follows the operation's code. */
export function writeSignalAnswer(writer: ByteWriter, message: SignalAnswerMessage): void {
  writer.string(message.origin);
  writer.u64(message.bootId);
  writer.u64(message.sequence);
  writer.u16(message.code);
}

function readList<T>(reader: ByteReader, what: string, read: (reader: ByteReader) => T): T[] {
  const count = reader.u16(`count of ${what}`);
  const items: T[] = [];
  for (let index = 0; index < count; index++) items.push(read(reader));
  return items;
}
