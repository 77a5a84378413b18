import {
  GESTURE_MOVE_INTERVAL_MS,
  GESTURES_BYTES_MAX,
  GESTURES_MAX,
  GESTURES_PER_SESSION_MAX,
} from "../limits.ts";
import { PHASE, type PublishMessage, SIGNAL } from "../wire/message.ts";
import type { Appointment } from "./agenda.ts";
import type { Subscriber } from "./subscriber.ts";

/** A PUBLISH of a client, as it came. */
export interface ClientPublish {
  readonly message: PublishMessage;
  readonly frame: Uint8Array;
  readonly from: Subscriber;
  /** Monotonic time when it came. */
  readonly publishedMicros: number;
}

/** What {@linkcode GestureMoves} needs of its router. */
export interface GestureMovesOptions {
  /** Plans an action, milliseconds from now. */
  readonly after: (delayMs: number, action: () => void) => Appointment;
  readonly cancel: (appointment: Appointment) => void;
  /** Hands a publication to those who want it. */
  readonly publish: (publication: ClientPublish) => void;
}

/** One that moved just now. */
interface Gesture {
  readonly from: Subscriber;
  readonly key: string;
  waiting: ClientPublish | undefined;
  /** When the next move may go. */
  appointment: Appointment;
}

/**
 * Conflates the moves of gestures: of each (sender, address, gesture id) the first goes at once, and
 * of those that come within {@linkcode GESTURE_MOVE_INTERVAL_MS} the newest at the end of that time.
 * Start, end and cancel go at once, behind the move that waits, so the order stays. Public routers
 * conflate by (address, id) whoever sends; here nobody's move takes the place of another's.
 *
 * A gesture is remembered only while its next move would have to wait, so one that is abandoned is
 * forgotten by itself. Beyond the bounds moves go as they come: nothing is refused.
 */
export class GestureMoves {
  readonly #options: GestureMovesOptions;
  readonly #bySender = new Map<Subscriber, Map<string, Gesture>>();
  #size = 0;
  #waitingBytes = 0;

  constructor(options: GestureMovesOptions) {
    this.#options = options;
  }

  /** Gestures that moved just now. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of the moves that wait. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Publishes at once, or keeps a copy for a moment. */
  publish(publication: ClientPublish): void {
    const { message, from } = publication;
    if (message.signal !== SIGNAL.gesture) return this.#options.publish(publication);
    const key = `${message.id ?? 0} ${message.address}`;
    const gesture = this.#bySender.get(from)?.get(key);
    if (message.phase === PHASE.move) return this.#move(gesture, key, publication);
    if (gesture !== undefined) {
      this.#forget(gesture);
      this.#sendWaiting(gesture);
    }
    this.#options.publish(publication);
  }

  /** Publishes all that waits. */
  sendAll(): void {
    for (const gestures of [...this.#bySender.values()]) {
      for (const gesture of [...gestures.values()]) {
        this.#forget(gesture);
        this.#sendWaiting(gesture);
      }
    }
  }

  #move(gesture: Gesture | undefined, key: string, publication: ClientPublish): void {
    if (gesture === undefined) {
      if (this.#hasRoom(publication.from)) this.#remember(key, publication.from);
      return this.#options.publish(publication);
    }
    this.#setWaiting(gesture, undefined);
    const { frame } = publication;
    if (this.#waitingBytes + frame.length > GESTURES_BYTES_MAX) {
      return this.#options.publish(publication);
    }
    // The bytes are the socket's again when this returns.
    this.#setWaiting(gesture, { ...publication, frame: frame.slice() });
  }

  #hasRoom(from: Subscriber): boolean {
    const own = this.#bySender.get(from)?.size ?? 0;
    return this.#size < GESTURES_MAX && own < GESTURES_PER_SESSION_MAX;
  }

  #remember(key: string, from: Subscriber): void {
    const gestures = this.#bySender.get(from) ?? new Map<string, Gesture>();
    this.#bySender.set(from, gestures);
    const gesture: Gesture = {
      from,
      key,
      waiting: undefined,
      appointment: this.#options.after(GESTURE_MOVE_INTERVAL_MS, () => this.#due(gesture)),
    };
    gestures.set(key, gesture);
    this.#size++;
  }

  #due(gesture: Gesture): void {
    if (gesture.waiting === undefined) return this.#forget(gesture);
    gesture.appointment = this.#options.after(GESTURE_MOVE_INTERVAL_MS, () => this.#due(gesture));
    this.#sendWaiting(gesture);
  }

  #sendWaiting(gesture: Gesture): void {
    const { waiting } = gesture;
    this.#setWaiting(gesture, undefined);
    if (waiting !== undefined) this.#options.publish(waiting);
  }

  #setWaiting(gesture: Gesture, waiting: ClientPublish | undefined): void {
    this.#waitingBytes += (waiting?.frame.length ?? 0) - (gesture.waiting?.frame.length ?? 0);
    gesture.waiting = waiting;
  }

  #forget({ from, key, appointment }: Gesture): void {
    this.#options.cancel(appointment);
    const gestures = this.#bySender.get(from);
    if (!gestures?.delete(key)) return;
    this.#size--;
    if (gestures.size === 0) this.#bySender.delete(from);
  }
}
