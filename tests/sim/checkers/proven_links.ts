import type { Checker, Report } from "../checker.ts";
import type { Delivery } from "../sim_network.ts";
import type { SimConnection } from "../sim_transport.ts";
import type { SimWorld } from "../sim_world.ts";

/** What came to one end of a connection. */
interface Heard {
  isGreeted: boolean;
  isRegistered: boolean;
  isSynced: boolean;
  isAnswered: boolean;
}

/** What registers a leaf, at either end of the link. */
const REGISTERS = ["ACK", "DeclareNamespaces"];

/**
 * A link is one connection, and is shown Active only once it is proven: at that end, the sync is complete and a round trip
 * was answered, both since it was registered.
 */
export class ProvenLinks implements Checker {
  readonly name = "proven links";
  readonly #report: Report;
  readonly #heard = new Map<string, Heard>();

  constructor(report: Report) {
    this.#report = report;
  }

  delivered({ to, from, connectionId, frames }: Delivery, world: SimWorld): void {
    if (world.clients.has(from) || world.clients.has(to)) return;
    const key = `${connectionId} ${to}`;
    const heard = this.#heard.get(key) ??
      { isGreeted: false, isRegistered: false, isSynced: false, isAnswered: false };
    if (heard.isSynced && heard.isAnswered) return;
    this.#heard.set(key, heard);
    for (const { message } of frames()) {
      const name = message.type === "FEDERATION_SYNC" ? message.op : message.type;
      if (name === "HELLO") heard.isGreeted = true;
      else if (REGISTERS.includes(name)) heard.isRegistered = true;
      else if (!heard.isRegistered) continue;
      else if (name === "SyncComplete") heard.isSynced = true;
      else if (message.type === "SYNC" && message.t2 !== undefined) heard.isAnswered = true;
    }
  }

  ticked(world: SimWorld): void {
    for (const { id, isUp } of world.routers.values()) {
      // A process that does not run shows nothing.
      if (isUp && !world.network.isSuspended(id)) this.#checkLinks(id, world);
    }
  }

  #checkLinks(id: string, world: SimWorld): void {
    for (const { state, routerId } of world.router(id).host.federation?.links() ?? []) {
      if (state !== "Active") continue;
      const connections = world.network.connections(id, routerId);
      const isProven = connections.some((connection) => {
        if (connection.endOf(id).isClosed) return false;
        const heard = this.#heard.get(`${connection.id} ${id}`);
        return heard?.isSynced && heard.isAnswered;
      });
      if (!isProven) this.#report(`${id} shows its link to ${routerId} as Active, unproven`);
      if (connections.length > 1) this.#checkOlder(id, routerId, connections);
    }
  }

  /** A new connection of a leaf takes the place of its older ones. Whose one is says its HELLO. */
  #checkOlder(hub: string, leaf: string, connections: readonly SimConnection[]): void {
    const accepted = connections
      .filter(({ id, acceptor }) =>
        acceptor.node === hub && acceptor.isOpen && this.#heard.get(`${id} ${hub}`)?.isGreeted
      );
    const newest = accepted.at(-1);
    const isProven = this.#heard.get(`${newest?.id} ${hub}`)?.isSynced === true;
    if (isProven && accepted.length > 1) {
      this.#report(`${hub} keeps ${accepted.length} connections of ${leaf}`);
    }
  }
}
