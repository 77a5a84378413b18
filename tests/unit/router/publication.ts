import type { Publication } from "../../../src/router/publication.ts";
import { SIGNAL } from "../../../src/wire/message.ts";

const NOBODY = { paramChanged: () => {}, published: () => {} };

/** A publication with this frame: an event that lives forever, unless it is said otherwise. */
export function publication(frame: Uint8Array, parts: Partial<Publication> = {}): Publication {
  return {
    address: "/e",
    signal: SIGNAL.event,
    phase: 0,
    frame,
    identity: { origin: "router", bootId: 1, sequence: 1 },
    deadlineMicros: Infinity,
    publishedMicros: 0,
    audience: "all",
    from: NOBODY,
    ...parts,
  };
}
