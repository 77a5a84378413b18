import { FRAME_PAYLOAD_BYTES_MAX } from "../limits.ts";
import { ByteWriter } from "./byte_writer.ts";
import { type EncodedValue, type PublishMessage, SIGNAL, VALUE_CODE } from "./message.ts";
import { writePublish } from "./publish_codec.ts";
import type { V0Fields } from "./v0_fields.ts";
import { phaseNamed, signalNamed } from "./v0_names.ts";
import { WireError } from "./wire_error.ts";

const NULL_VALUE: EncodedValue = new Uint8Array([VALUE_CODE.null]);
const SHARED_WRITER = new ByteWriter(256);

/**
 * Reads a PUBLISH of v0. What it says stands in one of several fields; v1 has one place for it. Its
 * frame is passed on, so it must fit one of v1.
 *
 * @param at Where the message begins, for errors.
 */
export function readV0Publish(fields: V0Fields, at: number): PublishMessage {
  const signal = readSignal(fields);
  const value = readContent(fields);
  const message: PublishMessage = {
    type: "PUBLISH",
    address: fields.string("address"),
    signal,
    phase: signal === SIGNAL.gesture ? readPhase(fields) : 0,
    value,
    samples: value === undefined ? fields.optionalNumbers("samples") : undefined,
    timestampMicros: fields.optionalU64("timestamp"),
    id: fields.optionalUnsigned("id"),
    rate: fields.optionalUnsigned("rate"),
  };
  checkSize(message, at);
  return message;
}

function readSignal(fields: V0Fields): PublishMessage["signal"] {
  const name = fields.optionalString("signal") ?? "event";
  const signal = signalNamed(name);
  if (signal === undefined) throw fields.unknown("signal", name);
  return signal;
}

function readPhase(fields: V0Fields): PublishMessage["phase"] {
  const name = fields.optionalString("phase") ?? "start";
  const phase = phaseNamed(name);
  if (phase === undefined) throw fields.unknown("phase", name);
  return phase;
}

function readContent(fields: V0Fields): EncodedValue | undefined {
  const value = fields.optionalValue("value") ?? fields.optionalValue("payload") ??
    fields.optionalValue("timeline");
  if (value !== undefined || fields.has("samples")) return value;
  // Said to be nil, which is how clients publish null.
  return fields.isNamed("value") || fields.isNamed("payload") ? NULL_VALUE : undefined;
}

function checkSize(message: PublishMessage, at: number): void {
  const { samples } = message;
  // Counted first: a list too long for its count is not written at all.
  if (samples === undefined || 8 * samples.length <= FRAME_PAYLOAD_BYTES_MAX) {
    SHARED_WRITER.reset();
    writePublish(SHARED_WRITER, message);
    if (SHARED_WRITER.length <= FRAME_PAYLOAD_BYTES_MAX) return;
  }
  throw new WireError(
    "message",
    at,
    `Cannot read PUBLISH at offset ${at}: in a binary frame, in which it is passed on, it takes ` +
      `more than the ${FRAME_PAYLOAD_BYTES_MAX} bytes that fit one`,
  );
}
