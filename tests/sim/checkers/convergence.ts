import { isLocal, isReserved } from "../../../src/router/reserved.ts";
import { timeToLiveMicros } from "../../../src/state/time_to_live.ts";
import type { Version } from "../../../src/state/version.ts";
import type { Checker, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { federationsOf } from "../expectations.ts";
import type { SimRouter } from "../sim_router.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors, rootOf } from "../topology.ts";

/** A version and its tombstone are alike for so long around its expiry. */
const EXPIRY_TOLERANCE_MICROS = 1_000_000;
/** What a router shows of its links reaches all others within this time. */
const SHOWN_LATE_MAX_MICROS = 3_000_000;

/**
 * After healing and quiet, all routers that are joined and mirror an address hold the same version of
 * it, or the same tombstone. About the moment at which it expires some may hold the one and some the
 * other. What routers show of their links changes by itself also in quiet: a change may be on its way.
 * Each keeps its own link to its hub to itself.
 */
export class Convergence implements Checker {
  readonly name = "convergence";
  readonly #report: Report;

  constructor(report: Report) {
    this.#report = report;
  }

  settled(world: SimWorld): void {
    this.#compare(world);
  }

  ended(world: SimWorld): void {
    this.#compare(world);
  }

  #compare(world: SimWorld): void {
    const nowMicros = rootOf(world)?.timeMicros ?? 0;
    for (const routers of federationsOf(world)) this.#compareWithin(routers, nowMicros);
  }

  #compareWithin(routers: readonly SimRouter[], nowMicros: number): void {
    const stores = routers.map((router) => ({
      id: router.id,
      isMirror: mirrors(router.plan),
      params: router.params(),
    }));
    const addresses = new Set(stores.flatMap(({ params }) => [...params.keys()]));
    for (const address of addresses) {
      if (isLocal(address)) continue;
      const held = stores.filter(({ isMirror }) => isMirror(address))
        .map(({ id, params }) => ({
          id,
          version: describeVersion(params.get(address), nowMicros),
        }));
      const [first] = held;
      const other = held.find(({ version }) => version !== first?.version);
      if (first === undefined || other === undefined) continue;
      if (isReserved(address) && isOnItsWay(address, stores, nowMicros)) continue;
      this.#report(
        `"${address}" differs: ${first.id} holds ${first.version}, ${other.id} ${other.version}`,
      );
    }
  }
}

function isOnItsWay(
  address: string,
  stores: readonly { readonly params: ReadonlyMap<string, Version> }[],
  nowMicros: number,
): boolean {
  return stores.some(({ params }) => {
    const { timestampMicros } = params.get(address) ?? { timestampMicros: -Infinity };
    return timestampMicros > nowMicros - SHOWN_LATE_MAX_MICROS;
  });
}

function describeVersion(version: Version | undefined, nowMicros: number): string {
  if (version === undefined) return "nothing";
  const { value, revision, timestampMicros, origin, ttl } = version;
  const leftMicros = timestampMicros + timeToLiveMicros(ttl) - nowMicros;
  const isExpiring = Math.abs(leftMicros) <= EXPIRY_TOLERANCE_MICROS;
  const what = isExpiring ? "something" : value === undefined ? "gone" : describeValue(value);
  return `${what} r${revision} ` +
    `at ${timestampMicros} of ${origin} ttl ${ttl}`;
}
