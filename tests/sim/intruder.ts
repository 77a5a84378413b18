import type { Prng } from "../support/prng.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { START_WALL_MICROS } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";

/** What every value and event of an intruder begins with. */
export const INTRUDER: string = "intruder";

const YEAR_MICROS = 31_557_600_000_000;
const BURSTS = 8;
const GUESSES = 20;

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
    for (let burst = 0; burst < BURSTS; burst++) {
      const address = victims[burst % victims.length] ?? "";
      world.clock.after((200 + 100 * burst) * 1_000, () => sendUnasked(world, peer, address));
    }
    world.clock.after(staysMs * 1_000, () => peer.disconnect());
  };
}

function sendUnasked(world: SimWorld, peer: ScriptedPeer, address: string): void {
  // Newer than anything, so that it would stay if it was taken.
  const timestampMicros = START_WALL_MICROS + world.clock.nowMicros + YEAR_MICROS;
  const version = {
    address,
    value: `${INTRUDER} at ${world.clock.nowMicros}`,
    revision: 1_000,
    timestampMicros,
  };
  peer.sendVersion(version);
  const { routerId: origin, bootId } = peer.peer ?? {};
  if (origin === undefined || bootId === undefined) return;
  // As answers to what clients of the hub asked of others; requests are numbered from 1.
  for (let requestId = 1; requestId <= GUESSES; requestId++) {
    peer.sendReply({ ...version, origin, bootId, requestId });
  }
}
