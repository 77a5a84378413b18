import type { EncodedValue } from "../wire/message.ts";
import { sameValue } from "../wire/same_value.ts";

/** A SET on its way to a legacy hub, until the hub has answered it. `T` is whatever belongs to it. */
export interface SentSet<T> {
  readonly address: string;
  readonly value: EncodedValue;
  /** Whether this router holds the value already; if not, it takes it when the hub shows it. */
  readonly isHeld: boolean;
  /** Monotonic time at which it counts as lost. */
  readonly deadlineMicros: number;
  readonly detail: T;
}

/** What a value is that a legacy hub tells. */
export type Told<T> =
  /** A value of our own that comes back. */
  | { readonly kind: "echo" }
  /** Older at the hub than one of ours that is on its way there. */
  | { readonly kind: "overtaken" }
  /** The hub's newest; `sent` when it is that of a SET of which nothing is held here yet. */
  | { readonly kind: "news"; readonly sent?: SentSet<T> };

interface Entry<T> {
  readonly sent: SentSet<T>;
  isEchoed: boolean;
}

const NEWS = { kind: "news" } as const;

/**
 * A legacy hub sends a SET back to the router that sent it, in the order in which it applied it,
 * and then answers it. The filter knows what is in flight, by address and in order, and so which of
 * the values that come are our own and which are older than our own.
 */
export class EchoFilter<T> {
  readonly #inFlight = new Map<string, Entry<T>[]>();
  #size = 0;

  /** SETs that wait for their answers. */
  get size(): number {
    return this.#size;
  }

  sent(set: SentSet<T>): void {
    const entries = this.#inFlight.get(set.address);
    const entry = { sent: set, isEchoed: false };
    if (entries === undefined) this.#inFlight.set(set.address, [entry]);
    else entries.push(entry);
    this.#size++;
  }

  /** The hub tells a value. */
  told(address: string, value: EncodedValue): Told<T> {
    const entries = this.#inFlight.get(address);
    if (entries === undefined) return NEWS;
    const index = entries.findIndex(({ isEchoed, sent }) =>
      !isEchoed && sameValue(sent.value, value)
    );
    const echoed = entries[index];
    if (echoed !== undefined) {
      // What went before it was applied before it.
      for (const entry of entries.slice(0, index + 1)) entry.isEchoed = true;
      return echoed.sent.isHeld ? { kind: "echo" } : { kind: "news", sent: echoed.sent };
    }
    const isOlder = entries.some(({ isEchoed, sent }) => !isEchoed && sent.isHeld);
    return isOlder ? { kind: "overtaken" } : NEWS;
  }

  /** The hub answered a SET of this address: the first that waits. */
  answered(address: string): { readonly sent: SentSet<T>; readonly isEchoed: boolean } | undefined {
    const entries = this.#inFlight.get(address);
    const first = entries?.shift();
    if (entries === undefined || first === undefined) return undefined;
    this.#size--;
    if (entries.length === 0) this.#inFlight.delete(address);
    return first;
  }

  /** Takes out what was to be answered by now. */
  takeExpired(nowMicros: number): readonly SentSet<T>[] {
    return this.#take(({ deadlineMicros }) => deadlineMicros <= nowMicros);
  }

  /** Takes out everything: the connection is gone. */
  takeAll(): readonly SentSet<T>[] {
    return this.#take(() => true);
  }

  #take(isTaken: (sent: SentSet<T>) => boolean): readonly SentSet<T>[] {
    const taken: SentSet<T>[] = [];
    for (const [address, entries] of [...this.#inFlight]) {
      const remaining = entries.filter(({ sent }) => !isTaken(sent));
      taken.push(...entries.map(({ sent }) => sent).filter(isTaken));
      if (remaining.length === 0) this.#inFlight.delete(address);
      else this.#inFlight.set(address, remaining);
    }
    this.#size -= taken.length;
    return taken;
  }
}
