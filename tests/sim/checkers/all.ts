import type { Checker, Report } from "../checker.ts";
import { AcknowledgedWrites } from "./acknowledged_writes.ts";
import { Answers } from "./answers.ts";
import { Convergence } from "./convergence.ts";
import { EventAccounts } from "./event_accounts.ts";
import { EventsOnce } from "./events_once.ts";
import { Expiry } from "./expiry.ts";
import { LinkState } from "./link_state.ts";
import { Locks } from "./locks.ts";
import { MessageBounds } from "./message_bounds.ts";
import { Recovery } from "./recovery.ts";
import { RefusedWrites } from "./refused_writes.ts";
import { RevisionOrder } from "./revision_order.ts";

const CHECKERS: readonly (new (report: Report) => Checker)[] = [
  AcknowledgedWrites,
  Answers,
  Convergence,
  EventAccounts,
  EventsOnce,
  Expiry,
  LinkState,
  Locks,
  MessageBounds,
  Recovery,
  RefusedWrites,
  RevisionOrder,
];

/** All checkers, anew; `report` is told the name of the one that found something. */
export function createCheckers(report: (checker: string, what: string) => void): Checker[] {
  return CHECKERS.map((Type) => {
    const checker: Checker = new Type((what) => report(checker.name, what));
    return checker;
  });
}
