import { decodeValue } from "../../src/wire/value_codec.ts";
import { assert, assertLessOrEqual } from "../support/assert.ts";
import { clientOf, type LinkFrame, recordLinks } from "./federation_setup.ts";
import type { RouterPlan } from "./sim_router.ts";
import { SimWorld } from "./sim_world.ts";

const WRITES = 50;
const WRITE_INTERVAL_MS = 200;

/** Frames that pass between routers because of one write, each link and direction counted. */
interface Count {
  readonly most: number;
  readonly average: number;
}

/** Four routers, each a leaf of the next. */
const RING: readonly RouterPlan[] = ["w", "x", "y", "z"].map((id, index, ids) => ({
  id,
  hubs: [ids[(index + 1) % ids.length] ?? ""],
  namespaces: [`/site-${id}/**`],
}));

/** One hub under two names, and two routers for the same addresses. */
const DOUBLED: readonly RouterPlan[] = [
  { id: "hub", aliases: ["hub-too"] },
  { id: "a", hubs: ["hub", "hub-too"], namespaces: ["/site-a/**"] },
  { id: "a-too", hubs: ["hub-too"], namespaces: ["/site-a/**"] },
  { id: "b", hubs: ["hub-too", "hub"], namespaces: ["/site-b/**"] },
];

for (const [name, plans] of [["a ring of four", RING], ["a doubled link", DOUBLED]] as const) {
  Deno.test(`${name}: a write makes few messages, and they end`, () => {
    const { writes, rest } = countMessages(plans);
    console.log(
      `${name}: ${writes.average.toFixed(1)} frames a write, at most ${writes.most}; ` +
        `${rest} frames of it in the minute after the last`,
    );
    // A request and its answer, and the version, over each link in each direction.
    assertLessOrEqual(writes.most, 3 * 2 * plans.length);
    assertLessOrEqual(rest, 0);
  });
}

function countMessages(plans: readonly RouterPlan[]): { writes: Count; rest: number } {
  const world = new SimWorld();
  for (const plan of plans) {
    world.addRouter(plan).start();
    world.addClient({ name: `${plan.id}-client`, router: plan.id, subscriptions: ["/**"] })
      .connect();
  }
  world.clock.runFor(20_000);
  const frames = recordLinks(world);
  const clients = plans.map(({ id }) => clientOf(world, id));
  for (let index = 0; index < WRITES; index++) {
    const client = clients[index % clients.length];
    const target = plans[Math.floor(index / clients.length) % plans.length];
    assert(client !== undefined && target !== undefined);
    client.set(`/site-${target.id}/${index}`);
    world.clock.runFor(WRITE_INTERVAL_MS);
  }
  world.clock.runFor(10_000);
  const until = frames.length;
  const writes = perWrite(frames);
  world.clock.runFor(60_000);
  return { writes, rest: perWrite(frames.slice(until)).average };
}

function perWrite(frames: readonly LinkFrame[]): Count {
  const counts = new Map<string, number>();
  for (const { message } of frames) {
    if (message.type !== "SET") continue;
    const value = String(decodeValue(message.value));
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const all = [...counts.values()];
  return {
    most: Math.max(0, ...all),
    average: all.reduce((sum, count) => sum + count, 0) / Math.max(1, all.length),
  };
}
