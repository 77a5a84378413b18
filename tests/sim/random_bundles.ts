import type { Message } from "../../src/wire/message.ts";
import { encodeValue } from "../../src/wire/value_codec.ts";
import type { Prng } from "../support/prng.ts";
import type { SimWorld } from "./sim_world.ts";

const BUNDLES_MAX = 16;
const OWNERS_MAX = 3;
const WRITES_MAX = 4;
const AHEAD_MAX_MS = 4_000;
/** Part of them that are for later. */
const LATER_SHARE = 0.6;

/**
 * Clients send bundles, for now and for later, of addresses that nobody else writes: what one owner
 * decides of each can be told by its values.
 */
export function planBundles(
  world: SimWorld,
  random: Prng,
  { addresses, durationMs }: { readonly addresses: readonly string[]; readonly durationMs: number },
): void {
  const bases = [...new Set(addresses.filter((it) => it.endsWith("/1")).map(baseOf))];
  const clients = [...world.clients.values()];
  const count = random.nextInt(BUNDLES_MAX);
  for (let number = 1; number <= count; number++) {
    const client = random.pick(clients);
    const chosen = new Set(Array.from({ length: OWNERS_MAX }, () => random.pick(bases)));
    const size = 1 + random.nextInt(WRITES_MAX);
    const aheadMs = random.nextFloat() < LATER_SHARE ? random.nextInt(AHEAD_MAX_MS) : undefined;
    const expectsNothing = random.nextFloat() < 0.2;
    const messages = [...chosen].flatMap((base) => {
      const writes: Message[] = [];
      for (let index = 1; index <= size; index++) {
        const value = encodeValue(`${client.name}:b${number} ${base} ${index}/${size}`);
        // The last one may be refused, and nothing before it may be done then.
        const isLast = index === size;
        writes.push({
          type: "SET",
          address: `${base}/cue/${index % 3}`,
          value,
          ...(expectsNothing && isLast ? { revision: 3 } : {}),
        });
      }
      return writes;
    });
    world.clock.after(random.nextInt(durationMs * 1_000), () => {
      const router = world.routers.get(client.router);
      if (!client.isConnected || client.isSuspended || !router?.isUp) return;
      client.bundle(
        messages,
        aheadMs === undefined ? undefined : router.timeMicros + aheadMs * 1_000,
      );
    });
  }
}

function baseOf(address: string): string {
  return address.slice(0, address.lastIndexOf("/"));
}
