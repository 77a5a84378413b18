import type { Version } from "../../../src/state/version.ts";
import type { Checker, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { federationsOf } from "../expectations.ts";
import type { SimRouter } from "../sim_router.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors } from "../topology.ts";

/** After healing and quiet, all routers that are joined and mirror an address hold the same version of it. */
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
    for (const routers of federationsOf(world)) this.#compareWithin(routers);
  }

  #compareWithin(routers: readonly SimRouter[]): void {
    const stores = routers.map((router) => ({
      id: router.id,
      isMirror: mirrors(router.plan),
      params: router.params(),
    }));
    const addresses = new Set(stores.flatMap(({ params }) => [...params.keys()]));
    for (const address of addresses) {
      const held = stores.filter(({ isMirror }) => isMirror(address))
        .map(({ id, params }) => ({ id, version: describeVersion(params.get(address)) }));
      const [first] = held;
      const other = held.find(({ version }) => version !== first?.version);
      if (first === undefined || other === undefined) continue;
      this.#report(
        `"${address}" differs: ${first.id} holds ${first.version}, ${other.id} ${other.version}`,
      );
    }
  }
}

function describeVersion(version: Version | undefined): string {
  if (version === undefined) return "nothing";
  const { value, revision, timestampMicros, origin, ttl } = version;
  return `${describeValue(value)} r${revision} ` +
    `at ${timestampMicros} of ${origin} ttl ${ttl}`;
}
