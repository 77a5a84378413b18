import type { EventIdentity, Publication } from "../router/publication.ts";

/** Copies the frame of a publication once, however many peers it is kept for. */
export class FrameKeeper {
  #identity: EventIdentity | undefined;
  #frame = new Uint8Array();

  /** The frame, to be kept: its bytes stay as they are. */
  keep({ identity, frame }: Publication): Uint8Array {
    // All who want a publication are told of it one after the other.
    if (identity !== this.#identity) {
      this.#identity = identity;
      this.#frame = frame.slice();
    }
    return this.#frame;
  }
}
