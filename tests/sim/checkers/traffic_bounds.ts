import { P2P_SIGNAL } from "../sim_client.ts";
import type { Checker, Report } from "../checker.ts";
import type { PeerFrame } from "../peer_frames.ts";
import type { Delivery } from "../sim_network.ts";
import type { SimWorld } from "../sim_world.ts";

/** A version crosses a connection as an update, and again when a comparison finds it on its way. */
const SAME_VERSION_MAX = 4;
/** A context with a frame is longer than any heartbeat; what is shorter needs no reading. */
const FORWARD_BYTES_MIN = 50;

/**
 * Whatever goes wrong, also where routers form a ring or rival for an address: on one connection and
 * in one direction a request, its reply and an event pass once, and a version a few times.
 */
export class TrafficBounds implements Checker {
  readonly name = "traffic bounds";
  readonly #report: Report;
  readonly #passed = new Map<string, number>();

  constructor(report: Report) {
    this.#report = report;
  }

  delivered({ from, to, connectionId, bytes, frames }: Delivery, world: SimWorld): void {
    if (bytes.length < FORWARD_BYTES_MIN) return;
    if (!world.routers.has(from) || world.clients.has(to)) return;
    for (const frame of frames()) {
      const thing = identityOf(frame);
      if (thing === undefined) continue;
      const key = `${connectionId} ${from} ${thing.id}`;
      const times = (this.#passed.get(key) ?? 0) + 1;
      this.#passed.set(key, times);
      if (times !== thing.max + 1) continue;
      this.#report(`${thing.id} passed from ${from} to ${to} ${times} times on one connection`);
    }
  }
}

/** What passes, and how often it may. */
function identityOf({ context, message, timestampMicros }: PeerFrame) {
  if (context === undefined) return undefined;
  const { message: { kind, origin }, index } = context;
  switch (context.message.kind) {
    case "update":
    case "offer": {
      if (message.type !== "SET") return undefined;
      const { address, revision } = message;
      const id = `version of "${address}" r${revision} at ${timestampMicros} of ${origin}`;
      return { id, max: SAME_VERSION_MAX };
    }
    case "request":
    case "reply":
    case "share": {
      const { bootId, entries } = context.message;
      return { id: `${kind} ${entries[index]?.requestId} of ${origin} ${bootId}`, max: 1 };
    }
    case "shareReply": {
      const { bootId, entries } = context.message;
      const { requestId, afterwards } = entries[index] ?? {};
      return { id: `${kind} ${requestId} ${afterwards} of ${origin} ${bootId}`, max: 1 };
    }
    case "event": {
      const { bootId, entries } = context.message;
      // Signals count for themselves.
      const isSignal = message.type === "PUBLISH" && message.address.startsWith(P2P_SIGNAL);
      const what = isSignal ? "signal" : "event";
      return { id: `${what} ${entries[index]?.sequence} of ${origin} ${bootId}`, max: 1 };
    }
  }
}
