import { BUNDLES_WAITING_PER_PEER_BYTES_MAX, BUNDLES_WAITING_PER_PEER_MAX } from "../limits.ts";
import type { ShareSender } from "../router/bundle_share.ts";
import type { Subscriber } from "../router/subscriber.ts";
import type { ShareEntry } from "../wire/message.ts";
import type { FederationCore } from "./federation_core.ts";
import { leaseHolder } from "./lease_holder.ts";
import type { Grantee } from "./peer_access.ts";
import { partProblem } from "./share_problem.ts";

/** A client elsewhere has no subscription here: it is told of events by its own router. */
const NOBODY_HERE: Subscriber = { paramChanged: () => {}, published: () => {} };

/** A client of another router as the sender of a share, for its owner. */
export function peerSender(
  core: FederationCore,
  { requester, origin, entry }: {
    /** No more of it: it may be kept for long. */
    readonly requester: Grantee;
    readonly origin: string;
    readonly entry: ShareEntry;
  },
): ShareSender {
  // Nobody who holds anything has an empty name.
  const holder = entry.holder === "" ? "" : leaseHolder(origin, entry.holder);
  return {
    // No session has a slash in its name.
    id: `router/${requester.routerId}`,
    waitingMax: BUNDLES_WAITING_PER_PEER_MAX,
    waitingBytesMax: BUNDLES_WAITING_PER_PEER_BYTES_MAX,
    grant: requester.grant,
    holder,
    isGone: false,
    subscriber: NOBODY_HERE,
    problem: (part) => partProblem(part) ?? core.access.partProblem(requester, part),
    lockProblem: (set, before) => core.leases.roomProblem(set, before),
    written: ({ address }) => {
      if (holder !== "") core.leases.written(address, holder);
    },
  };
}
