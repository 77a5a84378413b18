import type { Prng } from "./prng.ts";
import type { Direction, TcpProxy } from "./tcp_proxy.ts";

/** What a proxy can do to the link through it. */
export const PROXY_FAULTS = [
  "reset",
  "truncate and close",
  "truncate and reset",
  "stall up",
  "stall down",
  "stall both, then reset",
  "trickle",
  "refuse",
] as const;
export type ProxyFault = (typeof PROXY_FAULTS)[number];

const DIRECTIONS: readonly Direction[] = ["up", "down"];
/** Well below the life of an event: what passes a stall is not late. */
const STALL_MS = { min: 50, max: 1_000 } as const;

/** Commits one fault and undoes what lasts. Afterwards the link is as it was, or will be dialled. */
export async function commitProxyFault(
  fault: ProxyFault,
  proxy: TcpProxy,
  prng: Prng,
): Promise<void> {
  switch (fault) {
    case "reset":
      proxy.cut();
      return;
    case "truncate and close":
      return await proxy.truncate(prng.pick(DIRECTIONS), "closed");
    case "truncate and reset":
      return await proxy.truncate(prng.pick(DIRECTIONS), "reset");
    case "stall up":
      return await slow(proxy, { directions: ["up"], pace: "stalled", prng });
    case "stall down":
      return await slow(proxy, { directions: ["down"], pace: "stalled", prng });
    case "stall both, then reset":
      await slow(proxy, { directions: DIRECTIONS, pace: "stalled", prng, isCutAtEnd: true });
      return;
    case "trickle":
      return await slow(proxy, { directions: DIRECTIONS, pace: "trickling", prng });
    case "refuse":
      proxy.refuse();
      proxy.cut();
      await pause(durationMs(prng));
      return await proxy.admit();
  }
}

async function slow(
  proxy: TcpProxy,
  options: {
    readonly directions: readonly Direction[];
    readonly pace: "stalled" | "trickling";
    readonly prng: Prng;
    readonly isCutAtEnd?: boolean;
  },
): Promise<void> {
  for (const direction of options.directions) proxy.setPace(direction, options.pace);
  await pause(durationMs(options.prng));
  if (options.isCutAtEnd) proxy.cut();
  for (const direction of options.directions) proxy.setPace(direction, "flowing");
}

function durationMs(prng: Prng): number {
  return STALL_MS.min + prng.nextInt(STALL_MS.max - STALL_MS.min);
}

/** The length of a fault, no synchronisation. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
