import { matches } from "../../../src/address/pattern.ts";
import type { EncodedValue } from "../../../src/wire/message.ts";
import type { Checker, ClientWrite, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import type { SimClient } from "../sim_client.ts";
import { federationOf, linkProblems } from "../expectations.ts";
import { knownPattern } from "../known_pattern.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors } from "../topology.ts";

/**
 * After healing all links that are to be are Active on both sides, every write is accepted, and everyone who
 * subscribed to it is told exactly once.
 */
export class Recovery implements Checker {
  readonly name = "recovery";
  readonly #report: Report;
  readonly #writes: ClientWrite[] = [];
  readonly #publications = new Map<string, number>();
  #isSettled = false;

  constructor(report: Report) {
    this.#report = report;
  }

  settled(world: SimWorld): void {
    this.#isSettled = true;
    for (const client of world.clients.values()) {
      this.#publications.set(client.name, client.publications);
    }
    for (const problem of linkProblems(world)) this.#report(problem);
  }

  wrote(write: ClientWrite): void {
    if (this.#isSettled) this.#writes.push(write);
  }

  ended(world: SimWorld): void {
    for (const write of this.#writes) {
      const [answer] = write.answers;
      if (answer?.kind !== "accepted") {
        this.#report(
          `"${write.address}" = ${describeValue(write.value)} was not accepted at ` +
            `${write.router}: ${answer?.code ?? "no answer"}`,
        );
        continue;
      }
      const joined = federationOf(write.router, world);
      for (const client of world.clients.values()) {
        if (joined.has(client.router) && !client.hasLeft) this.#checkTold(write, client, world);
      }
    }
    for (const client of world.clients.values()) this.#checkEvents(client, world);
  }

  #checkTold({ address, value }: ClientWrite, client: SimClient, world: SimWorld): void {
    const told = client.updates.filter((it) => isSame(it.value, value)).length;
    const wanted = wants(client, address, world) ? 1 : 0;
    // Its own router may know an address that it does not mirror, by the reply to its request.
    if (told === wanted || !isMirrored(client, address, world)) return;
    // A newer one took its place before it was due.
    if (told === 0 && client.limits !== undefined && this.#isOverridden(address, value)) return;
    this.#report(
      `client ${client.name} was told ${told} times of "${address}" = ${describeValue(value)}`,
    );
  }

  #isOverridden(address: string, value: EncodedValue): boolean {
    const last = this.#writes.findLast((write) => write.address === address);
    return last !== undefined && !isSame(last.value, value);
  }

  #checkEvents(publisher: SimClient, world: SimWorld): void {
    const before = this.#publications.get(publisher.name) ?? 0;
    const joined = federationOf(publisher.router, world);
    for (let number = before + 1; number <= publisher.publications; number++) {
      const id = `${publisher.name}:e${number}`;
      const address = publisher.addressOf(number);
      for (const client of world.clients.values()) {
        if (client === publisher || client.hasLeft || !joined.has(client.router)) continue;
        if (!isMirrored(client, address, world)) continue;
        const told = client.events.filter((it) => it.id === id).length;
        const wanted = wants(client, address, world) ? 1 : 0;
        if (told !== wanted) {
          this.#report(`client ${client.name} received event ${id} ("${address}") ${told} times`);
        }
      }
    }
  }
}

function isSame(a: EncodedValue, b: EncodedValue): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function wants(client: SimClient, address: string, world: SimWorld): boolean {
  return isMirrored(client, address, world) &&
    client.subscriptions.some((pattern) => matches(knownPattern(pattern), address));
}

function isMirrored(client: SimClient, address: string, world: SimWorld): boolean {
  return mirrors(world.router(client.router).plan)(address);
}
