import { EVENT_LIFE_MS } from "../../src/limits.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import { assertEquals, assertLessOrEqual } from "./assert.ts";
import { countedLosses } from "./counted_losses.ts";
import { EventLedger, type EventReport } from "./event_ledger.ts";
import { pollUntil } from "./poll_until.ts";
import { type RouterState, untilAlike } from "./router_state.ts";
import { ADDRESSES_IN_TURN, SiteClient } from "./site_client.ts";
import { HUB, type SiteRouters } from "./site_routers.ts";

const DEADLINE_MS = 30_000;
const ONCE = "/once/";
/** Counters are told every ten seconds. */
const SHOWN_WITHIN_MS = 15_000;
const LOOK_INTERVAL_MS = 200;

/** How much each site does. */
export interface TrafficRates {
  readonly updatesPerSecond: number;
  readonly eventsPerSecond: number;
}

/** Settings of a {@linkcode SiteTraffic}. */
export interface TrafficOptions {
  readonly rates?: TrafficRates;
  /** Told of each number that the client at a router sees. */
  readonly onUpdate?: (at: string, address: string, value: number) => void;
}

const RATES_DEFAULT: TrafficRates = { updatesPerSecond: 500, eventsPerSecond: 50 };

/** What is known at the end. */
export interface TrafficReport {
  readonly updates: number;
  readonly received: number;
  readonly addresses: number;
  /** Addresses of which the routers agree on something else than was written last. */
  readonly wrong: readonly string[];
  /** Updates that told a client nothing new. */
  readonly repeats: number;
  /** What went backwards in a session, or was not to come at all. */
  readonly problems: readonly string[];
  readonly events: EventReport;
  /** Events that the routers count as lost, as they show it. */
  readonly counted: number;
}

/** A client at each site that writes and publishes, and one at the hub; all follow everything. */
export class SiteTraffic implements AsyncDisposable {
  readonly problems: string[] = [];
  #rounds = 0;
  readonly #routers: SiteRouters;
  readonly #ledger: EventLedger;
  readonly #clients: ReadonlyMap<string, SiteClient>;

