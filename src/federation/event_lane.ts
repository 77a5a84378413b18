import { EVENTS_QUEUED_BYTES_MAX, EVENTS_QUEUED_MAX } from "../limits.ts";
import type { Appointment } from "../router/agenda.ts";
import type { Publication } from "../router/publication.ts";
import { Fifo } from "./fifo.ts";
import type { EventLoss } from "./link_event.ts";

const SWEEP_INTERVAL_MS = 250;
/** An acknowledgement that is on its way when the life of its event ends has so long. */
const ACK_GRACE_MICROS = 1_000_000;

/** What of a publication outlives the message it came in. Its frame is the lane's to keep. */
export type LaneEvent = Pick<
  Publication,
  "address" | "signal" | "identity" | "deadlineMicros" | "publishedMicros" | "frame"
>;

/** What of it is sent. */
export type SentEvent = Pick<LaneEvent, "identity" | "publishedMicros" | "frame">;

/** A connection that takes events. */
export interface EventCarrier {
  /** Messages wait for its socket: what is added now would grow old there unseen. */
  readonly isBehind: boolean;
  /** Sends an event. Returns how many were sent on this connection by now, this one included. */
  send(event: SentEvent, remainingLifeMs: number): number;
}

/** What an {@linkcode EventLane} needs around it. */
export interface LaneSurroundings {
  readonly nowMicros: number;
  after(delayMs: number, action: () => void): Appointment;
}

interface Entry {
  readonly event: LaneEvent;
  /** Number of the event on the connection it was sent on last. */
  place: number;
  /** It may have arrived, on this connection or an earlier one. */
  wasSent: boolean;
}

/**
 * The events for one peer, oldest first: those that were sent and are not acknowledged, then those
 * that wait for a connection, or for one that keeps up. It outlives connections, and repeats on the
 * next what the last one left open.
 *
 * An event that is taken in here is acknowledged in the end, or not wanted there any more, or it is
 * told as lost: `expired` when its life ended here, `dropped` when there was no room, `unknown`
 * when either happened after it was sent, or when the peer's process that may have got it is gone.
 */
export class EventLane {
  readonly #around: LaneSurroundings;
  readonly #lost: (event: LaneEvent, why: EventLoss) => void;
  readonly #sent = new Fifo<Entry>();
  #waiting = new Fifo<Entry>();
  #sentBytes = 0;
  #waitingBytes = 0;
  #carrier: EventCarrier | undefined;
  #sweep: Appointment | undefined;

  /** `lost` is told each event that the peer will not get, or may not have got. */
  constructor(around: LaneSurroundings, lost: (event: LaneEvent, why: EventLoss) => void) {
    this.#around = around;
    this.#lost = lost;
  }

  /** Events that wait to be sent. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Events that were sent on this connection and are not acknowledged. */
  get unacknowledged(): number {
    return this.#sent.length;
  }

  /** Sends an event when its turn is now, and keeps it until it is acknowledged. */
  add(event: LaneEvent): void {
    this.#wait({ event, place: 0, wasSent: false });
    this.pump();
    this.#makeRoom();
    this.#planSweep();
  }

  /** Sends something that is worth nothing later: now or never. */
  pass(event: LaneEvent): void {
    const remainingLifeMs = this.#remainingLifeMs(event);
    if (remainingLifeMs > 0) this.#carrier?.send(event, remainingLifeMs);
  }

  /** A connection can take events from now on; those that are not wanted there are forgotten. */
  open(carrier: EventCarrier, isWanted: (event: LaneEvent) => boolean): void {
    this.#carrier = carrier;
    for (const entry of this.#takeWaiting()) {
      if (isWanted(entry.event)) this.#wait(entry);
    }
    this.pump();
  }

