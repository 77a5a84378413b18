/// <reference lib="deno.worker" />
/**
 * Runs seeds in a thread of its own: is sent a {@linkcode SeedJob}, answers with its `SeedResult`.
 *
 * @module
 */
import { runSeed } from "./run_seed.ts";
import type { TopologyKind } from "./topology.ts";

/** A seed to run. */
export interface SeedJob {
  readonly seed: number;
  readonly kinds: readonly TopologyKind[];
}

self.onmessage = ({ data }: MessageEvent<SeedJob>) => {
  self.postMessage(runSeed(data.seed, { kinds: data.kinds }));
};
