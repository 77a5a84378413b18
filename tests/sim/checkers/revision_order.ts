import type { Checker, ClientUpdate, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";

interface Seen {
  readonly revision: number;
  readonly value: string;
}

/**
 * Within one session, no client sees a param's revision go backwards, nor one revision with two
 * values.
 */
export class RevisionOrder implements Checker {
  readonly name = "revision order";
  readonly #report: Report;
  readonly #seen = new Map<string, Seen>();

  constructor(report: Report) {
    this.#report = report;
  }

  updated({ session, address, value, revision }: ClientUpdate): void {
    const key = `${session.client} ${session.number} ${address}`;
    const text = describeValue(value);
    const before = this.#seen.get(key);
    this.#seen.set(key, { revision, value: text });
    if (before === undefined) return;
    if (revision < before.revision) {
      this.#report(
        `client ${session.client} saw "${address}" go from revision ${before.revision} ` +
          `(${before.value}) to ${revision} (${text})`,
      );
    } else if (revision === before.revision && text !== before.value) {
      this.#report(
        `client ${session.client} saw revision ${revision} of "${address}" with two values: ` +
          `${before.value} and ${text}`,
      );
    }
  }
}
