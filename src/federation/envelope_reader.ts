import { decodeFrame, type FrameHeader } from "../wire/frame.ts";
import type { FrameRange } from "../wire/frame_range.ts";
import type { ForwardMessage, Message } from "../wire/message.ts";
import { WireError } from "../wire/wire_error.ts";

/** One frame of a WebSocket message from a peer. */
export interface EnvelopeFrame extends FrameRange {
  readonly header: FrameHeader;
  /** The whole frame, header included. */
  readonly bytes: Uint8Array;
  readonly message: Message;
  /** When the context that covers it was written, by the sender's monotonic clock. */
  readonly sentMicros?: number | undefined;
}

/** Who is told what a message holds, in order. */
export interface EnvelopeVisitor {
  /** A frame that stands behind no context. */
  message(frame: EnvelopeFrame): void;
  /** Frame number `index`, from 0, of a context. */
  forwarded(context: ForwardMessage, index: number, frame: EnvelopeFrame): void;
  /** Nothing after this is to be read: the visitor has closed the connection. */
  readonly isDone: boolean;
}

/**
 * Reads a WebSocket message of a peer: frames back to back, those of a context behind it.
 *
 * @throws {WireError} when a frame cannot be read or a context covers frames that are not there; what
 * came before it has been visited
 */
export function readEnvelope(bytes: Uint8Array, visitor: EnvelopeVisitor): void {
  let offset = 0;
  while (offset < bytes.length && !visitor.isDone) {
    const frame = new ReadFrame(bytes, offset);
    offset = frame.header.payloadEnd;
    const { message } = frame;
    if (message.type !== "FEDERATION_SYNC" || message.op !== "Forward") {
      visitor.message(frame);
      continue;
    }
    for (let index = 0; index < message.count && !visitor.isDone; index++) {
      if (offset >= bytes.length) {
        throw new WireError(
          "frame",
          offset,
          `Cannot read frame ${index + 1} of ${message.count} of a context: the message ends`,
        );
      }
      const forwarded = new ReadFrame(bytes, offset, frame.header.timestampMicros);
      offset = forwarded.header.payloadEnd;
      visitor.forwarded(message, index, forwarded);
    }
  }
}

class ReadFrame implements EnvelopeFrame {
  readonly header: FrameHeader;
  readonly message: Message;
  readonly sentMicros: number | undefined;
  readonly whole: Uint8Array;
  readonly start: number;

  constructor(whole: Uint8Array, start: number, sentMicros?: number) {
    const { header, message } = decodeFrame(whole, start);
    this.whole = whole;
    this.start = start;
    this.header = header;
    this.message = message;
    this.sentMicros = sentMicros;
  }

  get end(): number {
    return this.header.payloadEnd;
  }

  // Made when asked for: most frames are decoded and not passed on as they are.
  get bytes(): Uint8Array {
    return this.whole.subarray(this.start, this.end);
  }
}
