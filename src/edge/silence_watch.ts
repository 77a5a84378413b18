/** What a {@linkcode SilenceWatch} does about silence. */
export interface SilenceWatchOptions {
  readonly timeoutMs: number;
  /** Asks for a sign of life; called after half of the time and a little. */
  readonly ask: () => void;
  /** Nothing came in all of the time, and a little. Nothing is called after it. */
  readonly giveUp: () => void;
}

/** Looks in a time so often: silence is found late by at most this part of it. */
const LOOKS = 4;

/**
 * Watches whether a peer still says anything. It looks at intervals instead of moving a timer with
 * all that comes.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #silentLooks = 0;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), options.timeoutMs / LOOKS);
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
    if (this.#silentLooks === LOOKS / 2) return this.#options.ask();
    if (this.#silentLooks < LOOKS) return;
    this.stop();
    this.#options.giveUp();
  }
}
