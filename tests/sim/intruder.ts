import type { Prng } from "../support/prng.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { START_WALL_MICROS } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";

/** What every value and event of an intruder begins with. */
export const INTRUDER: string = "intruder";

const YEAR_MICROS = 31_557_600_000_000;

/** A peer joins a hub that sends what it may not: a checker sees that none of it is taken. */
export function intrude(world: SimWorld, options: {
  readonly hub: string;
  readonly addresses: readonly string[];
  readonly random: Prng;
}): () => void {
  const { hub, addresses, random } = options;
  const victims = [0, 0, 0].map(() => random.pick(addresses));
  const staysMs = 1_000 + random.nextInt(4_000);
  return () => {
    const peer = ScriptedPeer.leafOf(hub, world, {
      id: INTRUDER,
      namespaces: [`/${INTRUDER}/**`],
      subscriptions: [`/${INTRUDER}/**`],
    });
    for (const [index, address] of victims.entries()) {
      world.clock.after((200 + 300 * index) * 1_000, () => sendUnasked(world, peer, address));
    }
    world.clock.after(staysMs * 1_000, () => peer.disconnect());
  };
}

function sendUnasked(world: SimWorld, peer: ScriptedPeer, address: string): void {
  // Newer than anything, so that it would stay if it was taken.
  const timestampMicros = START_WALL_MICROS + world.clock.nowMicros + YEAR_MICROS;
  const value = `${INTRUDER} at ${world.clock.nowMicros}`;
  peer.sendVersion({ address, value, revision: 1_000, timestampMicros });
  // As the answer to a request that nobody sent to it.
  peer.sendReply({ address, value, revision: 1_000, timestampMicros, requestId: 1, origin: "hub" });
}
