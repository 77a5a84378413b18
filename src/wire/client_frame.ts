import { encodeFrame, readFrameHeader } from "./frame.ts";
import type { Message, Qos } from "./message.ts";
import { readMessage } from "./message_reader.ts";
import { startsV0Payload } from "./v0_frame.ts";
import { readV0Message } from "./v0_reader.ts";

/** One frame of a client, of v1 or v0. */
export interface ClientFrame {
  readonly message: Message;
  readonly qos: Qos;
  /**
   * The frame itself; a PUBLISH, which is passed on, in v1 always: written anew when it came in v0.
   */
  readonly bytes: Uint8Array;
}

const ENCODING_BINARY = 1;

/**
 * Reads the first frame of what a client sent, in either encoding. Bytes after it are ignored, as the
 * public codecs do.
 *
 * @throws {WireError} When it cannot be read, or is a PUBLISH that does not fit a frame of v1.
 */
export function decodeClientFrame(bytes: Uint8Array): ClientFrame {
  const { qos, timestampMicros, encoding, payloadStart, payloadEnd } = readFrameHeader(bytes, 0);
  const isV0 = startsV0Payload(bytes[payloadStart]);
  const message = isV0
    ? readV0Message(bytes, payloadStart, payloadEnd)
    : readMessage(bytes, payloadStart, payloadEnd);
  const isAnew = message.type === "PUBLISH" && (isV0 || encoding !== ENCODING_BINARY);
  return {
    message,
    qos,
    bytes: isAnew
      ? encodeFrame(message, { qos, timestampMicros })
      : payloadEnd === bytes.length
      ? bytes
      : bytes.subarray(0, payloadEnd),
  };
}
