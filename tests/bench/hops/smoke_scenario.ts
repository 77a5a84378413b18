import { loadScenarios } from "./load_scenarios.ts";
import type { Scenario } from "./scenario.ts";

/**
 * CPU of an update against the relays, at most: above it, the hot path has become slower. These are
 * ratios within one run; they do not depend on the machine as times do. Measured with nothing else
 * running: 0.24 to 0.34 and 2.0 to 2.8; half as much again where other programs want both cores.
 */
const RATIO_MAX = { relay: 0.45, joined: 3.5 } as const;
/** Fewer updates take too few ticks of the clock of a process's CPU to be compared. */
const MESSAGES = 100_000;
/** Shorter than where throughput is compared: the bounds allow for what is not compiled yet. */
const WARM_UP_SECONDS = 2;

/**
 * Updates over routers of this project and over bare relays: takes seconds, and needs nothing that
 * may not be installed.
 *
 * @param messages With fewer than it has of itself, ratios mean nothing and are not looked at.
 */
export function smokeScenario(messages: number = MESSAGES): Scenario {
  const [fire] = loadScenarios(messages, WARM_UP_SECONDS);
  if (fire === undefined) throw new RangeError("There are no scenarios");
  const { relay, joined } = RATIO_MAX;
  return {
    ...fire,
    name: "smoke",
    subjects: ["clasp-fed", "relay", "relay-joined"],
    targets: messages < MESSAGES ? [] : [
      { quantity: "cpuMicros", against: "relay", reach: relay, aim: relay },
      { quantity: "cpuMicros", against: "relay-joined", reach: joined, aim: joined },
    ],
  };
}
