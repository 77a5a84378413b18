/**
 * Many link cuts under load: `deno run -A tests/sim/link_cuts.ts [CUTS]`.
 *
 * A hub and three sites; each site sets 500 values and publishes 50 events a second while links are
 * cut ten times a second, one after the other, at both ends at once or late at one. In the end all
 * routers hold the same, no event came twice or late, and each that did not come is accounted for.
 *
 * @module
 */
import { EVENT_LIFE_MS } from "../../src/limits.ts";
import { createPrng } from "../support/prng.ts";
import { federationsOf, linkProblems } from "./expectations.ts";
import type { SimClient } from "./sim_client.ts";
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
  /** Deliveries that did not happen. */
  readonly missing: number;
  /** Those of them whose event no router told as lost. */
  readonly unaccounted: number;
  /** Events that routers told as lost; undefined where routers do not tell. */
  readonly told: number | undefined;
}

const SITES = ["a", "b", "c"] as const;
const WRITER = "writer-";
const UPDATES_PER_SECOND = 500;
const EVENTS_PER_SECOND = 50;
const ADDRESSES_PER_SITE = 200;
const CUT_INTERVAL_MS = 100;
const SETTLING_MS = 20_000;
/** A client's way to its router and back, and what routers round off. */
const TOLERANCE_MICROS = 10_000;

if (import.meta.main) {
  const result = runLinkCuts(Number(Deno.args[0] ?? 1_000));
  console.log(describeLinkCuts(result));
  Deno.exit(isClean(result) ? 0 : 1);
}

/** Runs it under a virtual clock. */
export function runLinkCuts(cuts: number): LinkCutsResult {
  const world = new SimWorld({ seed: cuts });
  const account = new EventAccount(world);
  world.watch([account]);
  for (const plan of star(SITES.length)) world.addRouter(plan).start();
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
export function isClean({ differing, twice, late, unaccounted, told }: LinkCutsResult): boolean {
  return differing === 0 && twice === 0 && late === 0 && (told === undefined || unaccounted === 0);
}

/** For people. */
export function describeLinkCuts(result: LinkCutsResult): string {
  const { cuts, updates, events, differing, twice, late, missing, unaccounted, told } = result;
  const accounts = told === undefined
    ? "(routers do not tell which)"
    : `(${told} events told as lost, ${unaccounted} deliveries unaccounted for)`;
  return `${cuts} link cuts under ${updates} updates and ${events} events: ` +
    `${differing} addresses differ, ${twice} events twice, ${late} late, ` +
    `${missing} deliveries missing ${accounts}`;
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
    done++;
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

/** What became of each event at each listener. */
class EventAccount {
  readonly name = "event account";
  readonly #world: SimWorld;
  /** By event, "origin number": when it was published. */
  readonly #published = new Map<string, number>();
  /** By router: publications so far. */
  readonly #numbers = new Map<string, number>();
  readonly #received = new Set<string>();
  readonly #lost = new Set<string>();
  #tells = false;
  #twice = 0;
  #late = 0;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  received(
    { session, id }: { readonly session: { readonly client: string }; readonly id: string },
  ) {
    const key = `${session.client} ${keyOf(id)}`;
    if (this.#received.has(key)) this.#twice++;
    this.#received.add(key);
    const ageMicros = this.#world.clock.nowMicros - (this.#published.get(keyOf(id)) ?? 0);
    if (ageMicros > EVENT_LIFE_MS * 1_000 + TOLERANCE_MICROS) this.#late++;
  }

  /** The publishers' own messages give the times: their routers number them in this order. */
  delivered({ from, frames }: {
    readonly from: string;
    readonly frames: () => readonly { readonly message: { readonly type: string } }[];
  }): void {
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

  linkEvent(_router: string, event: object): void {
    const lost = lostEvent(event);
    if (lost === undefined) return;
    this.#tells = true;
    this.#lost.add(lost);
  }

  balance() {
    const missing: string[] = [];
    for (const event of this.#published.keys()) {
      for (const router of ["hub", ...SITES]) {
        if (!this.#received.has(`${router}-listener ${event}`)) missing.push(event);
      }
    }
    return {
      twice: this.#twice,
      late: this.#late,
      missing: missing.length,
      unaccounted: missing.filter((event) => !this.#lost.has(event)).length,
      told: this.#tells ? this.#lost.size : undefined,
    };
  }
}

/** "writer-a:e7" is number 7 of router a, whose only publisher it is. */
function keyOf(id: string): string {
  return id.slice(WRITER.length).replace(":e", " ");
}

/** Which event a router tells as lost, where routers tell. */
function lostEvent(event: object): string | undefined {
  if (!("type" in event) || event.type !== "eventLost") return undefined;
  return "origin" in event && "sequence" in event ? `${event.origin} ${event.sequence}` : undefined;
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
