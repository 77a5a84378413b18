import type { Checker, ClientEvent, Report } from "../checker.ts";

/**
 * No client receives an event twice, nor one of its own. What a router has delivered is forgotten
 * when it crashes, so this holds within one life of the client's router.
 */
export class EventsOnce implements Checker {
  readonly name = "events once";
  readonly #report: Report;
  readonly #received = new Set<string>();
  readonly #crashes = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  crashed(router: string): void {
    this.#crashes.set(router, (this.#crashes.get(router) ?? 0) + 1);
  }

  received({ session: { client, router }, id }: ClientEvent): void {
    const key = `${client} ${this.#crashes.get(router) ?? 0} ${id}`;
    if (this.#received.has(key)) this.#report(`client ${client} received event ${id} twice`);
    if (id.startsWith(`${client}:`)) this.#report(`client ${client} received its own event ${id}`);
    this.#received.add(key);
  }
}
