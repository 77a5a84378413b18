import type { FederationCore } from "./federation_core.ts";
import { PeerLink } from "./link.ts";

/** The link with a router that is a registered peer here; undefined when it is none. */
export function directLink(core: FederationCore, routerId: string): PeerLink | undefined {
  const { hubLink } = core;
  const link = hubLink?.routerId === routerId ? hubLink : core.leafLink(routerId);
  // Whoever said HELLO and no more has not shown anything.
  const isRegistered = link?.state === "Syncing" || link?.state === "Active";
  return isRegistered && link instanceof PeerLink ? link : undefined;
}
