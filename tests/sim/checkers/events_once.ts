import type { Checker, ClientEvent, Report } from "../checker.ts";

/**
 * No client receives an event twice, nor one of its own, by whatever ways it comes, also when a
 * router on the way has crashed and forgotten what it had delivered.
 */
export class EventsOnce implements Checker {
  readonly name = "events once";
  readonly #report: Report;
  readonly #received = new Set<string>();

  constructor(report: Report) {
    this.#report = report;
  }

  received({ session: { client }, id }: ClientEvent): void {
    const key = `${client} ${id}`;
    if (this.#received.has(key)) this.#report(`client ${client} received event ${id} twice`);
    if (id.startsWith(`${client}:`)) this.#report(`client ${client} received its own event ${id}`);
    this.#received.add(key);
  }
}
