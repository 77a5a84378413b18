import { matches } from "../../../src/address/pattern.ts";
import type { LinkEvent } from "../../../src/federation/link_event.ts";
import { EVENT_LIFE_MS } from "../../../src/limits.ts";
import type { Checker, ClientEvent, Report } from "../checker.ts";
import { knownPattern } from "../known_pattern.ts";
import { RoundTrips } from "../round_trips.ts";
import { P2P_ANNOUNCE, P2P_SIGNAL, type SessionTime, type SimClient } from "../sim_client.ts";
import type { Delivery } from "../sim_network.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors } from "../topology.ts";

/** A client's way to its router, a turn of each router on the way, and what they round off. */
const TOLERANCE_MICROS = 5_000;
/** After the end of its life, until it is told that an event is lost. */
const TELLING_MAX_MICROS = 1_500_000;

interface Published {
  readonly client: string;
  readonly router: string;
  readonly address: string;
  readonly id: string;
  /** As its router numbers it. */
  readonly sequence: number;
  /** When it arrived at its router. */
  readonly atMicros: number;
  readonly lifeMicros: number;
  /** Leaves that their hubs knew then, as "hub leaf". */
  readonly known: ReadonlySet<string>;
}

interface Crash {
  readonly router: string;
  readonly atMicros: number;
}

/**
 * No router sends a client an event later than its life after its publication; how long it waits in
 * the client's socket then is the client's own affair. Each link may take an event for younger than
 * it is by half its round trip, for clocks cannot be compared better.
 *
 * An event that a router with an interested client never got was told as lost somewhere, or a router
 * on its way crashed while it lived, or before it ran long enough to tell of it, or a hub on its way
 * had crashed before and did not know yet that the router was there.
 */
