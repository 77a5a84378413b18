import { isShared, PEERS_ROOT, UPLINK_ADDRESS } from "../../../src/router/reserved.ts";
import type { Version } from "../../../src/state/version.ts";
import { decodeValue } from "../../../src/wire/value_codec.ts";
import type { Checker, Report } from "../checker.ts";
import { federationOf, hubOf } from "../expectations.ts";
import { LinkFlow } from "../link_flow.ts";
import type { SimRouter } from "../sim_router.ts";
import type { Delivery } from "../sim_network.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors } from "../topology.ts";

/** A router looks at what it shows every two seconds; one that has just started knows nothing. */
const CORRECTED_MAX_MICROS = 3_000_000;

interface Shown {
  /** The leaf, or the hub that a leaf shows its link to. */
  readonly peer: string;
  /** Who shows it. */
  readonly hub: string;
  readonly isActive: boolean;
}

/**
 * What routers show of links as params is so. At the hub itself, and at a leaf of its way up, no link
 * is shown Active for longer than it takes to notice, and to look, when nothing can flow. In quiet
 * every router that mirrors them shows all leaves of its federation, each Active at its hub and no
 * other link of a hub there.
 */
export class ShownLinks implements Checker {
  readonly name = "shown links";
  readonly #report: Report;
  readonly #flow = new LinkFlow();
  /** By router: since when its process runs. */
  readonly #startedMicros = new Map<string, number>();
  /** By router, by address: since when it has shown what cannot be. */
  readonly #wrongSinceMicros = new Map<string, ReadonlyMap<string, number>>();

  constructor(report: Report) {
    this.#report = report;
  }

  delivered(delivery: Delivery, world: SimWorld): void {
    this.#flow.delivered(delivery, world);
  }

  crashed(router: string): void {
    this.#startedMicros.delete(router);
  }

  ticked(world: SimWorld): void {
    const { clock, network } = world;
    for (const router of world.routers.values()) {
      const { id, isUp, plan } = router;
      if (!isUp || plan.showsLinks !== true) continue;
      if (!this.#startedMicros.has(id)) this.#startedMicros.set(id, clock.nowMicros);
      if (!network.isSuspended(id)) this.#checkOwn(router, world);
    }
  }

  settled(world: SimWorld): void {
    this.#compare(world);
  }

  ended(world: SimWorld): void {
    this.#compare(world);
  }

  #checkOwn(router: SimRouter, world: SimWorld): void {
    const { nowMicros } = world.clock;
    const ranSinceMicros = world.network.suspension(router.id).endedMicros ?? 0;
    const startedMicros = this.#startedMicros.get(router.id) ?? 0;
    const before = this.#wrongSinceMicros.get(router.id);
    const wrongSinceMicros = new Map<string, number>();
    this.#wrongSinceMicros.set(router.id, wrongSinceMicros);
    for (const [address, { peer, hub, isActive }] of shownAt(router)) {
      const isOwn = address === UPLINK_ADDRESS || hub === router.id;
      const problem = isOwn && isActive ? this.#flow.problem(world, router.id, peer) : undefined;
      if (problem === undefined) continue;
      const sinceMicros = before?.get(address) ?? nowMicros;
      wrongSinceMicros.set(address, sinceMicros);
      const lasts = nowMicros - Math.max(sinceMicros, startedMicros, ranSinceMicros);
      if (lasts <= CORRECTED_MAX_MICROS) continue;
      this.#report(`${router.id} shows ${peer} as Active at "${address}", but ${problem}`);
    }
  }

  #compare(world: SimWorld): void {
    for (const router of world.routers.values()) {
      const { id, isUp, plan } = router;
      if (isUp && plan.showsLinks === true) this.#compareAt(router, federationOf(id, world), world);
    }
  }

  #compareAt(router: SimRouter, joined: ReadonlySet<string>, world: SimWorld): void {
    const shown = shownAt(router);
    for (const [address, { peer, hub, isActive }] of shown) {
      // What it heard from others before it was left alone it cannot know better.
      if (address === UPLINK_ADDRESS || !joined.has(hub) || !isActive) continue;
      const leaf = world.routers.get(peer);
      const is = leaf === undefined ? undefined : hubOf(leaf, world)?.id;
      if (is !== hub) {
        this.#report(`${router.id} shows ${peer} as Active at ${hub}, but its hub is ${is}`);
      }
    }
    for (const leaf of [...joined].map((it) => world.router(it))) {
      const hub = hubOf(leaf, world)?.id;
      const address = `${PEERS_ROOT}/${leaf.id}`;
      const told = shown.get(address);
      if (hub === undefined || !mirrors(router.plan)(address)) continue;
      if (told?.isActive && told.hub === hub) continue;
      this.#report(
        `${router.id} does not show ${leaf.id} as Active at ${hub}: ${JSON.stringify(told)}`,
      );
    }
    this.#compareUplink(router, shown.get(UPLINK_ADDRESS), world);
  }

  #compareUplink(router: SimRouter, shown: Shown | undefined, world: SimWorld): void {
    const hub = hubOf(router, world)?.id;
    const isRight = hub === undefined
      ? shown?.isActive !== true
      : shown?.isActive === true && shown.peer === hub;
    if (isRight) return;
    this.#report(`${router.id} shows its link to ${hub} as ${JSON.stringify(shown)}`);
  }
}

/** By address. */
function shownAt(router: SimRouter): Map<string, Shown> {
  const all = new Map<string, Shown>();
  for (const [address, version] of router.params()) {
    if (address !== UPLINK_ADDRESS && !isShared(address)) continue;
    const shown = read(version);
    if (shown !== undefined) all.set(address, shown);
  }
  return all;
}

function read({ value }: Version): Shown | undefined {
  const facts = value === undefined ? undefined : decodeValue(value);
  if (typeof facts !== "object" || facts === null || !("state" in facts)) return undefined;
  const { router: peer, hub, state } = facts;
  return { peer: String(peer), hub: String(hub), isActive: state === "Active" };
}
