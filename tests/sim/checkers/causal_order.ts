import type { Checker, ClientUpdate, ClientWrite, Report, Stamp } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { federationOf } from "../expectations.ts";
import type { SimRouter } from "../sim_router.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors, rootOf } from "../topology.ts";

/**
 * A write that was made in sight of a version is never overridden by that version, nor by what that
 * one was made in sight of. In sight: the writer was told the version on this router, which held it
 * from then on.
 *
 * Without a root there may be no time, and a stray router may bring one: what was stamped before that
 * by those who live is raised, what was stamped without a time since or by others is not. Such
 * addresses are not judged.
 */
export class CausalOrder implements Checker {
  readonly name = "causal order";
  readonly #report: Report;
  /** By client and address: what the client was told last, while its router lives. */
  readonly #sights = new Map<string, Map<string, string>>();
  /** By value: the one in sight of which it was written. */
  readonly #before = new Map<string, string>();
  /** By session and address: values that were overridden. */
  readonly #overridden = new Map<string, Set<string>>();
  readonly #writes: ClientWrite[] = [];
  readonly #clientsOf = new Map<string, Set<string>>();
  readonly #crashed = new Set<string>();
  /** Addresses of a federation without a root that were written without a time. */
  readonly #untimed = new Set<string>();
  /** A federation without a root was brought a time. */
  #timeCame = false;

  constructor(report: Report) {
    this.#report = report;
  }

  wrote({ client, address, value }: ClientWrite): void {
    const sight = this.#sights.get(client)?.get(address);
    if (sight !== undefined) this.#before.set(describeValue(value), sight);
  }

  stamped({ router, address }: Stamp, world: SimWorld): void {
    if (rootOf(world) === undefined && !isTimed(world.router(router))) this.#untimed.add(address);
  }

  ticked(world: SimWorld): void {
    if (this.#timeCame || rootOf(world) !== undefined) return;
    this.#timeCame = [...world.routers.values()].some(isTimed);
  }

  answered(write: ClientWrite): void {
    this.#writes.push(write);
  }

  crashed(router: string, _world: SimWorld, hasLost: "state" | "nothing"): void {
    // What its clients saw, it may not have any more.
    for (const client of this.#clientsOf.get(router) ?? []) this.#sights.delete(client);
    if (hasLost === "state") this.#crashed.add(router);
  }

  updated({ session, address, value }: ClientUpdate): void {
    const { client, router, number } = session;
    const text = describeValue(value);
    const sights = this.#sights.get(client) ?? new Map<string, string>();
    this.#sights.set(client, sights.set(address, text));
    this.#clientsOf.set(router, (this.#clientsOf.get(router) ?? new Set()).add(client));
    const key = `${client} ${number} ${address}`;
    const overridden = this.#overridden.get(key) ?? new Set<string>();
    this.#overridden.set(key, overridden);
    if (overridden.has(text) && this.#isJudged(address)) {
      this.#report(
        `client ${client} saw "${address}" = ${text} after one that was made in its sight`,
      );
    }
    for (const older of this.#madeBefore(text)) {
      if (overridden.has(older)) break;
      overridden.add(older);
    }
  }

  settled(world: SimWorld): void {
    for (const write of this.#writes) {
      const isMirror = mirrors(world.router(write.router).plan);
      if (isMirror(write.address) && !this.#crashed.has(write.router)) this.#check(write, world);
    }
  }

  #check({ router: id, address, value, answers }: ClientWrite, world: SimWorld): void {
    if (answers[0]?.kind !== "accepted" || !this.#isJudged(address)) return;
    const text = describeValue(value);
    const older = new Set(this.#madeBefore(text));
    if (older.size === 0) return;
    for (const router of federationOf(id, world)) {
      if (!mirrors(world.router(router).plan)(address)) continue;
      const held = describeValue(world.router(router).version(address)?.value);
      if (!older.has(held)) continue;
      this.#report(
        `${router} holds "${address}" = ${held}, in sight of which ${text} was written and accepted`,
      );
    }
  }

  #isJudged(address: string): boolean {
    return !this.#timeCame || !this.#untimed.has(address);
  }

  *#madeBefore(text: string): Generator<string> {
    const met = new Set<string>();
    let older = this.#before.get(text);
    while (older !== undefined && !met.has(older)) {
      met.add(older);
      yield older;
      older = this.#before.get(older);
    }
  }
}

function isTimed(router: SimRouter): boolean {
  return router.isUp && router.host.federation?.isTimed === true;
}
