/** Runs before everything planned for a later instant, after all that is planned for its own. */
const END_OF_INSTANT = 1;
const DURING_INSTANT = 0;

/** Bounds of what may happen in a run: many times what a busy federation of five routers does. */
const EVENTS_MIN = 5_000;
const EVENTS_PER_MS = 1;

interface Plan {
  readonly atMicros: number;
  readonly phase: number;
  readonly order: number;
  action: (() => void) | undefined;
}

/**
 * The time of a simulation. It stands still while an event is handled, and jumps to the next event
 * when asked to run. Events of one instant run in the order they were planned, so a run depends on
 * nothing but what it was given.
 */
export class VirtualClock {
  readonly #heap: Plan[] = [];
  #nowMicros = 0;
  #planned = 0;

  /** Microseconds since the simulation began. */
  get nowMicros(): number {
    return this.#nowMicros;
  }

  /** Plans an action; the function returned takes the plan back. */
  after(delayMicros: number, action: () => void): () => void {
    return this.#plan(
      this.#nowMicros + Math.max(0, Math.ceil(delayMicros)),
      DURING_INSTANT,
      action,
    );
  }

  /** Plans an action for when everything of this instant has happened. */
  atEndOfInstant(action: () => void): void {
    this.#plan(this.#nowMicros, END_OF_INSTANT, action);
  }

  /**
   * Runs all that happens within this time from now; the clock then shows its end.
   *
   * @throws {Error} when so much happens that it must be messages that answer each other for ever
   */
  runFor(durationMs: number): void {
    const endMicros = this.#nowMicros + durationMs * 1_000;
    const eventsMax = EVENTS_MIN + EVENTS_PER_MS * durationMs;
    for (let events = 0; this.#step(endMicros); events++) {
      if (events >= eventsMax) throw new Error(`${eventsMax} events in ${durationMs} ms or less`);
    }
    this.#nowMicros = endMicros;
  }

  /**
   * Runs until a condition holds.
   *
   * @throws {Error} when it does not hold within the deadline
   */
  runUntil(condition: () => boolean, what: string, deadlineMs: number = 30_000): void {
    const endMicros = this.#nowMicros + deadlineMs * 1_000;
    while (!condition()) {
      if (!this.#step(endMicros)) {
        throw new Error(`Waited ${deadlineMs} ms of virtual time in vain for ${what}`);
      }
    }
  }

  /**
   * Runs until nothing is planned any more.
   *
   * @throws {Error} when there is no end to it
   */
  runUntilIdle(eventsMax: number = 100_000): void {
    for (let events = 0; this.#step(Infinity); events++) {
      if (events >= eventsMax) throw new Error(`Not idle after ${eventsMax} events`);
    }
  }

  #step(endMicros: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.atMicros > endMicros) return false;
    this.#removeFirst();
    if (first.action === undefined) return true;
    this.#nowMicros = first.atMicros;
    first.action();
    return true;
  }

  #plan(atMicros: number, phase: number, action: () => void): () => void {
    const plan: Plan = { atMicros, phase, order: this.#planned++, action };
    this.#heap.push(plan);
    this.#siftUp();
    return () => plan.action = undefined;
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown();
  }

  #siftUp(): void {
    let index = this.#heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapUnlessOrdered(parent, index)) return;
      index = parent;
    }
  }

  #siftDown(): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const smaller = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#swapUnlessOrdered(index, smaller)) return;
      index = smaller;
    }
  }

  #swapUnlessOrdered(parent: number, child: number): boolean {
    if (!this.#isBefore(child, parent)) return false;
    const a = this.#heap[parent];
    const b = this.#heap[child];
    if (a === undefined || b === undefined) return false;
    this.#heap[parent] = b;
    this.#heap[child] = a;
    return true;
  }

  #isBefore(i: number, j: number): boolean {
    const a = this.#heap[i];
    const b = this.#heap[j];
    if (a === undefined || b === undefined) return false;
    if (a.atMicros !== b.atMicros) return a.atMicros < b.atMicros;
    return a.phase !== b.phase ? a.phase < b.phase : a.order < b.order;
  }
}