  /** The connection is gone: what it left open waits for the next. */
  close(): void {
    this.#carrier = undefined;
    const entries = [...this.#sent.takeAll(), ...this.#takeWaiting()];
    this.#sentBytes = 0;
    for (const entry of entries) this.#wait(entry);
    this.#planSweep();
  }

  /** Another process answers for the peer: what was sent to the last one is not repeated. */
  forgetSent(): void {
    for (const entry of this.#takeWaiting()) {
      if (entry.wasSent) this.#lost(entry.event, "unknown");
      else this.#wait(entry);
    }
  }

  /** The peer has handled so many events of this connection. */
  acknowledged(events: number): void {
    for (let entry = this.#sent.first; entry !== undefined; entry = this.#sent.first) {
      if (entry.place > events) break;
      this.#sent.shift();
      this.#sentBytes -= entry.event.frame.length;
    }
    this.pump();
  }

  /** Sends what may be sent now, in order. */
  pump(): void {
    const carrier = this.#carrier;
    if (carrier === undefined) return;
    // Sending may end the connection, and close the lane.
    while (this.#carrier === carrier && this.#hasRoomForSent() && !carrier.isBehind) {
      const entry = this.#takeFirst();
      if (entry === undefined) return;
      const remainingLifeMs = this.#remainingLifeMs(entry.event);
      if (remainingLifeMs <= 0) {
        this.#lose(entry, "expired");
        continue;
      }
      entry.wasSent = true;
      this.#sent.push(entry);
      this.#sentBytes += entry.event.frame.length;
      entry.place = carrier.send(entry.event, remainingLifeMs);
    }
  }

  /** Forgets all, as told to `lost`. Nothing may be open. */
  drop(): void {
    for (const entry of this.#takeWaiting()) this.#lose(entry, "dropped");
  }

  // Half of the room is for those that were sent, so that there is always one to make room.
  #hasRoomForSent(): boolean {
    return this.#sent.length < EVENTS_QUEUED_MAX / 2 &&
      this.#sentBytes < EVENTS_QUEUED_BYTES_MAX / 2;
  }

  #makeRoom(): void {
    while (
      this.#sent.length + this.#waiting.length > EVENTS_QUEUED_MAX ||
      this.#sentBytes + this.#waitingBytes > EVENTS_QUEUED_BYTES_MAX
    ) {
      const entry = this.#takeFirst();
      if (entry === undefined) return;
      this.#lose(entry, "dropped");
    }
  }

  #remainingLifeMs({ deadlineMicros }: LaneEvent): number {
    return Math.floor((deadlineMicros - this.#around.nowMicros) / 1_000);
  }

  #wait(entry: Entry): void {
    this.#waiting.push(entry);
    this.#waitingBytes += entry.event.frame.length;
  }

  #takeFirst(): Entry | undefined {
    const entry = this.#waiting.shift();
    if (entry !== undefined) this.#waitingBytes -= entry.event.frame.length;
    return entry;
  }

  #takeWaiting(): Entry[] {
    this.#waitingBytes = 0;
    return this.#waiting.takeAll();
  }

  #lose(entry: Entry, why: EventLoss): void {
    this.#lost(entry.event, entry.wasSent ? "unknown" : why);
  }

  #planSweep(): void {
    if (this.#waiting.length + this.#sent.length === 0) return;
    this.#sweep ??= this.#around.after(SWEEP_INTERVAL_MS, () => {
      this.#sweep = undefined;
      this.#expire();
      this.#planSweep();
    });
  }

  #expire(): void {
    const { nowMicros } = this.#around;
    for (const entry of this.#sent.takeAll()) {
      if (entry.event.deadlineMicros + ACK_GRACE_MICROS > nowMicros) {
        this.#sent.push(entry);
        continue;
      }
      this.#sentBytes -= entry.event.frame.length;
      this.#lose(entry, "unknown");
    }
    for (const entry of this.#takeWaiting()) {
      if (entry.event.deadlineMicros <= nowMicros) this.#lose(entry, "expired");
      else this.#wait(entry);
    }
  }
}
