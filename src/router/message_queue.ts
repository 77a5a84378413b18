import { OUTBOX_SAMPLES_BYTES_MAX, OUTBOX_SAMPLES_MAX } from "../limits.ts";

/** Places of messages that are gone, before the rest moves up. */
const GAPS_MAX = 1_024;

/** How a message waits. */
export type MessageKind =
  /** It stays in order with all that is sent: answers, and whatever links say. */
  | "answer"
  /** Params may overtake it. */
  | "event"
  /** The same, and the oldest go when there are many. */
  | "sample";

/** A message that waits. */
export interface QueuedMessage {
  readonly bytes: Uint8Array;
  readonly kind: MessageKind;
  /** Monotonic time after which it is not to be sent. */
  readonly deadlineMicros: number;
}

/** Messages that wait, in order. Of samples only the newest are kept, in their place. */
export class MessageQueue {
  /** Undefined where one was taken or dropped. */
  #places: (QueuedMessage | undefined)[] = [];
  #head = 0;
  #length = 0;
  #bytes = 0;
  #answers = 0;
  #samples = 0;
  #sampleBytes = 0;
  /** No sample waits before this place. */
  #samplesFrom = 0;

  get length(): number {
    return this.#length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether one waits that nothing may overtake. */
  get hasAnswers(): boolean {
    return this.#answers > 0;
  }

  /** Appends a message. Returns how many old samples were dropped for it. */
  push(message: QueuedMessage): number {
    this.#places.push(message);
    this.#count(message, 1);
    let dropped = 0;
    while (this.#samples > OUTBOX_SAMPLES_MAX || this.#sampleBytes > OUTBOX_SAMPLES_BYTES_MAX) {
      this.#dropOldestSample();
      dropped++;
    }
    if (dropped > 0) this.#closeGaps();
    return dropped;
  }

  /** Takes the first out. */
  shift(): QueuedMessage | undefined {
    while (this.#head < this.#places.length) {
      const message = this.#places[this.#head];
      this.#places[this.#head++] = undefined;
      if (message === undefined) continue;
      this.#count(message, -1);
      this.#closeGaps();
      return message;
    }
    return undefined;
  }

  /** Drops all whose deadline has come. Returns how many. */
  expire(nowMicros: number): number {
    const before = this.#length;
    for (const [place, message] of this.#places.entries()) {
      if (message === undefined || message.deadlineMicros > nowMicros) continue;
      this.#places[place] = undefined;
      this.#count(message, -1);
    }
    this.#closeGaps();
    return before - this.#length;
  }

  clear(): void {
    this.#places = [];
    this.#head = this.#samplesFrom = 0;
    this.#length =
      this.#bytes =
      this.#answers =
      this.#samples =
      this.#sampleBytes =
        0;
  }

  #count({ bytes, kind }: QueuedMessage, by: 1 | -1): void {
    this.#length += by;
    this.#bytes += by * bytes.length;
    if (kind === "answer") this.#answers += by;
    if (kind !== "sample") return;
    this.#samples += by;
    this.#sampleBytes += by * bytes.length;
  }

  #dropOldestSample(): void {
    while (this.#samplesFrom < this.#places.length) {
      const place = this.#samplesFrom++;
      const message = this.#places[place];
      if (message?.kind !== "sample") continue;
      this.#places[place] = undefined;
      return this.#count(message, -1);
    }
  }

  /** Now and then, not each time: it moves all that waits. */
  #closeGaps(): void {
    if (this.#length === 0) return this.clear();
    const gaps = this.#places.length - this.#length;
    if (gaps < GAPS_MAX || gaps < this.#length) return;
    this.#places = this.#places.filter((message) => message !== undefined);
    this.#head = this.#samplesFrom = 0;
  }
}
