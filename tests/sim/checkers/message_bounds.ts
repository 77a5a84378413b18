import { SIGNAL } from "../../../src/wire/message.ts";
import type { Checker, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import type { Delivery } from "../sim_network.ts";
import type { SimWorld } from "../sim_world.ts";

/** What passed on one link because of one write or event. */
interface Passed {
  readonly what: string;
  requests: number;
  replies: number;
  versions: number;
  events: number;
  readonly directions: Set<string>;
}

/**
 * In quiet times a write crosses each link once: as one version, or as one request and its reply. An
 * event crosses each link at most once. Nothing echoes.
 */
export class MessageBounds implements Checker {
  readonly name = "messages per write";
  readonly #report: Report;
  readonly #passed = new Map<string, Passed>();
  #isQuiet = false;

  constructor(report: Report) {
    this.#report = report;
  }

  settled(): void {
    this.#isQuiet = true;
  }

  delivered({ from, to, frames }: Delivery, world: SimWorld): void {
    if (!this.#isQuiet || !world.routers.has(from) || !world.routers.has(to)) return;
    for (const { message, context } of frames()) {
      if (message.type !== "SET" && message.type !== "PUBLISH") continue;
      // Of no write: what has expired at one end only while states were compared.
      if (context !== undefined && "tombstones" in context.message) continue;
      const link = [from, to].sort().join(" - ");
      const where = `at "${message.address}" on ${link}`;
      // A description is short: two values may have the same.
      const key = `${message.value} ${where}`;
      const passed = this.#passed.get(key) ??
        newPassed(`${describeValue(message.value)} ${where}`);
      this.#passed.set(key, passed);
      passed.directions.add(`${from} > ${to}`);
      if (message.type === "PUBLISH" && message.signal !== SIGNAL.param) passed.events++;
      else if (context?.message.kind === "request") passed.requests++;
      else if (context?.message.kind === "reply") passed.replies++;
      else passed.versions++;
    }
  }

  ended(): void {
    for (const passed of this.#passed.values()) {
      const { what, requests, replies, versions, events, directions } = passed;
      const isOneEach = requests <= 1 && replies === requests && versions + events <= 1;
      const isOneWay = requests > 0 ? versions === 0 : directions.size <= 1;
      if (isOneEach && isOneWay) continue;
      this.#report(
        `${what}: ${requests} requests, ${replies} replies, ${versions} versions, ` +
          `${events} events`,
      );
    }
  }
}

function newPassed(what: string): Passed {
  return { what, requests: 0, replies: 0, versions: 0, events: 0, directions: new Set() };
}
