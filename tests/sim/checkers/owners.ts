import { matches, type Pattern } from "../../../src/address/pattern.ts";
import { compareSpecificity } from "../../../src/address/specificity.ts";
import type { Checker, ClientWrite, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { federationOf } from "../expectations.ts";
import { knownPattern } from "../known_pattern.ts";
import type { SimWorld } from "../sim_world.ts";

/** In quiet, each write is stamped by the owner of its address: the most specific claim decides. */
export class Owners implements Checker {
  readonly name = "owners";
  readonly #report: Report;
  readonly #writes: ClientWrite[] = [];
  #isSettled = false;

  constructor(report: Report) {
    this.#report = report;
  }

  settled(): void {
    this.#isSettled = true;
  }

  wrote(write: ClientWrite): void {
    if (this.#isSettled) this.#writes.push(write);
  }

  ended(world: SimWorld): void {
    // Whatever a router claimed before may be known of it yet.
    if ([...world.routers.values()].some(({ isReconfigured }) => isReconfigured)) return;
    for (const write of this.#writes) this.#check(write, world);
  }

  #check({ router: id, address, value }: ClientWrite, world: SimWorld): void {
    const joined = federationOf(id, world);
    const owner = ownerOf(address, joined, world);
    if (owner === undefined) return;
    const text = describeValue(value);
    for (const router of joined) {
      const held = world.router(router).version(address);
      if (held === undefined || describeValue(held.value) !== text || held.origin === owner) {
        continue;
      }
      this.#report(`"${address}" = ${text} was stamped by ${held.origin}, but it is ${owner}'s`);
      return;
    }
  }
}

/** By the plans; undefined where that depends on who was there first. */
function ownerOf(
  address: string,
  joined: ReadonlySet<string>,
  world: SimWorld,
): string | undefined {
  const plans = [...joined].map((id) => world.router(id).plan);
  if (plans.some(({ dispute }) => dispute !== undefined)) return undefined;
  let best: { readonly pattern: Pattern; readonly owner: string } | undefined;
  for (const { id, namespaces = [] } of plans) {
    for (const pattern of namespaces.map(knownPattern)) {
      if (!matches(pattern, address)) continue;
      const isBetter = best === undefined || compareSpecificity(pattern, best.pattern) > 0;
      if (isBetter) best = { pattern, owner: id };
    }
  }
  return best?.owner ?? plans.find(({ hubs = [] }) => hubs.length === 0)?.id;
}
