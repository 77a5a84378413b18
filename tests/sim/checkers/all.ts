import type { Checker, Report } from "../checker.ts";
import { AcknowledgedWrites } from "./acknowledged_writes.ts";
import { Answers } from "./answers.ts";
import { Availability } from "./availability.ts";
import { Bounds } from "./bounds.ts";
import { CausalOrder } from "./causal_order.ts";
import { ClientValues } from "./client_values.ts";
import { Convergence } from "./convergence.ts";
import { EventAccounts } from "./event_accounts.ts";
import { EventsOnce } from "./events_once.ts";
import { Expiry } from "./expiry.ts";
import { LinkState } from "./link_state.ts";
import { Locks } from "./locks.ts";
import { MessageBounds } from "./message_bounds.ts";
import { OwnWrites } from "./own_writes.ts";
import { Owners } from "./owners.ts";
import { RealTimeOrder } from "./real_time_order.ts";
import { Recovery } from "./recovery.ts";
import { RefusedWrites } from "./refused_writes.ts";
import { RevisionOrder } from "./revision_order.ts";
import { P2pAnswers } from "./p2p_answers.ts";
import { ProvenLinks } from "./proven_links.ts";
import { ShownLinks } from "./shown_links.ts";
import { Stamps } from "./stamps.ts";
import { TimeOrder } from "./time_order.ts";
import { TrafficBounds } from "./traffic_bounds.ts";
import { UnaskedChanges } from "./unasked_changes.ts";
import { WholeShares } from "./whole_shares.ts";

const CHECKERS: readonly (new (report: Report) => Checker)[] = [
  AcknowledgedWrites,
  Answers,
  Availability,
  Bounds,
  CausalOrder,
  ClientValues,
  Convergence,
  EventAccounts,
  EventsOnce,
  Expiry,
  LinkState,
  Locks,
  MessageBounds,
  OwnWrites,
  Owners,
  P2pAnswers,
  ProvenLinks,
  RealTimeOrder,
  Recovery,
  RefusedWrites,
  RevisionOrder,
  ShownLinks,
  Stamps,
  TimeOrder,
  TrafficBounds,
  UnaskedChanges,
  WholeShares,
];

/** All checkers, anew; `report` is told the name of the one that found something. */
export function createCheckers(report: (checker: string, what: string) => void): Checker[] {
  return CHECKERS.map((Type) => {
    const checker: Checker = new Type((what) => report(checker.name, what));
    return checker;
  });
}
