import { matches } from "../../../src/address/pattern.ts";
import type { LinkEvent } from "../../../src/federation/link_event.ts";
import type { Checker, ClientUpdate, ClientWrite, Report } from "../checker.ts";
import { describeValue } from "../describe_message.ts";
import { knownPattern } from "../known_pattern.ts";
import type { SimWorld } from "../sim_world.ts";
import { mirrors } from "../topology.ts";

/**
 * A client reads its own writes: a GET behind a write is answered after it, and who subscribed to
 * what it writes is told of the version no later than it is told that the write was accepted, unless
 * its life was over by then. A root that goes forward by more than a life ends it at once.
 */
export class OwnWrites implements Checker {
  readonly name = "own writes";
  readonly #report: Report;
  /** By client and address: the highest revision told in the session that is open. */
  readonly #told = new Map<string, { readonly session: number; readonly revision: number }>();
  readonly #late: ClientWrite[] = [];
  #movedMicros = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  readPast({ client, address, value }: ClientWrite): void {
    this.#report(`client ${client} read "${address}" before ${describeValue(value)} was decided`);
  }

  updated({ session, address, revision }: ClientUpdate): void {
    const key = `${session.client} ${address}`;
    const before = this.#told.get(key);
    const most = before?.session === session.number
      ? Math.max(before.revision, revision)
      : revision;
    this.#told.set(key, { session: session.number, revision: most });
  }

  linkEvent(_router: string, event: LinkEvent): void {
    if (event.type === "timeMoved") this.#movedMicros = Math.max(this.#movedMicros, event.byMicros);
  }

  answered(write: ClientWrite): void {
    const [answer] = write.answers;
    if (answer?.kind !== "accepted") return;
    // It was accepted, and had expired when that was heard: there is nothing to be told any more.
    const wentByMicros = answer.atMicros - write.sentAtMicros + this.#movedMicros;
    if (wentByMicros >= write.lifeMicros) return;
    const told = this.#told.get(`${write.client} ${write.address}`)?.revision ?? 0;
    if (told < answer.revision) this.#late.push(write);
  }

  settled(world: SimWorld): void {
    for (const { client, router, address, value } of this.#late.splice(0)) {
      const { subscriptions = [], limits } = world.clients.get(client) ?? {};
      // What a limit holds back comes later than the ACK.
      if (limits !== undefined) continue;
      const { plan, isReconfigured } = world.router(router);
      const isTold = mirrors(plan)(address) && !isReconfigured &&
        subscriptions.some((pattern) => matches(knownPattern(pattern), address));
      if (!isTold) continue;
      this.#report(
        `client ${client} heard that "${address}" = ${describeValue(value)} ` +
          "was accepted before it was told of it",
      );
    }
  }

  ended(world: SimWorld): void {
    this.settled(world);
  }
}
