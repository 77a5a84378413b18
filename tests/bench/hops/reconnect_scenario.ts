import type { Measures, Scenario } from "./scenario.ts";
import type { SubjectName } from "./subjects.ts";

const HUB_RESTART = new URL("../hub_restart.ts", import.meta.url).pathname;
/** As `hub_restart.ts` calls them. */
const NAMES: Readonly<Partial<Record<SubjectName, string>>> = {
  "clasp-fed": "clasp-fed",
  "nats": "nats-server",
  "mosquitto": "mosquitto",
};
const RUN = / 1: (\d+) ms, (\d+) wrong, (\d+) duplicates/;

/** The hub is killed and started again: what `deno task hub-restart` measures, once in each round. */
export const RECONNECT_SCENARIO: Scenario = {
  name: "reconnect",
  title: "the hub is killed; from its port opening again until an update of A is at B",
  subjects: ["clasp-fed", "nats", "mosquitto"],
  targets: [
    { quantity: "downMs", reach: 500, aim: 300 },
    { quantity: "duplicates", reach: 0, aim: 0 },
    { quantity: "wrong", reach: 0, aim: 0 },
  ],
  run: (_, name) => measureReconnect(NAMES[name] ?? name),
};

async function measureReconnect(name: string): Promise<Measures> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", HUB_RESTART, "--runs=1", name],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const [, downMs, wrong, duplicates] = RUN.exec(text) ?? [];
  if (code !== 0 || downMs === undefined) {
    throw new Error(`hub_restart.ts ${name}: ${text}${new TextDecoder().decode(stderr)}`);
  }
  return { downMs: Number(downMs), duplicates: Number(duplicates), wrong: Number(wrong) };
}
