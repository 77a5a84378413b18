import type { Prng } from "../support/prng.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { START_WALL_MICROS } from "./sim_router.ts";
import type { SimWorld } from "./sim_world.ts";

/** What every value and event of an intruder begins with. */
export const INTRUDER: string = "intruder";

const YEAR_MICROS = 31_557_600_000_000;
const SECOND_MICROS = 1_000_000;
const FORWARD_BYTES_MIN = 50;

/**
 * A peer joins a hub that sends what it may not, answers what others are asked, and sends events and
 * requests back: checkers see that none of it does anything.
 */
export function intrude(world: SimWorld, options: {
  readonly hub: string;
  readonly addresses: readonly string[];
  readonly random: Prng;
}): () => void {
  const { hub, addresses, random } = options;
  const victims = [0, 0, 0].map(() => random.pick(addresses));
  const staysMs = 1_000 + random.nextInt(4_000);
  // Heard by nobody: its link is never Active.
  const isMute = random.nextFloat() < 0.3;
  return () => {
    const peer = ScriptedPeer.leafOf(hub, world, { id: INTRUDER, namespaces: [`/${INTRUDER}/**`] });
    peer.echoes = true;
    if (isMute) peer.ignores = "SYNC";
    answerForOthers(world, peer, hub);
    for (const [index, address] of victims.entries()) {
      world.clock.after((200 + 300 * index) * 1_000, () => {
        peer.sendVersion(unasked(world, address));
        askIntruder(world, hub);
        askAsKnowing(world, peer, { hub, address });
      });
    }
    world.clock.after(staysMs * 1_000, () => peer.disconnect());
  };
}

/** Answers each request of the hub's own before the one that was asked can. */
function answerForOthers(world: SimWorld, peer: ScriptedPeer, hub: string): void {
  world.network.observe(({ from, to, bytes, frames }) => {
    if (from !== hub || to === INTRUDER || bytes.length < FORWARD_BYTES_MIN) return;
    for (const { message, context } of frames()) {
      if (message.type !== "SET" || context?.message.kind !== "request") continue;
      const { origin, bootId, entries } = context.message;
      const requestId = entries[context.index]?.requestId ?? 0;
      peer.sendReply({ ...unasked(world, message.address), origin, bootId, requestId });
    }
  });
}

/** A client of the hub writes what is the intruder's: the request comes back. */
function askIntruder(world: SimWorld, hub: string): void {
  const client = world.clients.get(`${hub}-1`);
  if (client?.isSuspended || !client?.mayWrite(`/${INTRUDER}/1`)) return;
  client.set(`/${INTRUDER}/1`);
}

/** Asks for a write as one that knows a newer version than anybody else: what it may. */
function askAsKnowing(
  world: SimWorld,
  peer: ScriptedPeer,
  { hub, address }: { readonly hub: string; readonly address: string },
): void {
  const router = world.router(hub);
  const { federation } = router.isUp ? router.host : {};
  if (federation?.clock.timed !== true) return;
  const requestId = world.clock.nowMicros;
  peer.sendRequest({
    address,
    value: `asked at ${requestId}`,
    entry: {
      requestId,
      remainingLifeMs: 2_000,
      knownTimestampMicros: federation.timeMicros() + SECOND_MICROS,
      knownRevision: (router.version(address)?.revision ?? 0) + 20,
      holder: "",
    },
  });
}

/** Newer than anything, so that it would stay if it was taken. */
function unasked(world: SimWorld, address: string) {
  return {
    address,
    value: `${INTRUDER} at ${world.clock.nowMicros}`,
    revision: 1_000,
    timestampMicros: START_WALL_MICROS + world.clock.nowMicros + YEAR_MICROS,
  };
}
