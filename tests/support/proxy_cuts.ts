import type { Prng } from "./prng.ts";
import { commitProxyFault, PROXY_FAULTS, type ProxyFault } from "./proxy_faults.ts";
import { SiteRouters } from "./site_routers.ts";
import { SiteTraffic, type TrafficReport } from "./site_traffic.ts";

const SITES = ["site-a", "site-b", "site-c"] as const;

/** What a run of cuts showed. */
export interface ProxyCutsReport extends TrafficReport {
  readonly faults: ReadonlyMap<ProxyFault, number>;
  /** Connections that the leaves made beyond the first. */
  readonly redials: number;
  readonly durationMs: number;
}

/**
 * Three sites and a hub under traffic, and so many faults between them, each at a random site, every
 * kind in turn. After each fault the traffic has to flow everywhere before the next one.
 */
export async function runProxyCuts(options: {
  readonly cuts: number;
  readonly prng: Prng;
  /** Told before each. */
  readonly onFault?: (fault: ProxyFault, site: string) => void;
}): Promise<ProxyCutsReport> {
  const { cuts, prng } = options;
  const startMs = performance.now();
  await using routers = await SiteRouters.start(SITES, prng);
  await using traffic = await SiteTraffic.start(routers);
  const faults = new Map<ProxyFault, number>();
  let kinds: ProxyFault[] = [];
  for (let i = 0; i < cuts; i++) {
    if (kinds.length === 0) kinds = shuffled(PROXY_FAULTS, prng);
    const fault = kinds.pop() ?? "reset";
    const site = prng.pick(SITES);
    options.onFault?.(fault, site);
    const over = commitProxyFault(fault, routers.proxy(site), prng);
    traffic.writeOnce();
    await over;
    traffic.writeOnce();
    faults.set(fault, (faults.get(fault) ?? 0) + 1);
    await traffic.flows();
  }
  const report = await traffic.finish();
  const accepted = SITES.reduce((count, site) => count + routers.proxy(site).accepted, 0);
  const durationMs = performance.now() - startMs;
  return { ...report, faults, redials: accepted - SITES.length, durationMs };
}

function shuffled<Item>(items: readonly Item[], prng: Prng): Item[] {
  const rest = [...items];
  const result: Item[] = [];
  while (rest.length > 0) result.push(...rest.splice(prng.nextInt(rest.length), 1));
  return result;
}
