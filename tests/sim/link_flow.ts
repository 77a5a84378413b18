import { HEARTBEAT_MS, HEARTBEATS_UNANSWERED_MAX } from "../../src/limits.ts";
import type { Delivery } from "./sim_network.ts";
import type { SimWorld } from "./sim_world.ts";

/** Heartbeats, and the slowest round trip of the simulated network. */
const NOTICE_MAX_MICROS = (HEARTBEAT_MS * (HEARTBEATS_UNANSWERED_MAX + 1) + 2_000) * 1_000;

/** Whether a router may take a link for one that works, by what the network lets through. */
export class LinkFlow {
  /** By router and peer: when the last answer to a heartbeat came, which may have waited on its way. */
  readonly #answeredMicros = new Map<string, number>();

  /** To be told of each message. */
  delivered({ from, to, frames }: Delivery, world: SimWorld): void {
    if (!world.routers.has(to) || world.clients.has(from)) return;
    const isAnswer = frames().some(({ message }) =>
      message.type === "SYNC" && message.t2 !== undefined
    );
    if (isAnswer) this.#answeredMicros.set(`${to} ${from}`, world.clock.nowMicros);
  }

  /** What is wrong when a router takes its link to a peer for one that works; undefined: nothing. */
  problem(world: SimWorld, id: string, peer: string): string | undefined {
    const { clock, network } = world;
    const open = network.connections(id, peer).filter((it) => !it.endOf(id).isClosed);
    // Nor did it notice anything before it ran again.
    const ranSinceMicros = network.suspension(id).endedMicros ?? 0;
    const answeredMicros = this.#answeredMicros.get(`${id} ${peer}`) ?? 0;
    const flows = open.some(({ blockedSinceMicros: since }) =>
      since === undefined ||
      clock.nowMicros - Math.max(since, ranSinceMicros, answeredMicros) <= NOTICE_MAX_MICROS
    );
    if (flows) return undefined;
    if (open.length === 0) return "there is no connection";
    return `nothing has passed since ${open.map((it) => it.blockedSinceMicros).join(", ")}`;
  }
}
