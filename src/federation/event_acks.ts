import { EVENT_ACK_DELAY_MS, EVENTS_PER_ACK_MAX } from "../limits.ts";
import type { Agenda, Appointment } from "../router/agenda.ts";

/** What {@linkcode EventAcks} needs around it. */
export interface AckSurroundings {
  readonly agenda: Pick<Agenda, "cancel">;
  after(delayMs: number, action: () => void): Appointment;
}

/**
 * Counts the events that come on one connection and acknowledges them: all at once by their number,
 * a little later, and only when one of them waits for it at the sender.
 */
export class EventAcks {
  readonly #around: AckSurroundings;
  readonly #send: (events: number) => void;
  #events = 0;
  #awaited = 0;
  #plan: Appointment | undefined;

  constructor(around: AckSurroundings, send: (events: number) => void) {
    this.#around = around;
    this.#send = send;
  }

  /** An event entry was handled, whatever became of it. */
  handled({ isRepeatable }: { readonly isRepeatable: boolean }): void {
    this.#events++;
    if (!isRepeatable) return;
    this.#awaited++;
    if (this.#awaited >= EVENTS_PER_ACK_MAX) return this.#acknowledge();
    this.#plan ??= this.#around.after(EVENT_ACK_DELAY_MS, () => this.#acknowledge());
  }

  /** The connection is gone. */
  stop(): void {
    this.#around.agenda.cancel(this.#plan);
    this.#plan = undefined;
  }

  #acknowledge(): void {
    this.stop();
    this.#awaited = 0;
    this.#send(this.#events);
  }
}
