import type { SimRouter } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";

/**
 * Whatever is not as the plans say that it is in the end, a line for each: each leaf has an Active
 * link to a hub, except one of each group that is in dispute, which shows why it has none.
 */
export function linkProblems(world: SimWorld): string[] {
  const problems: string[] = [];
  const disputes = new Map<string, SimRouter[]>();
  for (const router of world.routers.values()) {
    const { hubs = [], dispute } = router.plan;
    if (hubs.length === 0 || hubOf(router, world) !== undefined) continue;
    if (dispute === undefined) problems.push(describeLink(router, world));
    else disputes.set(dispute.group, [...disputes.get(dispute.group) ?? [], router]);
  }
  for (const group of disputedGroups(world)) {
    problems.push(...disputeProblems(group, disputes.get(group) ?? [], world));
  }
  return problems;
}

/** The hub that a router is linked to, as both ends see it. */
export function hubOf(router: SimRouter, world: SimWorld): SimRouter | undefined {
  if (!router.isUp) return undefined;
  const link = router.host.federation?.hubLink;
  const hub = world.routers.get(link?.routerId ?? "");
  if (link?.state !== "Active" || hub?.isUp !== true) return undefined;
  return hub.host.federation?.leafLink(router.id)?.state === "Active" ? hub : undefined;
}

/** The routers by who is linked to whom: what one of a group knows, all of it are to know. */
export function federationsOf(world: SimWorld): readonly (readonly SimRouter[])[] {
  const groupOf = new Map<SimRouter, SimRouter[]>();
  for (const router of world.routers.values()) groupOf.set(router, [router]);
  for (const router of world.routers.values()) {
    const hub = hubOf(router, world);
    const own = groupOf.get(router);
    const others = hub === undefined ? undefined : groupOf.get(hub);
    if (own === undefined || others === undefined || own === others) continue;
    own.push(...others);
    for (const other of others) groupOf.set(other, own);
  }
  return [...new Set(groupOf.values())];
}

/** Ids of the routers that are joined with one, itself among them. */
export function federationOf(id: string, world: SimWorld): ReadonlySet<string> {
  const group = federationsOf(world).find((routers) => routers.some((it) => it.id === id)) ?? [];
  return new Set(group.map((router) => router.id));
}

function disputedGroups(world: SimWorld): Set<string> {
  return new Set(
    [...world.routers.values()].flatMap(({ plan: { dispute } }) => dispute?.group ?? []),
  );
}

function disputeProblems(group: string, unlinked: readonly SimRouter[], world: SimWorld): string[] {
  const [refused, ...more] = unlinked;
  if (refused === undefined) return [`all routers that dispute "${group}" are linked`];
  const problems = more.map((router) => describeLink(router, world));
  const { dispute } = refused.plan;
  if (!refused.lastReason.includes(dispute?.shows ?? "")) {
    problems.push(`${refused.id} does not show "${dispute?.shows}": ${refused.lastReason}`);
  }
  return problems;
}

function describeLink(router: SimRouter, world: SimWorld): string {
  if (!router.isUp) return `${router.id} is down`;
  const { hubLink, uplink } = router.host.federation ?? {};
  const peer = hubLink?.routerId ?? "its hub";
  const there = world.routers.get(peer);
  const state = there?.isUp ? there.host.federation?.leafLink(router.id)?.state : "down";
  return `the link ${router.id} - ${peer} is ${uplink?.state} ` +
    `(${uplink?.reason ?? router.lastReason}) at ${router.id}, ${state} at ${peer}`;
}
