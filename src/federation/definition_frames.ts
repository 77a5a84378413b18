import { FRAME_PAYLOAD_BYTES_MAX } from "../limits.ts";
import { definitionBytes } from "../wire/definition_bytes.ts";
import type { SignalDefinition, SignalsMessage } from "../wire/message.ts";

/** Code, operation and four counts. */
const HEAD_BYTES = 10;
const ENCODER = new TextEncoder();
const LENGTH_BYTES = 2;

/** Tells of definitions, in as many messages as it takes: none, when there is nothing to tell. */
export function* definitionFrames(
  news: { readonly offered: readonly SignalDefinition[]; readonly withdrawn: readonly string[] },
): Generator<SignalsMessage> {
  const head = { type: "FEDERATION_SYNC", op: "Signals", joined: [], left: [] } as const;
  for (const offered of parts(news.offered, definitionBytes)) {
    yield { ...head, offered, withdrawn: [] };
  }
  for (const withdrawn of parts(news.withdrawn, textBytes)) {
    yield { ...head, offered: [], withdrawn };
  }
}

function textBytes(text: string): number {
  return LENGTH_BYTES + ENCODER.encode(text).length;
}

function* parts<T>(items: readonly T[], bytesOf: (item: T) => number): Generator<T[]> {
  let part: T[] = [];
  let bytes = HEAD_BYTES;
  for (const item of items) {
    const more = bytesOf(item);
    if (bytes + more > FRAME_PAYLOAD_BYTES_MAX) {
      yield part;
      part = [];
      bytes = HEAD_BYTES;
    }
    part.push(item);
    bytes += more;
  }
  if (part.length > 0) yield part;
}
