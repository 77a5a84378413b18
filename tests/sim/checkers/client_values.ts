import { matches } from "../../../src/address/pattern.ts";
import { isReserved } from "../../../src/router/reserved.ts";
import { isLive } from "../../../src/state/version.ts";
import type { Checker, ClientUpdate, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { knownPattern } from "../known_pattern.ts";
import type { SimWorld } from "../sim_world.ts";

/**
 * When all is quiet, each client has of all that it subscribed what its router keeps: however slow it
 * was, whatever limits it asked for, and in whichever encoding it speaks.
 */
export class ClientValues implements Checker {
  readonly name = "client values";
  readonly #report: Report;
  /** By client and address, what was told last. */
  readonly #told = new Map<string, ClientUpdate>();

  constructor(report: Report) {
    this.#report = report;
  }

  updated(update: ClientUpdate): void {
    this.#told.set(keyOf(update.session.client, update.address), update);
  }

  settled(world: SimWorld): void {
    for (const { name, router, subscriptions, isConnected, sessions } of world.clients.values()) {
      if (!isConnected) continue;
      const patterns = subscriptions.map(knownPattern);
      for (const [address, version] of world.router(router).params()) {
        // What routers tell of themselves never rests.
        const isCompared = isLive(version) && !isReserved(address) &&
          patterns.some((pattern) => matches(pattern, address));
        if (!isCompared) continue;
        const told = this.#told.get(keyOf(name, address));
        const isSame = told?.session.number === sessions.length &&
          told.revision === version.revision &&
          describeValue(told.value) === describeValue(version.value);
        if (isSame) continue;
        this.#report(
          `client ${name} has "${address}" = ${told === undefined ? "nothing" : textOf(told)}, ` +
            `its router ${textOf(version)}`,
        );
      }
    }
  }
}

function keyOf(client: string, address: string): string {
  return `${client} ${address}`;
}

function textOf({ value, revision }: Pick<ClientUpdate, "value" | "revision">): string {
  return `${describeValue(value)} (revision ${revision})`;
}
