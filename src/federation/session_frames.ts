import { FRAME_PAYLOAD_BYTES_MAX, NAME_BYTES_MAX } from "../limits.ts";
import type { SignalsMessage } from "../wire/message.ts";

const LENGTH_BYTES = 2;
/** Sessions that fit one frame, whatever their ids. */
const SESSIONS_PER_FRAME = Math.floor(
  FRAME_PAYLOAD_BYTES_MAX / (NAME_BYTES_MAX + LENGTH_BYTES) - 1,
);

/** Tells of sessions, in as many messages as it takes: none, when there is nothing to tell. */
export function* sessionFrames(
  joined: readonly string[],
  left: readonly string[],
): Generator<SignalsMessage> {
  const head = { type: "FEDERATION_SYNC", op: "Signals", offered: [], withdrawn: [] } as const;
  for (let start = 0; start < joined.length; start += SESSIONS_PER_FRAME) {
    yield { ...head, joined: joined.slice(start, start + SESSIONS_PER_FRAME), left: [] };
  }
  for (let start = 0; start < left.length; start += SESSIONS_PER_FRAME) {
    yield { ...head, joined: [], left: left.slice(start, start + SESSIONS_PER_FRAME) };
  }
}
