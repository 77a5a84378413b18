/** Whoever is watched by a {@linkcode SilenceWatch}. */
export interface WatchedPeer {
  /** Asks for a sign of life; called after half of the time and a little. */
  askForLife(): void;
  /** Nothing came in all of the time, and a little. Nothing is called after it. */
  giveUp(): void;
}

/** Looks in a time so often: silence is found late by at most this part of it. */
const LOOKS = 4;

/**
 * Watches whether a peer still says anything. It looks at intervals instead of moving a timer with
 * all that comes.
 */
export class SilenceWatch {
  readonly #peer: WatchedPeer;
  readonly #timer: ReturnType<typeof setInterval>;
  #silentLooks = 0;

  constructor(peer: WatchedPeer, timeoutMs: number) {
    this.#peer = peer;
    this.#timer = setInterval(() => this.#look(), timeoutMs / LOOKS);
  }

  /** Something came. */
  heard(): void {
    // The interval that is under way is not silent as a whole; it does not count.
    this.#silentLooks = -1;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#silentLooks++;
    if (this.#silentLooks === LOOKS / 2) return this.#peer.askForLife();
    if (this.#silentLooks < LOOKS) return;
    this.stop();
    this.#peer.giveUp();
  }
}
