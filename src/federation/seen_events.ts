import { EVENT_LIFE_MS, SEEN_EVENTS_MAX } from "../limits.ts";
import type { EventIdentity } from "../router/publication.ts";

/**
 * Remembers events for at least their life, so that one which comes by two ways is delivered once.
 * Two generations: the older one is dropped when the younger is full or as old as an event gets.
 */
export class SeenEvents {
  #young = new Set<string>();
  #old = new Set<string>();
  #turnsAtMicros = 0;

  /** Events remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Whether this event is new here; remembers it. */
  isNew(identity: EventIdentity, nowMicros: number): boolean {
    this.#turn(nowMicros);
    const key = `${identity.sequence}@${identity.bootId}@${identity.origin}`;
    if (this.#young.has(key) || this.#old.has(key)) return false;
    this.#young.add(key);
    return true;
  }

  #turn(nowMicros: number): void {
    if (nowMicros < this.#turnsAtMicros && this.#young.size < SEEN_EVENTS_MAX) return;
    this.#old = this.#young;
    this.#young = new Set();
    this.#turnsAtMicros = nowMicros + EVENT_LIFE_MS * 1_000;
  }
}
