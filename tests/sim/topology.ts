import { matches } from "../../src/address/pattern.ts";
import type { Prng } from "../support/prng.ts";
import { knownPattern } from "./known_pattern.ts";
import type { RouterPlan, SimRouter } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";

/** A federation: its routers, the root first, each hub before its leaves. */
export type Topology = readonly RouterPlan[];

/** How the routers of a seed are joined. */
export const TOPOLOGY_KINDS = [
  "star",
  "nested",
  "random-ids",
  "tree",
  "failover",
  "ring",
  "doubled",
  "narrow",
] as const;
/** One of {@linkcode TOPOLOGY_KINDS}. */
export type TopologyKind = typeof TOPOLOGY_KINDS[number];

/** A topology that a seed stands for. */
export interface RandomTopology {
  readonly kind: TopologyKind;
  readonly plans: Topology;
}

const SITES = ["a", "b", "c"] as const;
const LATE_SHARE = 0.35;
/** Checkers ask again and again. */
const MIRRORS = new WeakMap<RouterPlan, (address: string) => boolean>();

/** A hub and a number of leaves, each with a namespace of its own. */
export function star(leaves: number): Topology {
  return [{ id: "hub" }, ...SITES.slice(0, leaves).map((id) => siteOf(id, ["hub"]))];
}

/** A hub below a hub: two sites below the middle one, a third at the root. */
export function tree(): Topology {
  return [
    { id: "hub" },
    { id: "mid", hubs: ["hub"], namespaces: ["/mid/**"] },
    siteOf("a", ["mid"]),
    siteOf("b", ["mid"]),
    siteOf("c", ["hub"]),
  ];
}

/** A topology that depends on the seed only, of one of these kinds. */
export function randomTopology(
  random: Prng,
  kinds: readonly TopologyKind[] = TOPOLOGY_KINDS,
): RandomTopology {
  const kind = random.pick(kinds);
  const plain = withLateRouter(plansOf(kind, random), random);
  const varied = plain.map((plan) => vary(plan, plain, random));
  return { kind, plans: kind === "random-ids" ? withRandomIds(varied, random) : varied };
}

/** Whether a router is to hold all versions of an address: it imports it, or owns it. */
export function mirrors(plan: RouterPlan): (address: string) => boolean {
  let isMirror = MIRRORS.get(plan);
  if (isMirror === undefined) {
    isMirror = mirrorsBy(plan);
    MIRRORS.set(plan, isMirror);
  }
  return isMirror;
}

function mirrorsBy(plan: RouterPlan): (address: string) => boolean {
  const { hubs = [], imports = ["/**"], namespaces = [] } = plan;
  const texts = hubs.length === 0 ? ["/**"] : [...imports, ...namespaces];
  if (texts.includes("/**")) return () => true;
  const patterns = texts.map(knownPattern);
  return (address: string): boolean => patterns.some((pattern) => matches(pattern, address));
}

/** The router whose time is the federation's. */
export function rootOf({ routers }: SimWorld): SimRouter | undefined {
  for (const router of routers.values()) if ((router.plan.hubs ?? []).length === 0) return router;
  return undefined;
}

/** Whether leaves dial this router. */
export function isHub({ id, aliases = [] }: RouterPlan, topology: Topology): boolean {
  return topology.some(({ hubs = [] }) => hubs.some((hub) => hub === id || aliases.includes(hub)));
}

/** Addresses that the clients of a federation write: owned, nested, and nobody's. */
export function addressesOf(topology: Topology): string[] {
  const owned = topology.flatMap(({ namespaces = [] }) => namespaces.flatMap(addressesIn));
  return [...new Set([...owned, "/nobodys/1", "/nobodys/2"])];
}

function addressesIn(namespace: string): string[] {
  const base = namespace.replace(/\/\*\*$/, "");
  const literal = base.replaceAll("*", "1");
  return base === namespace ? [literal] : [`${literal}/1`, `${literal}/2`];
}

function plansOf(kind: TopologyKind, random: Prng): Topology {
  switch (kind) {
    case "star":
      return star(2 + random.nextInt(2));
    case "nested":
      return nested(random);
    case "random-ids":
      return random.pick([star(3), tree(), nested(random), chain(2, random)]);
    case "tree":
      return random.pick([tree(), chain(1 + random.nextInt(3), random)]);
    case "failover":
      return failover();
    case "ring":
      return ring(2 + random.nextInt(2));
    case "doubled":
      return doubled(random);
    case "narrow":
      return narrow(random);
  }
}

function siteOf(id: string, hubs: readonly string[]): RouterPlan {
  return { id, hubs, namespaces: [`/site-${id}/**`] };
}

/** Claims inside claims, of another router, and with partial wildcards. */
function nested(random: Prng): Topology {
  return [
    { id: "hub", namespaces: random.pick([[], ["/site-b/main/**"]]) },
    siteOf("a", ["hub"]),
    { id: "b", hubs: ["hub"], namespaces: ["/site-b/**", "/site-a/stage/**"] },
    {
      id: "c",
      hubs: ["hub"],
      namespaces: random.pick([
        ["/zone5*/**", "/site-a/stage/left/**"],
        ["/zone5*/lights/**", "/site-a/roof/*"],
      ]),
    },
    ...random.pick([[], [{
      id: "d",
      hubs: ["a"],
      namespaces: ["/zone51/lights/1", "/site-a/roof/fog"],
    }]]),
  ];
}

