import type { LinkEvent } from "../federation/link_event.ts";
import { LINK_EVENTS_WAITING_MAX } from "../limits.ts";

/** Link events on their way from the core to whoever watches: listeners at once, a reader later. */
export class LinkEventQueue implements AsyncIterable<LinkEvent> {
  readonly #listeners = new Set<(event: LinkEvent) => void>();
  readonly #waiting: LinkEvent[] = [];
  #wake: (() => void) | undefined;
  #isTaken = false;
  #isClosed = false;

  /** Calls a listener for each event from now on, until the function it returns is called. */
  listen(listener: (event: LinkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  push(event: LinkEvent): void {
    for (const listener of this.#listeners) listener(event);
    if (!this.#isTaken || this.#isClosed) return;
    if (this.#waiting.length >= LINK_EVENTS_WAITING_MAX) this.#waiting.shift();
    this.#waiting.push(event);
    this.#wake?.();
  }

  /** The reader's end, once; undefined after that. */
  take(): AsyncIterable<LinkEvent> | undefined {
    if (this.#isTaken) return undefined;
    this.#isTaken = true;
    return this;
  }

  /** No more events: the reader's loop ends when it has read those that wait. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<LinkEvent> {
    for (;;) {
      const event = this.#waiting.shift();
      if (event !== undefined) yield event;
      else if (this.#isClosed) return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