  private constructor(routers: SiteRouters, options: TrafficOptions) {
    const { rates = RATES_DEFAULT, onUpdate } = options;
    this.#routers = routers;
    this.#ledger = new EventLedger(routers.names);
    const none: TrafficRates = { updatesPerSecond: 0, eventsPerSecond: 0 };
    this.#clients = new Map(routers.names.map((site) => [
      site,
      new SiteClient({
        site,
        port: routers.port(site),
        ...(site === HUB ? none : rates),
        ledger: this.#ledger,
        problems: this.problems,
        onUpdate: (address, value) => onUpdate?.(site, address, value),
      }),
    ]));
  }

  /** Connects the clients and waits until each hears of the updates of each. */
  static async start(
    routers: SiteRouters,
    options: TrafficOptions = {},
  ): Promise<SiteTraffic> {
    const traffic = new SiteTraffic(routers, options);
    try {
      await traffic.#begin();
    } catch (error) {
      await traffic[Symbol.asyncDispose]();
      throw error;
    }
    return traffic;
  }

  client(site: string): SiteClient {
    const client = this.#clients.get(site);
    if (client === undefined) throw new Error(`There is no client of "${site}"`);
    return client;
  }

  /**
   * Has each client that can write a param of its site that it never writes again, so that only a
   * comparison of states can bring it to who does not hear of it now, and one of each other site, which
   * may be decided at two places.
   */
  writeOnce(): void {
    this.#rounds++;
    for (const site of this.#routers.sites) {
      const client = this.client(site);
      if (!client.isOpen) continue;
      client.set(`/${site}${ONCE}${this.#rounds}`);
      for (const other of this.#routers.sites) if (other !== site) client.setElsewhere(other);
    }
  }

  /**
   * Waits until updates that are written from now on at each of some sites, by default all, arrive at
   * the clients of some routers, by default all, and all that was written once.
   */
  async flows(options: {
    readonly from?: readonly string[];
    readonly to?: readonly string[];
  } = {}): Promise<void> {
    const { from = this.#routers.sites, to = this.#routers.names } = options;
    const marks = from.map((site) => ({ site, updates: this.client(site).updates }));
    for (const { site, updates } of marks) {
      for (const name of to) {
        const client = this.client(name);
        await pollUntil(
          () => client.newest(site) > updates,
          `updates of ${site} at ${name}`,
          DEADLINE_MS,
        );
        const once = [...this.client(site).written].filter(([address]) => address.includes(ONCE));
        const hasSeen = () => once.every(([address, number]) => client.latest(address) === number);
        await pollUntil(hasSeen, `what ${site} wrote once at ${name}`, DEADLINE_MS);
      }
    }
  }

  /** Waits until a site has written all that it writes in turn once more. */
  async rewrites(site: string): Promise<void> {
    const client = this.client(site);
    const goal = client.updates + ADDRESSES_IN_TURN;
    await pollUntil(() => client.updates >= goal, `${site} to write all anew`, DEADLINE_MS);
  }

  /**
   * Stops the writers and waits until all routers are alike, and until they show each event that is
   * missing as lost; not after a kill, with which the counters are lost.
   */
  async finish(options: { readonly wasKilled?: boolean } = {}): Promise<TrafficReport> {
    for (const client of this.#clients.values()) client.hush();
    for (const [site, client] of this.#clients) {
      await pollUntil(() => client.isSettled, `the last ACKs of ${site}`, DEADLINE_MS);
    }
    const written = new Map([...this.#clients.values()].flatMap((client) => [...client.written]));
    const state = await untilAlike(this.#routers.ports, DEADLINE_MS);
    const events = await this.#quietEvents();
    return {
      updates: sum(this.#clients.values(), ({ updates }) => updates),
      received: sum(this.#clients.values(), ({ received }) => received),
      addresses: state.size,
      repeats: sum(this.#clients.values(), ({ repeats }) => repeats),
      wrong: wrongAddresses(state, written),
      problems: this.problems,
      events,
      counted: await this.#counted(options.wasKilled === true ? 0 : events.missingEvents),
    };
  }

  /** What the routers count as lost; they show it within seconds. */
  async #counted(missing: number): Promise<number> {
    let counted = 0;
    const isAll = async (): Promise<boolean> => {
      const names = this.#routers.names;
      const each = await Promise.all(
        names.map((name) => countedLosses(this.#routers.port(name), name)),
      );
      counted = each.reduce((total, losses) => total + losses, 0);
      return counted >= missing;
    };
    const start = performance.now();
    while (!await isAll() && performance.now() - start < SHOWN_WITHIN_MS) {
      // Each look is a connection, and a router refuses an address that opens too many.
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
    return counted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#clients.values()].map((client) => client[Symbol.asyncDispose]()),
    );
  }

  /** Nobody publishes before everybody follows. */
  async #begin(): Promise<void> {
    for (const [name, client] of this.#clients) {
      await pollUntil(() => client.isOpen, `a session at ${name}`, DEADLINE_MS);
      await client.settle(DEADLINE_MS);
    }
    for (const client of this.#clients.values()) client.begin();
    await this.flows();
  }

  /** What has become of the events when nothing is under way any more. */
  async #quietEvents(): Promise<EventReport> {
    const isComplete = (): boolean => this.#ledger.isComplete;
    await pollUntil(isComplete, "all events", EVENT_LIFE_MS).catch(() => {});
    // A link keeps the order: the last updates, which are there, came behind the events.
    for (const client of this.#clients.values()) await client.settle(DEADLINE_MS);
    return this.#ledger.report();
  }
}

/**
 * Fails unless everything is as it should be, every event that did not arrive counted by a router.
 *
 * What a process had handed to its socket when it was frozen reaches its own clients late: nobody can
 * call it back.
 */
export function assertSound(
  report: TrafficReport,
  { frozen }: { readonly frozen?: string } = {},
): void {
  const late = report.events.late.filter((line) => !line.includes(` at ${frozen}: `));
  assertSoundButLost({ ...report, events: { ...report.events, late } });
  const { events, counted } = report;
  assertLessOrEqual(events.missingEvents, counted, `not counted: ${events.missing.join(", ")}`);
}

/** The same after a router was killed: what it had in memory is lost with it, its counters too. */
export function assertSoundButLost({ wrong, problems, events }: TrafficReport): void {
  assertEquals(wrong, [], "the routers agree on something that was not written last");
  assertEquals(problems, []);
  assertEquals(events.twice, [], "events arrived twice");
  assertEquals(events.invented, [], "events arrived that nobody published");
  assertEquals(events.late, [], "events arrived late");
}

/** The report in a line or two. */
export function describeTraffic(report: TrafficReport): string {
  const { updates, received, addresses, repeats, wrong, problems, events, counted } = report;
  return `${updates} updates written, ${received} received, ${addresses} addresses, ` +
    `${repeats} repeats, ${wrong.length} wrong, ${problems.length} went backwards; ` +
    `${events.published} events published, ${events.accepted} accepted, ` +
    `${events.received} received, ${events.missing.length} missing of ` +
    `${events.missingEvents} events (${counted} counted as lost), ${events.twice.length} twice, ` +
    `${events.late.length} late, longest ${events.longestMs.toFixed(0)} ms`;
}

function wrongAddresses(state: RouterState, written: ReadonlyMap<string, number>): string[] {
  return [...written]
    .filter(([address, number]) => state.get(address)?.value !== encodeValue(number).toHex())
    .map(([address, number]) => `${address}: ${number} was written last`);
}

function sum(clients: Iterable<SiteClient>, count: (client: SiteClient) => number): number {
  let total = 0;
  for (const client of clients) total += count(client);
  return total;
}
