import type { ByteReader } from "./byte_reader.ts";
import type { ByteWriter } from "./byte_writer.ts";
import { readValue, writeEncoded } from "./encoded_value.ts";
import { MESSAGE_CODE, type PhaseCode, type PublishMessage, SIGNAL } from "./message.ts";
import { toSignalCode } from "./signal_code.ts";
import { WireError } from "./wire_error.ts";

const SIGNAL_SHIFT = 5;
const TIMESTAMP_BIT = 0x10;
const ID_BIT = 0x08;
const PHASE_MASK = 0x07;
const CONTENT_NONE = 0;
const CONTENT_VALUE = 1;
const CONTENT_SAMPLES = 2;
const RATE_BYTES = 4;

/** Reads a PUBLISH behind its code. Four or more bytes behind it are its rate. */
export function readPublish(reader: ByteReader): PublishMessage {
  const flags = reader.u8("PUBLISH flags");
  const signal = toSignalCode(flags >> SIGNAL_SHIFT);
  const address = reader.recurringString("PUBLISH address");
  const content = reader.u8("PUBLISH content");
  if (content > CONTENT_SAMPLES) {
    // Its length is unknown, so everything after it would be misread.
    throw new WireError(
      "message",
      reader.position - 1,
      `Cannot read PUBLISH content of kind ${content}: 0, 1 and 2 are known`,
    );
  }
  return {
    type: "PUBLISH",
    address,
    signal,
    phase: signal === SIGNAL.gesture ? toPhaseCode(flags & PHASE_MASK) : 0,
    value: content === CONTENT_VALUE ? readValue(reader, reader.u8("value type")) : undefined,
    samples: content === CONTENT_SAMPLES ? readSamples(reader) : undefined,
    timestampMicros: (flags & TIMESTAMP_BIT) !== 0 ? reader.u64("PUBLISH timestamp") : undefined,
    id: (flags & ID_BIT) !== 0 ? reader.u32("PUBLISH id") : undefined,
    rate: reader.remaining >= RATE_BYTES ? reader.u32("PUBLISH rate") : undefined,
  };
}

/** Writes a PUBLISH. Nothing may be appended to it: that would be read as its rate. */
export function writePublish(writer: ByteWriter, message: PublishMessage): void {
  writer.u8(MESSAGE_CODE.PUBLISH);
  writer.u8(
    (message.signal << SIGNAL_SHIFT) |
      (message.timestampMicros !== undefined ? TIMESTAMP_BIT : 0) |
      (message.id !== undefined ? ID_BIT : 0) |
      message.phase,
  );
  writer.string(message.address);
  writeContent(writer, message);
  if (message.timestampMicros !== undefined) writer.u64(message.timestampMicros);
  if (message.id !== undefined) writer.u32(message.id);
  if (message.rate !== undefined) writer.u32(message.rate);
}

function readSamples(reader: ByteReader): number[] {
  const count = reader.u16("count of samples");
  const samples: number[] = [];
  for (let i = 0; i < count; i++) samples.push(reader.f64("sample"));
  return samples;
}

function writeContent(writer: ByteWriter, message: PublishMessage): void {
  if (message.value !== undefined) {
    if (message.samples !== undefined) {
      throw new TypeError("Cannot write a PUBLISH with both a value and samples");
    }
    writer.u8(CONTENT_VALUE);
    writeEncoded(writer, message.value);
  } else if (message.samples !== undefined) {
    writer.u8(CONTENT_SAMPLES);
    writer.u16(message.samples.length);
    for (const sample of message.samples) writer.f64(sample);
  } else {
    writer.u8(CONTENT_NONE);
  }
}

/** A phase that is not known is a start, as in the public decoders. */
function toPhaseCode(bits: number): PhaseCode {
  switch (bits) {
    case 1:
    case 2:
    case 3:
      return bits;
    default:
      return 0;
  }
}
