import { matches, parsePattern } from "../../src/address/pattern.ts";
import type { Prng } from "../support/prng.ts";
import type { RouterPlan, SimRouter } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";

/** A federation: its routers, the root first, each hub before its leaves. */
export type Topology = readonly RouterPlan[];

const SITES = ["a", "b", "c"] as const;

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

/** A topology that depends on the seed only. */
export function randomTopology(random: Prng): Topology {
  const plain = random.pick([star(2), star(2), star(3), tree(), tree()]);
  return plain.map((plan) => vary(plan, plain, random));
}

/** Whether a router is to hold all versions of an address: it imports it, or owns it. */
export function mirrors({ hubs = [], imports = ["/**"], namespaces = [] }: RouterPlan) {
  const patterns = (hubs.length === 0 ? ["/**"] : [...imports, ...namespaces]).map(parsePattern);
  return (address: string): boolean => patterns.some((pattern) => matches(pattern, address));
}

/** The router whose time is the federation's. */
export function rootOf({ routers }: SimWorld): SimRouter | undefined {
  return routers.values().find(({ plan: { hubs = [] } }) => hubs.length === 0);
}

/** Whether leaves dial this router. */
export function isHub({ id }: RouterPlan, topology: Topology): boolean {
  return topology.some(({ hubs = [] }) => hubs.includes(id));
}

/** Addresses that the clients of a federation write: owned, nested, and nobody's. */
export function addressesOf(topology: Topology): string[] {
  const owned = topology.flatMap(({ namespaces = [] }) =>
    namespaces.flatMap((namespace) => {
      const base = namespace.replace("/**", "");
      return [`${base}/1`, `${base}/2`];
    })
  );
  return [...owned, "/nobodys/1", "/nobodys/2"];
}

function siteOf(id: string, hubs: readonly string[]): RouterPlan {
  return { id, hubs, namespaces: [`/site-${id}/**`] };
}

function vary(plan: RouterPlan, topology: Topology, random: Prng): RouterPlan {
  const { id, namespaces = [], hubs = [] } = plan;
  // One number for each choice, taken or not: the rest of the seed stays as it is.
  const [nests, narrows, hasSpare, queuesEarly] = [0, 0, 0, 0].map(() => random.nextFloat());
  const varied = { ...plan };
  const isLeafOnly = hubs.length > 0 && !isHub(plan, topology);
  if (id === "b" && (nests ?? 1) < 0.4) {
    return { ...varied, namespaces: [...namespaces, "/site-a/stage/**"] };
  }
  if (isLeafOnly && (narrows ?? 1) < 0.1) {
    return { ...varied, imports: ["/site-a/**", "/nobodys/*"] };
  }
  if (hubs[0] === "mid" && (hasSpare ?? 1) < 0.3) return { ...varied, hubs: ["mid", "hub"] };
  if ((queuesEarly ?? 1) < 0.5) {
    return { ...varied, core: { outboxHighWaterBytes: 300, eventTtlMs: 12_000 } };
  }
  return varied;
}
