import type { LoadPlan } from "./load_plan.ts";
import { measureLoad } from "./measure_load.ts";
import type { Scenario } from "./scenario.ts";

const MESSAGES = 200_000;
const ADDRESSES = 1_000;
const WINDOW = 1_000;
const FAN_OUT_READERS = 50;
const PACED_PER_SECOND = 2_000;
const LIGHT_PER_SECOND = 200;
/** Until routers that compile while they run have compiled: the same for all, fast ones and slow. */
const WARM_UP_SECONDS = 3;

/**
 * The scenarios of updates from a client of leaf A to clients of leaf B.
 *
 * @param messages Updates of the scenarios at full speed; the others have a fixed part of them.
 * @param warmUpSeconds How long the load is written before it is measured.
 */
export function loadScenarios(
  messages: number = MESSAGES,
  warmUpSeconds: number = WARM_UP_SECONDS,
): readonly Scenario[] {
  const paced = Math.ceil(messages / 20);
  const light = Math.ceil(messages / 100);
  const fanOut = Math.ceil(messages / 10);
  return [
    loadScenario({ warmUpSeconds, messages }, {
      name: "fire",
      title: `${messages} updates of ${ADDRESSES} addresses, window ${WINDOW}, no acknowledgements`,
      subjects: ["clasp-fed", "nats", "nats-jetstream", "mosquitto", "relay", "relay-joined"],
      targets: [
        { quantity: "cpuMicros", against: "nats", reach: 1, aim: 0.75 },
        { quantity: "cpuMicros", against: "mosquitto", reach: 0.2, aim: 0.15 },
      ],
    }),
    loadScenario({ warmUpSeconds, messages, isConfirmed: true }, {
      name: "confirm",
      title: `the same, each update acknowledged to its writer by the first router that keeps it`,
      subjects: ["clasp-fed", "nats-jetstream", "mosquitto-qos1"],
      targets: [{ quantity: "cpuMicros", against: "mosquitto-qos1", reach: 0.3, aim: 0.2 }],
    }),
    loadScenario({ warmUpSeconds, messages: fanOut, readers: FAN_OUT_READERS }, {
      name: "fan-out",
      title: `${fanOut} updates to ${FAN_OUT_READERS} clients of leaf B; CPU of each delivery`,
      subjects: [
        "clasp-fed",
        "nats",
        "nats-jetstream",
        "mosquitto",
        "mosquitto-qos1",
        "relay",
        "relay-joined",
      ],
      targets: [{ quantity: "cpuMicros", against: "nats", reach: 1, aim: 0.8 }],
    }),
    loadScenario({ warmUpSeconds, messages: paced, updatesPerSecond: PACED_PER_SECOND }, {
      name: "paced",
      title: `${paced} updates, ${PACED_PER_SECOND} a second`,
      subjects: ["clasp-fed", "nats", "nats-jetstream", "mosquitto", "relay", "relay-joined"],
      targets: [
        { quantity: "cpuMicros", against: "nats", reach: 1, aim: 0.85 },
        { quantity: "p50Ms", against: "nats", reach: 1.1, aim: 0.95 },
        { quantity: "p99Ms", against: "relay-joined", reach: 1.3, aim: 1 },
      ],
    }),
    loadScenario({ warmUpSeconds, messages: light, updatesPerSecond: LIGHT_PER_SECOND }, {
      name: "light",
      title: `${light} updates, ${LIGHT_PER_SECOND} a second`,
      subjects: ["clasp-fed", "nats", "mosquitto", "relay", "relay-joined"],
      targets: [
        { quantity: "p50Ms", against: "relay", reach: 1.25, aim: 1.05 },
        { quantity: "cpuMicros", against: "relay", reach: 1.25, aim: 1.05 },
      ],
    }),
  ];
}

function loadScenario(
  load: Partial<LoadPlan> & Pick<LoadPlan, "warmUpSeconds" | "messages">,
  scenario: Omit<Scenario, "run">,
): Scenario {
  const plan = {
    readers: 1,
    addresses: ADDRESSES,
    window: WINDOW,
    isConfirmed: false,
    ...load,
  };
  return {
    ...scenario,
    run: async ({ kind }) => {
      const { cpuMs, durationMs, deliveries, ...rest } = await measureLoad(kind, plan);
      const { p50Ms, p99Ms, lost, duplicates, wrong } = rest;
      return {
        cpuMicros: cpuMs * 1_000 / deliveries,
        messagesPerSecond: plan.messages * 1_000 / durationMs,
        p50Ms,
        p99Ms,
        lost,
        duplicates,
        wrong,
      };
    },
  };
}
