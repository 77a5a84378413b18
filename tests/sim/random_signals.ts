import type { Prng } from "../support/prng.ts";
import type { SimWorld } from "./sim_world.ts";

const SIGNALS_MAX = 30;
const ADDRESSED_LATER_MS = 3_000;

/** Clients send P2P signals to each other's sessions, some of which are gone by then. */
export function planSignals(
  world: SimWorld,
  random: Prng,
  { durationMs }: { readonly durationMs: number },
): void {
  const clients = [...world.clients.values()];
  const count = random.nextInt(SIGNALS_MAX);
  for (let number = 0; number < count; number++) {
    const [from, to] = [random.pick(clients), random.pick(clients)];
    const atMs = random.nextInt(durationMs);
    const delayMs = random.nextFloat() < 0.5 ? 0 : random.nextInt(ADDRESSED_LATER_MS);
    world.clock.after(atMs * 1_000, () => {
      if (!to.isConnected || to.isSuspended || to.sessionId === undefined) return;
      // Its router tells the others of it.
      to.announce();
      const session = to.sessionId;
      world.clock.after(delayMs * 1_000, () => {
        if (from.isConnected && !from.isSuspended) from.signal(session);
      });
    });
  }
}
