import { decodeClientFrame } from "../../src/wire/client_frame.ts";
import { readFrameHeader } from "../../src/wire/frame.ts";
import type { ForwardMessage, Message } from "../../src/wire/message.ts";
import { readMessage } from "../../src/wire/message_reader.ts";
import { isV0Frame } from "../../src/wire/v0_frame.ts";

/** One frame of a message between routers; the contexts themselves are not listed. */
export interface PeerFrame {
  readonly message: Message;
  /** Of the frame itself. */
  readonly timestampMicros: number | undefined;
  /** What covers it, and its place in there. */
  readonly context?: { readonly message: ForwardMessage; readonly index: number } | undefined;
  readonly bytes: Uint8Array;
}

/** Whoever watches asks for the same message, one after the other. */
let last: { readonly bytes: Uint8Array; readonly frames: readonly PeerFrame[] } | undefined;

/** All frames of a WebSocket message, whose bytes must never change. */
export function readPeerFrames(bytes: Uint8Array): readonly PeerFrame[] {
  if (last?.bytes !== bytes) last = { bytes, frames: decode(bytes) };
  return last.frames;
}

function decode(bytes: Uint8Array): PeerFrame[] {
  const frames: PeerFrame[] = [];
  let context: { readonly message: ForwardMessage; index: number } | undefined;
  if (isV0Frame(bytes)) {
    return [{ message: decodeClientFrame(bytes).message, timestampMicros: undefined, bytes }];
  }
  for (let offset = 0; offset < bytes.length;) {
    const { payloadStart, payloadEnd, timestampMicros } = readFrameHeader(bytes, offset);
    const message = readMessage(bytes, payloadStart, payloadEnd);
    // To most clients a message has one frame.
    const isAll = offset === 0 && payloadEnd === bytes.length;
    const frame = isAll ? bytes : bytes.subarray(offset, payloadEnd);
    offset = payloadEnd;
    if (message.type === "FEDERATION_SYNC" && message.op === "Forward") {
      context = { message, index: 0 };
    } else if (context !== undefined && context.index < context.message.count) {
      const { message: covering, index } = context;
      frames.push({
        message,
        timestampMicros,
        bytes: frame,
        context: { message: covering, index },
      });
      context.index++;
    } else {
      frames.push({ message, timestampMicros, bytes: frame });
    }
  }
  return frames;
}