export class EventAccounts implements Checker {
  readonly name = "event accounts";
  readonly #report: Report;
  readonly #published = new Map<string, Published>();
  readonly #sequences = new Map<string, number>();
  readonly #lost = new Set<string>();
  readonly #crashes: Crash[] = [];
  readonly #roundTrips = new RoundTrips();
  #known: ReadonlySet<string> = new Set();
  /** When the message that arrives now was handed to its sender's socket. */
  #sentAtMicros = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  delivered(delivery: Delivery, world: SimWorld): void {
    const { from, to, frames } = delivery;
    this.#sentAtMicros = delivery.sentAtMicros;
    this.#roundTrips.delivered(delivery, world);
    const client = world.clients.get(from);
    if (client === undefined) return;
    for (const { message } of frames()) {
      // A signal is for one session and has no number among the events.
      if (message.type !== "PUBLISH" || message.address.startsWith(P2P_SIGNAL)) continue;
      const sequence = (this.#sequences.get(to) ?? 0) + 1;
      this.#sequences.set(to, sequence);
      if (message.address === P2P_ANNOUNCE) continue;
      const id = client.idOf(message);
      this.#published.set(id, {
        client: from,
        router: to,
        address: message.address,
        id,
        sequence,
        atMicros: world.clock.nowMicros,
        lifeMicros: (world.router(to).plan.core?.eventTtlMs ?? EVENT_LIFE_MS) * 1_000,
        known: this.#known,
      });
    }
  }

  crashed(router: string, world: SimWorld): void {
    this.#sequences.delete(router);
    this.#crashes.push({ router, atMicros: world.clock.nowMicros });
    this.#known = new Set([...this.#known].filter((pair) => !pair.startsWith(`${router} `)));
  }

  linkEvent(router: string, event: LinkEvent): void {
    if (event.type === "connected") {
      this.#known = new Set([...this.#known, `${router} ${event.routerId}`]);
    } else if (event.type === "eventLost") {
      this.#lost.add(`${event.origin} ${event.sequence}`);
    }
  }

  received({ session, id }: ClientEvent, world: SimWorld): void {
    const published = this.#published.get(id);
    if (published === undefined) {
      return this.#report(`client ${session.client} received event ${id}, which nobody published`);
    }
    const { router, atMicros, lifeMicros } = published;
    const lateMicros = this.#sentAtMicros - atMicros - lifeMicros - TOLERANCE_MICROS;
    if (lateMicros <= 0) return;
    const onTheWay = waysBetween(router, session.router, world);
    if (lateMicros <= this.#roundTrips.unknownTravelMicros(onTheWay, atMicros)) return;
    this.#report(
      `client ${session.client} was sent event ${id} of router ${router} ` +
        `${(this.#sentAtMicros - atMicros) / 1e6} s after its publication`,
    );
  }

  settled(world: SimWorld): void {
    for (const published of this.#published.values()) {
      for (const client of world.clients.values()) this.#check(published, client, world);
    }
  }

  #check(published: Published, client: SimClient, world: SimWorld): void {
    const { id, address, router, sequence, atMicros } = published;
    if (!this.#isOwed(published, client, world)) return;
    if (client.events.some((event) => event.id === id)) return;
    if (this.#lost.has(`${router} ${sequence}`)) return;
    if (this.#hasExcuse(published, client.router, world)) return;
    this.#report(
      `client ${client.name} did not receive event ${id} ("${address}", number ${sequence} of ` +
        `router ${router}, published at ${atMicros / 1e6}), and nobody told that it is lost`,
    );
  }

  #isOwed(published: Published, client: SimClient, world: SimWorld): boolean {
    const { address, atMicros, lifeMicros } = published;
    return client.name !== published.client &&
      client.subscriptions.some((pattern) => matches(knownPattern(pattern), address)) &&
      mirrors(world.router(client.router).plan)(address) &&
      client.sessions.some((session) =>
        session.fromMicros + TOLERANCE_MICROS <= atMicros &&
        this.#endOf(session, client) >= atMicros + lifeMicros + TOLERANCE_MICROS
      );
  }

  /** A client that is suspended does not hear that its router is gone. */
  #endOf({ fromMicros, toMicros = Infinity }: SessionTime, { router }: SimClient): number {
    const crash = this.#crashes.find((it) => it.router === router && it.atMicros >= fromMicros);
    return Math.min(toMicros, crash?.atMicros ?? Infinity);
  }

  #hasExcuse(published: Published, target: string, world: SimWorld): boolean {
    const { router, atMicros, lifeMicros, known } = published;
    const onTheWay = waysBetween(router, target, world);
    const diesMicros = atMicros + lifeMicros;
    const hasCrash = this.#crashes.some((crash) => {
      if (!onTheWay.has(crash.router) || crash.atMicros < atMicros) return false;
      const { network } = world;
      const stoppedMicros = network.suspendedMicros(crash.router, diesMicros, crash.atMicros);
      return crash.atMicros - stoppedMicros <= diesMicros + TELLING_MAX_MICROS;
    });
    return hasCrash || !isReached(target, { origin: router, known, world });
  }
}

/** All routers that an event may pass on its way from one to another. */
function waysBetween(origin: string, target: string, world: SimWorld): ReadonlySet<string> {
  return new Set([origin, target, ...above(origin, world), ...above(target, world)]);
}

/** All routers that may be above one; of a ring, all. */
function above(id: string, world: SimWorld, below: readonly string[] = []): string[] {
  if (below.includes(id)) return [];
  return hubsOf(id, world).flatMap((hub) => [hub, ...above(hub, world, [...below, id])]);
}

/** Those that are above it whichever of its hubs it is connected to. */
function alwaysAbove(id: string, world: SimWorld, below: readonly string[] = []): Set<string> {
  if (below.includes(id)) return new Set();
  const ways = hubsOf(id, world).map((hub) =>
    new Set([hub, ...alwaysAbove(hub, world, [...below, id])])
  );
  return ways.length === 0 ? new Set() : ways.reduce((a, b) => a.intersection(b));
}

/** Upwards an event waits for its hub, whoever that is; downwards for those that the hub knows. */
function isReached(
  target: string,
  way: {
    readonly origin: string;
    readonly known: ReadonlySet<string>;
    readonly world: SimWorld;
  },
  below: readonly string[] = [],
): boolean {
  const { origin, known, world } = way;
  if (below.includes(target)) return false;
  if (target === origin || alwaysAbove(origin, world).has(target)) return true;
  return hubsOf(target, world).some((hub) =>
    known.has(`${hub} ${target}`) && isReached(hub, way, [...below, target])
  );
}

function hubsOf(id: string, world: SimWorld): readonly string[] {
  return (world.router(id).plan.hubs ?? []).map((hub) => world.network.nodeOf(hub));
}
