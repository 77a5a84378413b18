import { LEASE_LIFE_MS, LEASE_RENEWAL_MS } from "../../../src/limits.ts";
import { compareSpecificity } from "../../../src/address/specificity.ts";
import { matches, type Pattern } from "../../../src/address/pattern.ts";
import type { Checker, ClientWrite, Report, Stamp } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import type { RouterPlan } from "../sim_router.ts";
import { knownPattern } from "../known_pattern.ts";
import type { SimWorld } from "../sim_world.ts";

/** Within this time a lock that was lost with its owner is given again, or denied. */
const UNSETTLED_MICROS = (LEASE_LIFE_MS + LEASE_RENEWAL_MS) * 1_000;

/**
 * While a session has the lock of an address, its owner gives it to nobody else and stamps nobody
 * else's write. When all is quiet, no lock is left of a session that is gone or has given it back.
 *
 * What is not promised: that an owner which started anew remembers its locks, or that the one which
 * takes its place does, by the configuration or because it forgot the other one's claims.
 */
export class Locks implements Checker {
  readonly name = "locks";
  readonly #report: Report;
  readonly #writers = new Map<string, ClientWrite>();
  readonly #addresses = new Set<string>();
  /** Until when the locks of an address may be known by nobody, or by two routers. */
  readonly #unsettledUntil = new Map<string, number>();
  /** As they were when this looked last. */
  #plans: readonly RouterPlan[] = [];
  readonly #crashes: string[] = [];
  /** Stamped for a client that had not been told its session's id. */
  readonly #unjudged: { readonly writer: ClientWrite; readonly stamp: Stamp }[] = [];

  constructor(report: Report) {
    this.#report = report;
  }

  crashed(router: string): void {
    this.#crashes.push(router);
  }

  stamped(stamp: Stamp, world: SimWorld): void {
    const { router, address, value, holder } = stamp;
    if (holder === undefined) return;
    if (router !== ownerOf(plansOf(world), address)) this.#unsettle(world, address);
    const writer = this.#writers.get(describeValue(value));
    if (writer?.session.id === "") this.#unjudged.push({ writer, stamp });
    else this.#judge(stamp, writer);
  }

  wrote(write: ClientWrite): void {
    this.#writers.set(describeValue(write.value), write);
    if (write.lock) this.#addresses.add(write.address);
  }

  answered({ client, address, unlock, answers }: ClientWrite): void {
    const answer = answers.at(-1);
    if (!unlock || answer?.kind !== "accepted" || answer.holder === undefined) return;
    this.#report(`client ${client} unlocked "${address}", and ${answer.holder} has the lock`);
  }

  ticked(world: SimWorld): void {
    const { nowMicros } = world.clock;
    this.#judgeLate();
    const crashed = this.#crashes.splice(0);
    const plansBefore = this.#plans;
    this.#plans = plansOf(world);
    for (const address of this.#addresses) {
      const owner = ownerOf(this.#plans, address);
      const isElsewhere = [...world.routers.values()].some((router) =>
        router.isUp && router.id !== owner && router.host.core.locks.holder(address) !== undefined
      );
      // A new owner knows nothing of the locks that the one before it gave.
      const isNew = owner !== ownerOf(plansBefore, address);
      const isAway = crashed.includes(owner) || world.routers.get(owner)?.isUp !== true;
      if (isElsewhere || isNew || isAway) this.#unsettle(world, address);
      // In a ring nobody owns what nobody claims.
      if (owner === "") continue;
      if (nowMicros >= (this.#unsettledUntil.get(address) ?? 0)) this.#check(world, address, owner);
    }
  }

  settled(world: SimWorld): void {
    this.#judgeLate();
    for (const address of this.#addresses) {
      for (const router of world.routers.values()) {
        const holder = router.host.core.locks.holder(address);
        if (holder === undefined) continue;
        const isWanted = [...world.clients.values()].some((client) =>
          client.locked.has(address) &&
          holderAt(router.id, client.router, client.sessionId ?? "") === holder
        );
        if (!isWanted) this.#report(`"${address}" is still locked at ${router.id}, by ${holder}`);
      }
    }
  }

  #judge({ router, address, value, holder }: Stamp, writer: ClientWrite | undefined): void {
    if (writer !== undefined && holderAt(router, writer.router, writer.session.id) === holder) {
      return;
    }
    this.#report(
      `${router} stamped "${address}" = ${describeValue(value)}, though it is locked by ${holder}`,
    );
  }

  /** A session that ended before it was told its id is nobody's any more. */
  #judgeLate(): void {
    for (const waiting of this.#unjudged.splice(0)) {
      const { writer, stamp } = waiting;
      if (writer.session.id !== "") this.#judge(stamp, writer);
      else if (!writer.isAbandoned) this.#unjudged.push(waiting);
    }
  }

  #unsettle(world: SimWorld, address: string): void {
    this.#unsettledUntil.set(address, world.clock.nowMicros + UNSETTLED_MICROS);
  }

  #check(world: SimWorld, address: string, owner: string): void {
    const holder = world.router(owner).host.core.locks.holder(address);
    for (const client of world.clients.values()) {
      const { router, sessionId, name } = client;
      if (sessionId === undefined || router === owner || !world.router(router).isUp) continue;
      if (!world.router(router).holdsLock(address, sessionId)) continue;
      if (holderAt(owner, router, sessionId) === holder) continue;
      this.#report(
        `"${address}" is locked by client ${name}, as ${router} knows, but at ${owner} by ` +
          `${holder ?? "nobody"}`,
      );
    }
  }
}

/** How a router calls a session, of its own or of another router, that has a lock. */
function holderAt(router: string, routerOfSession: string, session: string): string {
  return router === routerOfSession ? session : `${routerOfSession}/${session}`;
}

function plansOf(world: SimWorld): readonly RouterPlan[] {
  return [...world.routers.values()].map(({ plan }) => plan);
}

/** The router that owns an address when everybody knows everything. */
function ownerOf(plans: readonly RouterPlan[], address: string): string {
  let owner: { readonly id: string; readonly pattern: Pattern } | undefined;
  let root = "";
  for (const { id, hubs = [], namespaces = [] } of plans) {
    if (hubs.length === 0) root = id;
    for (const pattern of namespaces.map(knownPattern)) {
      if (!matches(pattern, address)) continue;
      if (owner === undefined || compareSpecificity(pattern, owner.pattern) > 0) {
        owner = { id, pattern };
      }
    }
  }
  return owner?.id ?? root;
}