/** Hubs below hubs, with a site at the end and one at each hub or none. */
function chain(hubsBelow: number, random: Prng): Topology {
  const plans: RouterPlan[] = [{ id: "hub" }];
  let above = "hub";
  for (let depth = 1; depth <= hubsBelow; depth++) {
    const id = `mid${depth}`;
    const namespaces = random.pick([[], [`/mid${depth}/**`]]);
    plans.push({ id, hubs: [above], namespaces });
    above = id;
  }
  const [first, ...others] = SITES;
  plans.push(siteOf(first, [above]));
  for (const id of others) plans.push(siteOf(id, [random.pick(["hub", above, "mid1"])]));
  return plans;
}

/** Two hubs below one root, and leaves that know both. */
function failover(): Topology {
  return [
    { id: "hub" },
    { id: "east", hubs: ["hub"] },
    { id: "west", hubs: ["hub"], namespaces: ["/west/**"] },
    siteOf("a", ["east", "west"]),
    siteOf("b", ["west", "east"]),
    siteOf("c", ["east"]),
  ];
}

/** Misconfigured: routers in a circle, each a leaf of the next, and a right leaf. */
function ring(size: number): Topology {
  const ids = ["x", "y", "z"].slice(0, size);
  const dispute = { group: "ring", shows: "ring" };
  const circle = ids.map((id, index) => ({
    ...siteOf(id, [ids[(index + 1) % size] ?? ""]),
    dispute,
  }));
  return [...circle, siteOf("a", ["x"])];
}

/** Misconfigured: two routers for the same addresses, or one hub under two names. */
function doubled(random: Prng): Topology {
  const dispute = { group: "site-a", shows: "409" };
  const a = { ...siteOf("a", ["hub"]), dispute };
  const b = siteOf("b", ["hub"]);
  const rival = (namespaces: readonly string[], hub = "hub"): RouterPlan => ({
    id: "d",
    hubs: [hub],
    namespaces,
    dispute,
  });
  const hub = { id: "hub" };
  const mid = { id: "mid", hubs: ["hub"], namespaces: ["/mid/**"] };
  return random.pick<Topology>([
    [hub, a, b, rival(["/site-a/**"])],
    [hub, a, b, rival(["/site-d/**", "/site-a*/1"])],
    [hub, mid, a, b, rival(["/site-a/**"], "mid")],
    [
      { id: "hub", aliases: ["hub-too"] },
      siteOf("a", ["hub", "hub-too"]),
      siteOf("b", ["hub-too", "hub"]),
    ],
  ]);
}

/** One leaf mirrors a part only. */
function narrow(random: Prng): Topology {
  const plain = random.pick([star(2), star(3), tree(), nested(random)]);
  const leaf = random.pick(plain.filter((plan) => !isHub(plan, plain)));
  const imports = random.pick([["/site-a/**", "/nobodys/*"], ["/nobodys/*"]]);
  return plain.map((plan) => plan === leaf ? { ...plan, imports } : plan);
}

/** Sometimes one more leaf, which is not there at first. */
function withLateRouter(plans: Topology, random: Prng): Topology {
  const isLate = random.nextFloat() < LATE_SHARE;
  const hub = random.pick(plans.filter((plan) => isHub(plan, plans)));
  const namespaces = random.pick([["/late/**"], ["/late/**", "/nobodys/**"], []]);
  return isLate ? [...plans, { id: "late", hubs: [hub.id], namespaces, joinsLate: true }] : plans;
}

/** Ids say who wins among equal timestamps: here by no order that the topology has. */
function withRandomIds(plans: Topology, random: Prng): Topology {
  const idOf = new Map(plans.map(({ id }) => [id, `r${random.nextU32().toString(36)}`]));
  const renamed = (id: string): string => idOf.get(id) ?? id;
  return plans.map((plan) => ({
    ...plan,
    id: renamed(plan.id),
    ...(plan.hubs === undefined ? {} : { hubs: plan.hubs.map(renamed) }),
  }));
}

function vary(plan: RouterPlan, topology: Topology, random: Prng): RouterPlan {
  // One number for each choice, taken or not: the rest of the seed stays as it is.
  const [hasSpare, queuesEarly] = [0, 0].map(() => random.nextFloat());
  const outboxHighWaterBytes = random.pick([20, 300]);
  if (plan.hubs?.[0] === "mid" && !isHub(plan, topology) && (hasSpare ?? 1) < 0.3) {
    return { ...plan, hubs: ["mid", "hub"] };
  }
  if ((queuesEarly ?? 1) < 0.5) {
    return { ...plan, core: { outboxHighWaterBytes, eventTtlMs: 12_000 } };
  }
  return plan;
}
