/**
 * Many link cuts under load: `deno run -A tests/sim/link_cuts.ts [CUTS]`.
 *
 * A hub and three sites; each site sets 500 values and publishes 50 events a second while links are
 * cut ten times a second, one after the other, at both ends at once or late at one. Most are back in
 * a moment; after each hundredth cut one is away for longer than an event lives. In the end all
 * routers hold the same, no event came twice or late, and each that a site did not get is told as lost
 * on its way there, and counted.
 *
 * @module
 */
import type { EventLoss, LinkEvent } from "../../src/federation/link_event.ts";
import { EVENT_LIFE_MS } from "../../src/limits.ts";
import { createPrng } from "../support/prng.ts";
import type { Checker, ClientEvent } from "./checker.ts";
import { federationsOf, linkProblems } from "./expectations.ts";
import type { SimClient } from "./sim_client.ts";
import type { Delivery } from "./sim_network.ts";
import { SimWorld } from "./sim_world.ts";
import { star } from "./topology.ts";

/** What a run of link cuts ended with. */
export interface LinkCutsResult {
  readonly cuts: number;
  readonly updates: number;
  readonly events: number;
  /** Addresses of which not all routers hold the same version. */
  readonly differing: number;
  /** Deliveries of an event to a client that had it. */
  readonly twice: number;
  /** Deliveries past the life of an event. */
  readonly late: number;
  /** Pairs of an event and a router whose client did not receive it. */
  readonly missing: number;
  /** Those of them that no router on the way told as lost. */
  readonly unaccounted: number;
  /** How often routers told an event as lost, by why. */
  readonly told: Losses;
  /** The same as routers count it for each peer. */
  readonly counted: Losses;
}

type Losses = Readonly<Record<EventLoss, number>>;

const SITES = ["a", "b", "c"] as const;
const WRITER = "writer-";
const UPDATES_PER_SECOND = 500;
const EVENTS_PER_SECOND = 50;
const ADDRESSES_PER_SITE = 200;
const CUT_INTERVAL_MS = 100;
const SETTLING_MS = 20_000;
/** By default a link that breaks for more than a minute is dialled every 5 s, as long as an event lives. */
const RECONNECT_DELAY_MS = 400;
/** After each of so many cuts the link is away for longer than an event lives. */
const CUTS_PER_OUTAGE = 100;
const OUTAGE_MS = 7_000;
/** A client's way to its router and back, and what routers round off. */
const TOLERANCE_MICROS = 10_000;

/** Runs it under a virtual clock. */
export function runLinkCuts(cuts: number): LinkCutsResult {
  const world = new SimWorld({ seed: cuts });
  const account = new EventAccount(world);
  world.watch([account]);
  for (const plan of star(SITES.length)) {
    world.addRouter({ ...plan, reconnectDelayMs: RECONNECT_DELAY_MS }).start();
  }
  for (const site of ["hub", ...SITES]) {
    world.addClient({ name: `${site}-listener`, router: site, subscriptions: ["/cue/**"] })
      .connect();
  }
  const writers = SITES.map((site) => world.addClient({ name: `${WRITER}${site}`, router: site }));
  for (const writer of writers) writer.connect();
  world.clock.runUntil(() => linkProblems(world).length === 0, "all links");
  world.clock.runFor(1_000);
  const traffic = new Traffic(world, writers);
  cutLinks(world, cuts);
  traffic.stop();
  world.clock.runFor(SETTLING_MS);
  return { cuts, ...traffic.counts(), differing: differing(world), ...account.balance() };
}

/** Whether everything came out as promised. */
export function isClean(result: LinkCutsResult): boolean {
  const { differing, twice, late, unaccounted, told, counted } = result;
  return differing + twice + late + unaccounted === 0 && sumOf(told) === sumOf(counted);
}

/** For people. */
export function describeLinkCuts(result: LinkCutsResult): string {
  const { cuts, updates, events, differing, twice, late, missing, unaccounted } = result;
  const { told, counted } = result;
  return `${cuts} link cuts under ${updates} updates and ${events} events: ` +
    `${differing} addresses differ, ${twice} events twice, ${late} late, ` +
    `${missing} of ${events * (SITES.length + 1)} deliveries missing, ${unaccounted} of them ` +
    `unaccounted for; routers told ${describeLosses(told)}, and counted ${describeLosses(counted)}`;
}

function describeLosses({ expired, unknown, dropped }: Losses): string {
  return `${expired} expired, ${unknown} unknown, ${dropped} dropped`;
}

function sumOf({ expired, unknown, dropped }: Losses): number {
  return expired + unknown + dropped;
}

/** Cuts a link that is up, then waits, so many times. */
function cutLinks(world: SimWorld, cuts: number): void {
  const random = createPrng(cuts);
  for (let done = 0; done < cuts;) {
    world.clock.runFor(CUT_INTERVAL_MS);
    const site = random.pick(SITES);
    const [connection] = world.network.connections(site, "hub").filter(({ cutAtMicros }) =>
      cutAtMicros === undefined
    );
    const lateMicros = random.pick([0, 0, 50_000, 2_000_000]);
    const told = { dialler: lateMicros, acceptor: 0 };
    if (connection === undefined) continue;
    connection.cut(random.nextFloat() < 0.5 ? told : { dialler: 0, acceptor: lateMicros });
    if (++done % CUTS_PER_OUTAGE === 0) keepAway(world, site);
  }
}

/** For longer than an event lives, no connection to a site is possible. */
function keepAway(world: SimWorld, site: string): void {
  for (const [from, to] of [[site, "hub"], ["hub", site]] as const) {
    world.network.stall(from, to);
    world.clock.after(OUTAGE_MS * 1_000, () => world.network.resume(from, to));
  }
}

