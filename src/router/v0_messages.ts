import { FRAME_PAYLOAD_BYTES_MAX } from "../limits.ts";
import type { FrameOptions } from "../wire/frame.ts";
import { FrameTooLargeError } from "../wire/frame_too_large_error.ts";
import type { Message, SnapshotParam } from "../wire/message.ts";
import { encodeV0Frame } from "../wire/v0_frame.ts";
import { ERROR_CODE, toErrorMessage } from "./error_code.ts";

/**
 * A message of this router as v0 frames, which name their fields and so take more room than those of
 * v1. Lists of params and definitions are sent in parts; the only param of a SNAPSHOT goes without its
 * writer and time before it is given up. What fits no frame even so becomes an ERROR that says which.
 */
export function encodeV0Messages(message: Message, options: FrameOptions): Uint8Array[] {
  try {
    return [encodeV0Frame(message, options)];
  } catch (error) {
    if (!(error instanceof FrameTooLargeError)) throw error;
    const parts = split(message) ?? [tooLarge(message, error.payloadBytes)];
    return parts.flatMap((part) => encodeV0Messages(part, part.type === "ERROR" ? {} : options));
  }
}

function split(message: Message): readonly Message[] | undefined {
  switch (message.type) {
    case "SNAPSHOT": {
      const [param, ...others] = message.params;
      if (others.length > 0) {
        return halves(message.params).map((params) => ({ type: "SNAPSHOT", params }));
      }
      if (param === undefined || !hasExtras(param)) return undefined;
      const { address, value, revision } = param;
      return [{ type: "SNAPSHOT", params: [{ address, value, revision }] }];
    }
    case "RESULT":
      if (message.signals.length < 2) return undefined;
      return halves(message.signals).map((signals) => ({ type: "RESULT", signals }));
    default:
      return undefined;
  }
}

function hasExtras({ writer, timestampMicros }: SnapshotParam): boolean {
  return writer !== undefined || timestampMicros !== undefined;
}

function halves<Item>(items: readonly Item[]): (readonly Item[])[] {
  const middle = items.length >> 1;
  return [items.slice(0, middle), items.slice(middle)];
}

function tooLarge(message: Message, payloadBytes: number): Message {
  const address = addressOf(message);
  return toErrorMessage({
    code: ERROR_CODE.invalidValue,
    message:
      `Cannot pass on a ${message.type}${address === undefined ? "" : ` of "${address}"`}: ` +
      `it takes ${payloadBytes} bytes in MessagePack, at most ${FRAME_PAYLOAD_BYTES_MAX} fit a ` +
      "frame; say HELLO in binary frames (v1) to receive it",
    address,
  });
}

function addressOf(message: Message): string | undefined {
  switch (message.type) {
    case "SET":
    case "PUBLISH":
      return message.address;
    case "SNAPSHOT":
      return message.params[0]?.address;
    default:
      return undefined;
  }
}
