import type { PhaseCode, SignalCode } from "../wire/message.ts";
import type { Subscriber } from "./subscriber.ts";

/** What tells one event from another in the whole federation. */
export interface EventIdentity {
  /** Router of the publishing client. */
  readonly origin: string;
  readonly bootId: number;
  /** Grows with each publication of that router. */
  readonly sequence: number;
}

/** One PUBLISH on its way. */
export interface Publication {
  readonly address: string;
  readonly signal: SignalCode;
  /** Of a gesture; 0 otherwise. */
  readonly phase: PhaseCode;
  /** The frame as the publisher wrote it: its fields pass through untouched. */
  readonly frame: Uint8Array;
  readonly identity: EventIdentity;
  /** Monotonic time of this router after which nobody may receive it. */
  readonly deadlineMicros: number;
  /** Monotonic time of this router when it was published, or shortly before that. */
  readonly publishedMicros: number;
  /**
   * Links only get what was published before this router started: whoever was its client then is
   * gone, and may have received it.
   */
  readonly audience: "all" | "peers";
  /** Who it came from; it is not told. */
  readonly from: Subscriber;
}