/** Each writer sets its own addresses in turn, and publishes. */
class Traffic {
  readonly #world: SimWorld;
  #updates = 0;
  #events = 0;
  #isOver = false;

  constructor(world: SimWorld, writers: readonly SimClient[]) {
    this.#world = world;
    for (const writer of writers) {
      this.#every(1e6 / UPDATES_PER_SECOND, (count) => this.#update(writer, count));
      this.#every(1e6 / EVENTS_PER_SECOND, (count) => this.#publish(writer, count));
    }
  }

  stop(): void {
    this.#isOver = true;
  }

  counts(): { readonly updates: number; readonly events: number } {
    return { updates: this.#updates, events: this.#events };
  }

  #update(writer: SimClient, count: number): void {
    const address = `/site-${writer.router}/${count % ADDRESSES_PER_SITE}`;
    if (!writer.mayWrite(address)) return;
    writer.set(address);
    this.#updates++;
  }

  #publish(writer: SimClient, count: number): void {
    writer.publish(`/cue/${writer.router}/${count % ADDRESSES_PER_SITE}`);
    this.#events++;
  }

  #every(intervalMicros: number, action: (count: number) => void, count: number = 0): void {
    this.#world.clock.after(intervalMicros, () => {
      if (this.#isOver) return;
      action(count);
      this.#every(intervalMicros, action, count + 1);
    });
  }
}

/** An event that a router told as lost on its way to a peer, or from it. */
interface ToldLoss {
  readonly router: string;
  readonly peer: string;
}

/** What became of each event at each listener. */
class EventAccount implements Checker {
  readonly name = "event account";
  readonly #world: SimWorld;
  /** By event, "origin number": when it was published. */
  readonly #published = new Map<string, number>();
  /** By router: publications so far. */
  readonly #numbers = new Map<string, number>();
  readonly #received = new Set<string>();
  readonly #lost = new Map<string, ToldLoss[]>();
  readonly #told = { expired: 0, unknown: 0, dropped: 0 };
  #twice = 0;
  #late = 0;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  received({ session, id, atMicros }: ClientEvent): void {
    const key = `${session.client} ${keyOf(id)}`;
    if (this.#received.has(key)) this.#twice++;
    this.#received.add(key);
    const ageMicros = atMicros - (this.#published.get(keyOf(id)) ?? 0);
    if (ageMicros > EVENT_LIFE_MS * 1_000 + TOLERANCE_MICROS) this.#late++;
  }

  /** The publishers' own messages give the times: their routers number them in this order. */
  delivered({ from, frames }: Delivery): void {
    const writer = this.#world.clients.get(from);
    if (!from.startsWith(WRITER) || writer === undefined) return;
    const { router } = writer;
    for (const { message } of frames()) {
      if (message.type !== "PUBLISH") continue;
      const number = (this.#numbers.get(router) ?? 0) + 1;
      this.#numbers.set(router, number);
      this.#published.set(`${router} ${number}`, this.#world.clock.nowMicros);
    }
  }

  linkEvent(router: string, event: LinkEvent): void {
    if (event.type !== "eventLost") return;
    const { origin, sequence, routerId: peer, why } = event;
    this.#told[why]++;
    const key = `${origin} ${sequence}`;
    this.#lost.set(key, [...this.#lost.get(key) ?? [], { router, peer }]);
  }

  balance(): Pick<
    LinkCutsResult,
    "twice" | "late" | "missing" | "unaccounted" | "told" | "counted"
  > {
    let missing = 0;
    let unaccounted = 0;
    for (const event of this.#published.keys()) {
      for (const router of ["hub", ...SITES]) {
        if (this.#received.has(`${router}-listener ${event}`)) continue;
        missing++;
        if (!this.#isTold(event, router)) unaccounted++;
      }
    }
    const { told, counted } = { told: this.#told, counted: this.#counted() };
    return { twice: this.#twice, late: this.#late, missing, unaccounted, told, counted };
  }

  /** One that is lost between its site and the hub is lost for all, else for the site it was to reach. */
  #isTold(event: string, target: string): boolean {
    const [origin] = event.split(" ");
    return (this.#lost.get(event) ?? []).some(({ router, peer }) =>
      router === origin || peer === origin || router === target || peer === target
    );
  }

  #counted(): Losses {
    const counted = { expired: 0, unknown: 0, dropped: 0 };
    for (const router of this.#world.routers.values()) {
      for (const { counters } of router.host.federation?.records.all() ?? []) {
        counted.expired += counters.expired;
        counted.unknown += counters.unknown;
        counted.dropped += counters.dropped;
      }
    }
    return counted;
  }
}

/** "writer-a:e7" is number 7 of router a, whose only publisher it is. */
function keyOf(id: string): string {
  return id.slice(WRITER.length).replace(":e", " ");
}

function differing(world: SimWorld): number {
  let count = 0;
  for (const [first, ...others] of federationsOf(world)) {
    for (const [address, version] of first?.params() ?? []) {
      const isSame = others.every((router) => {
        const held = router.version(address);
        return held?.revision === version.revision && held.origin === version.origin &&
          held.timestampMicros === version.timestampMicros;
      });
      if (!isSame) count++;
    }
  }
  return count;
}

if (import.meta.main) {
  const result = runLinkCuts(Number(Deno.args[0] ?? 1_000));
  console.log(describeLinkCuts(result));
  Deno.exit(isClean(result) ? 0 : 1);
}
