import { EVENT_LIFE_MS } from "../../src/limits.ts";

/**
 * How much later than its life an event may be seen by this process, milliseconds: the last router has
 * checked its life before it wrote to the subscriber's socket, and this process may be busy.
 */
export const EVENT_LATENESS_TOLERANCE_MS: number = 250;

/** Names an event: the site that published it, and how many it had published before. */
export type EventKey = `${string} ${number}`;

interface PublishedEvent {
  readonly sentMs: number;
  /** When the router of the publisher acknowledged it; undefined when it never did. */
  acceptedMs: number | undefined;
  readonly arrivals: Map<string, number[]>;
}

/** What became of all events. Each line names event and subscriber. */
export interface EventReport {
  readonly published: number;
  /** Those that their own router acknowledged. */
  readonly accepted: number;
  readonly received: number;
  readonly twice: readonly string[];
  readonly late: readonly string[];
  /** Accepted and not received by a subscriber that expects it. */
  readonly missing: readonly string[];
  /** Events among them, each once however many subscribers did not get it. */
  readonly missingEvents: number;
  /** Received, and nobody published it. */
  readonly invented: readonly string[];
  /** Longest time from acceptance to arrival, milliseconds. */
  readonly longestMs: number;
}

/**
 * Keeps account of events: who published which, who received it, and when, on one clock.
 *
 * An event's life counts from its acceptance: one that waits in the socket of a frozen router has not
 * been published yet.
 */
export class EventLedger {
  readonly #events = new Map<EventKey, PublishedEvent>();
  readonly #invented: string[] = [];
  readonly #subscribers: readonly string[];

  /** @param subscribers Each expects the events of all others. */
  constructor(subscribers: readonly string[]) {
    this.#subscribers = subscribers;
  }

  sent(key: EventKey, nowMs: number): void {
    this.#events.set(key, { sentMs: nowMs, acceptedMs: undefined, arrivals: new Map() });
  }

  accepted(key: EventKey, nowMs: number): void {
    const event = this.#events.get(key);
    if (event !== undefined) event.acceptedMs = nowMs;
  }

  arrived(key: EventKey, subscriber: string, nowMs: number): void {
    const event = this.#events.get(key);
    if (event === undefined) {
      this.#invented.push(`${key} at ${subscriber}`);
      return;
    }
    const arrivals = event.arrivals.get(subscriber);
    if (arrivals === undefined) event.arrivals.set(subscriber, [nowMs]);
    else arrivals.push(nowMs);
  }

  /** Whether all that was accepted has arrived everywhere. */
  get isComplete(): boolean {
    return this.report().missing.length === 0;
  }

  report(): EventReport {
    const twice: string[] = [];
    const late: string[] = [];
    const missing: string[] = [];
    const missingEvents = new Set<EventKey>();
    let [accepted, received, longestMs] = [0, 0, 0];
    for (const [key, { sentMs, acceptedMs, arrivals }] of this.#events) {
      if (acceptedMs !== undefined) accepted++;
      for (const subscriber of this.#subscribers) {
        const times = arrivals.get(subscriber) ?? [];
        const name = `${key} at ${subscriber}`;
        if (times.length > 1) twice.push(`${name}: ${times.length} times`);
        if (times.length === 0 && acceptedMs !== undefined && !isOwn(key, subscriber)) {
          missing.push(name);
          missingEvents.add(key);
        }
        received += Math.min(1, times.length);
        for (const ageMs of times.map((time) => time - (acceptedMs ?? sentMs))) {
          longestMs = Math.max(longestMs, ageMs);
          if (ageMs > EVENT_LIFE_MS + EVENT_LATENESS_TOLERANCE_MS) {
            late.push(`${name}: after ${ageMs.toFixed(0)} ms`);
          }
        }
      }
    }
    const published = this.#events.size;
    const invented = this.#invented;
    return {
      ...{ published, accepted, received, twice, late, missing, invented, longestMs },
      missingEvents: missingEvents.size,
    };
  }
}

function isOwn(key: EventKey, subscriber: string): boolean {
  return key.startsWith(`${subscriber} `);
}
