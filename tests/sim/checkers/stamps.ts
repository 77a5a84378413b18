import type { Checker, Report } from "../checker.ts";
import type { Delivery } from "../sim_network.ts";
import type { SimWorld } from "../sim_world.ts";

interface Known {
  readonly revision: number;
  readonly timestampMicros: number;
}

/** A stamp exceeds what the requester knew, by revision and by time. */
export class Stamps implements Checker {
  readonly name = "stamps";
  readonly #report: Report;
  readonly #known = new Map<string, Known>();

  constructor(report: Report) {
    this.#report = report;
  }

  delivered({ from, to, frames }: Delivery, world: SimWorld): void {
    if (world.clients.has(from) || world.clients.has(to)) return;
    for (const { context, message, timestampMicros = 0 } of frames()) {
      if (context === undefined || message.type !== "SET") continue;
      const { message: covering, index } = context;
      if (covering.kind === "request") {
        const entry = covering.entries[index];
        if (entry === undefined) continue;
        this.#known.set(`${covering.origin} ${covering.bootId} ${entry.requestId}`, {
          revision: entry.knownRevision,
          timestampMicros: entry.knownTimestampMicros,
        });
      } else if (covering.kind === "reply" && world.routers.has(from)) {
        const entry = covering.entries[index];
        const known = this.#known.get(`${covering.origin} ${covering.bootId} ${entry?.requestId}`);
        if (known === undefined) continue;
        const { address, revision = 0 } = message;
        if (revision > known.revision && timestampMicros > known.timestampMicros) continue;
        this.#report(
          `"${address}" was stamped r${revision} at ${timestampMicros} by way of ${from}, ` +
            `in sight of r${known.revision} at ${known.timestampMicros}`,
        );
      }
    }
  }
}
