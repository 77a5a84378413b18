import type { ParamChange } from "./param_change.ts";
import type { Publication } from "./publication.ts";
import type { TargetLimits } from "./target_limits.ts";

/** Whoever is told of changes: a client's session, or the link to a peer. */
export interface Subscriber {
  /** A param that one of its subscriptions matches has a new version. */
  paramChanged(change: ParamChange): void;
  /** An event, stream sample, gesture or timeline that one of its subscriptions matches. */
  published(publication: Publication): void;
  /** Itself within limits. Only those have it that subscribe with limits. */
  limited?(limits: TargetLimits): Subscriber;
}
