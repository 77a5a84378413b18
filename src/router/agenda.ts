/** Something to be done at a moment. Cancelled by {@linkcode Agenda.cancel}. */
export interface Appointment {
  readonly atMicros: number;
  readonly order: number;
  action: (() => void) | undefined;
}

/**
 * What the core wants to do later, by monotonic time. It has no timer of its own: the caller asks
 * `nextMicros` when to come back and calls `run` then. Appointments of one moment run in the order
 * they were made, so a run is the same each time.
 */
export class Agenda {
  readonly #heap: Appointment[] = [];
  #made = 0;

  /** When to call `run` next, or undefined when nothing is planned. */
  get nextMicros(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.atMicros;
  }

  /** Appointments, those that were cancelled and are not due yet included. */
  get size(): number {
    return this.#heap.length;
  }

  /** Plans an action. */
  at(atMicros: number, action: () => void): Appointment {
    const appointment: Appointment = { atMicros, order: this.#made++, action };
    this.#heap.push(appointment);
    this.#siftUp(this.#heap.length - 1);
    return appointment;
  }

  /** Takes a plan back; harmless when it has run. */
  cancel(appointment: Appointment | undefined): void {
    if (appointment !== undefined) appointment.action = undefined;
  }

  /** Runs all that is due at `nowMicros`, what the actions themselves plan for now included. */
  run(nowMicros: number): void {
    for (;;) {
      this.#dropCancelled();
      const first = this.#heap[0];
      if (first === undefined || first.atMicros > nowMicros) return;
      const action = first.action;
      this.#removeFirst();
      first.action = undefined;
      action?.();
    }
  }

  #dropCancelled(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].action === undefined) this.#removeFirst();
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#siftDown();
  }

  #siftUp(start: number): void {
    const heap = this.#heap;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap[index], heap[parent])) return;
      swap(heap, index, parent);
      index = parent;
    }
  }

  #siftDown(): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let first = index;
      if (isBefore(heap[left], heap[first])) first = left;
      if (isBefore(heap[right], heap[first])) first = right;
      if (first === index) return;
      swap(heap, index, first);
      index = first;
    }
  }
}

function isBefore(a: Appointment | undefined, b: Appointment | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  return a.atMicros !== b.atMicros ? a.atMicros < b.atMicros : a.order < b.order;
}

function swap(heap: Appointment[], i: number, j: number): void {
  const a = heap[i];
  const b = heap[j];
  if (a === undefined || b === undefined) return;
  heap[i] = b;
  heap[j] = a;
}
