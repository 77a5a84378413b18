import { matches, parsePattern } from "../../../src/address/pattern.ts";
import type { LinkEvent } from "../../../src/federation/link_event.ts";
import { EVENT_LIFE_MS } from "../../../src/limits.ts";
import type { Checker, ClientEvent, Report } from "../checker.ts";
import { readPeerFrames } from "../peer_frames.ts";
import type { SimClient } from "../sim_client.ts";
import type { Delivery } from "../sim_network.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors } from "../topology.ts";

/** A client's way to its router and back, and what routers round off. */
const TOLERANCE_MICROS = 5_000;
/** Longest stall of a client in a scenario: what is on its way to it then cannot be called back. */
const CLIENT_STALL_MAX_MICROS = 600_000;

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

/**
 * No client receives an event later than its life after its publication. An event that a router with
 * an interested client never got was told as lost somewhere, or a router on its way crashed while it
 * lived, or a hub on its way had crashed before and did not know yet that the router was there.
 */
export class EventAccounts implements Checker {
  readonly name = "event accounts";
  readonly #report: Report;
  readonly #published = new Map<string, Published>();
  readonly #sequences = new Map<string, number>();
  readonly #lost = new Set<string>();
  readonly #crashes: { readonly router: string; readonly atMicros: number }[] = [];
  #known: ReadonlySet<string> = new Set();

  constructor(report: Report) {
    this.#report = report;
  }

  delivered({ from, to, bytes }: Delivery, world: SimWorld): void {
    const client = world.clients.get(from);
    if (client === undefined) return;
    for (const { message } of readPeerFrames(bytes)) {
      if (message.type !== "PUBLISH") continue;
      const sequence = (this.#sequences.get(to) ?? 0) + 1;
      this.#sequences.set(to, sequence);
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

  received({ session, id, atMicros }: ClientEvent, world: SimWorld): void {
    const published = this.#published.get(id);
    if (published === undefined) {
      return this.#report(`client ${session.client} received event ${id}, which nobody published`);
    }
    const diesMicros = published.atMicros + published.lifeMicros + TOLERANCE_MICROS +
      unknownTravelMicros(world);
    if (atMicros <= diesMicros) return;
    const { stalledSinceMicros } = world.network.route(session.router, session.client);
    const wasOnItsWay = stalledSinceMicros > 0 && stalledSinceMicros <= diesMicros &&
      atMicros <= stalledSinceMicros + CLIENT_STALL_MAX_MICROS + TOLERANCE_MICROS;
    if (wasOnItsWay) return;
    this.#report(
      `client ${session.client} received event ${id} of router ${published.router} ` +
        `${(atMicros - published.atMicros) / 1e6} s after its publication`,
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
      client.subscriptions.some((pattern) => matches(parsePattern(pattern), address)) &&
      mirrors(world.router(client.router).plan)(address) &&
      client.sessions.some(({ fromMicros, toMicros }) =>
        fromMicros + TOLERANCE_MICROS <= atMicros &&
        (toMicros ?? Infinity) >= atMicros + lifeMicros + TOLERANCE_MICROS
      );
  }

  #hasExcuse(published: Published, target: string, world: SimWorld): boolean {
    const { router, atMicros, lifeMicros, known } = published;
    const onTheWay = new Set([router, target, ...above(router, world), ...above(target, world)]);
    const hasCrash = this.#crashes.some((crash) =>
      onTheWay.has(crash.router) && crash.atMicros >= atMicros &&
      crash.atMicros <= atMicros + lifeMicros + TELLING_MAX_MICROS
    );
    return hasCrash || !isReached(target, { origin: router, known, world });
  }
}

/**
 * Two clocks can be compared only as exactly as the two ways between them are alike: on each link an
 * event may be taken for younger than it is, by half the round trip at most.
 */
function unknownTravelMicros(world: SimWorld): number {
  let sumMicros = 0;
  for (const from of world.routers.keys()) {
    for (const to of hubsOf(from, world)) {
      for (const route of [world.network.route(from, to), world.network.route(to, from)]) {
        sumMicros += (route.latencyMicros + route.jitterMicros) / 2;
      }
    }
  }
  return sumMicros;
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
  return world.router(id).plan.hubs ?? [];
}
