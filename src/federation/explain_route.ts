import type { RouteFacts } from "../router/federation_hook.ts";
import type { FederationCore } from "./federation_core.ts";
import { LegacyHubLink } from "./legacy_hub_link.ts";
import { LegacyLeafLink } from "./legacy_leaf_link.ts";
import { PeerLink } from "./link.ts";
import type { LinkHandle } from "./link_handle.ts";

const REASON_UNITS_MAX = 512;

/** What a router of a federation knows of the owner of an address and of the way to it. */
export function explainRoute(core: FederationCore, address: string): RouteFacts {
  const claim = core.claims.ownerOf(address);
  const { ownerId: owner = "", pattern, live } = claim ?? {};
  return {
    owner,
    pattern: pattern?.text ?? "",
    // What nobody claims is the root's, wherever that is.
    live: live ?? (core.isRoot || core.hubLink?.state === "Active"),
    ...wayOf(core, address),
    path: core.path,
    mirrored: core.mirrors(address),
    peers: peersOf(core, address),
  };
}

function wayOf(
  core: FederationCore,
  address: string,
): Pick<RouteFacts, "way" | "next" | "state" | "reason"> {
  const source = core.claims.ownerOf(address)?.source ??
    { kind: core.isRoot ? "self" as const : "hub" as const };
  switch (source.kind) {
    case "self":
      return { way: "here", next: "", state: "", reason: "" };
    case "hub": {
      const { uplink, records } = core;
      const next = uplink?.link?.routerId ?? records.hub?.routerId ?? "";
      const state = uplink?.state ?? "";
      return { way: "hub", next, state, reason: reasonAt(state, uplink?.reason) };
    }
    case "leaf": {
      const { routerId } = source;
      const state = core.leafLink(routerId)?.state ?? "Disconnected";
      const reason = reasonAt(state, core.records.get(routerId)?.reason);
      return { way: "leaf", next: routerId, state, reason };
    }
  }
}

/** Why a link is not up; what was the matter earlier is no news. A peer's words may be long. */
function reasonAt(state: string, reason: string = ""): string {
  return state === "Active" ? "" : reason.slice(0, REASON_UNITS_MAX);
}

function peersOf(core: FederationCore, address: string): string[] {
  return core.router.subscriptions.targets(address)
    .map(({ subscriber }): unknown => subscriber)
    .filter(isLink)
    .map(({ routerId }) => routerId);
}

function isLink(subscriber: unknown): subscriber is LinkHandle {
  return subscriber instanceof PeerLink || subscriber instanceof LegacyHubLink ||
    subscriber instanceof LegacyLeafLink;
}
