import type { LinkEvent } from "../federation/link_event.ts";
import { LINK_EVENTS_WAITING_MAX } from "../limits.ts";

/** Link events on their way from the core to whoever watches: listeners at once, a reader later. */
export class LinkEventQueue implements AsyncIterable<LinkEvent> {
  readonly #listeners = new Set<(event: LinkEvent) => void>();
  /** Those of them that only want to hear of the links themselves. */
  readonly #linkListeners = new Set<(event: LinkEvent) => void>();
  readonly #waiting: LinkEvent[] = [];
  #wake: (() => void) | undefined;
  #isTaken = false;
  #isClosed = false;

  /** Calls a listener for each event from now on, until the function it returns is called. */
  listen(listener: (event: LinkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same for whoever does not care what is set and published elsewhere. */
  listenToLinks(listener: (event: LinkEvent) => void): void {
    this.#linkListeners.add(listener);
  }

  /** Whether anybody is to hear of each `remoteSet` and `remotePublish`: there are very many. */
  get wantsTraffic(): boolean {
    return this.#isTaken || this.#listeners.size > 0;
  }

  push(event: LinkEvent): void {
    if (event.type !== "remoteSet" && event.type !== "remotePublish") {
      for (const listener of this.#linkListeners) listener(event);
    }
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
