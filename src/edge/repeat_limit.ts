const INTERVAL_MS = 30_000;
/** Peers choose part of the keys; when there are more, all are forgotten. */
const KEYS_MAX = 1_000;

/** What was left out of a log since the last line of the same kind. */
export interface Repeat {
  readonly repeated: number;
  /** The same for people, empty when there is nothing to say. */
  readonly more: string;
}

interface Entry {
  readonly atMs: number;
  leftOut: number;
}

/** Lets one log line of a kind through every 30 s, and counts those that it does not. */
export class RepeatLimit {
  readonly #nowMs: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** What to add to a line of this kind, or undefined when it is not to be logged now. */
  take(key: string): Repeat | undefined {
    const nowMs = this.#nowMs();
    const last = this.#entries.get(key);
    if (last !== undefined && nowMs - last.atMs < INTERVAL_MS) {
      last.leftOut++;
      return undefined;
    }
    if (this.#entries.size >= KEYS_MAX) this.#entries.clear();
    this.#entries.set(key, { atMs: nowMs, leftOut: 0 });
    const repeated = last?.leftOut ?? 0;
    return { repeated, more: repeated === 0 ? "" : ` (and ${repeated} times more before)` };
  }

  /** The next line of this kind is logged whatever came before. */
  forget(key: string): void {
    this.#entries.delete(key);
  }
}
