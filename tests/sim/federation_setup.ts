import { decodeValue } from "../../src/wire/value_codec.ts";
import type { PeerFrame } from "./peer_frames.ts";
import { readPeerFrames } from "./peer_frames.ts";
import type { ClientWrite } from "./checker.ts";
import type { SimClient, SimSetOptions } from "./sim_client.ts";
import type { RouterPlan } from "./sim_router.ts";
import { SimWorld } from "./sim_world.ts";

/** A frame that arrived at a router from a router. */
export interface LinkFrame extends PeerFrame {
  readonly from: string;
  readonly to: string;
}

/** Starts routers, each with a client of its own name plus "-client" that subscribes to all. */
export function startFederation(plans: readonly RouterPlan[]): SimWorld {
  const world = new SimWorld();
  for (const plan of plans) {
    world.addRouter(plan).start();
    world.addClient({ name: `${plan.id}-client`, router: plan.id, subscriptions: ["/**"] })
      .connect();
  }
  awaitActive(world);
  return world;
}

/** Runs until every leaf's link is Active at both ends, and its clients are connected. */
export function awaitActive(world: SimWorld, deadlineMs?: number): void {
  const isReady = () =>
    [...world.clients.values()].every((client) => client.isConnected) &&
    [...world.routers.values()].every(({ plan: { id, hubs = [] } }) =>
      hubs.length === 0 ||
      hubs.some((hub) =>
        world.router(id).linkState(hub) === "Active" &&
        world.routers.get(hub)?.linkState(id) === "Active"
      )
    );
  world.clock.runUntil(isReady, "all links to be Active", deadlineMs);
  // What was begun by then, as the declarations to the others.
  world.clock.runFor(100);
}

/** The client that `startFederation` gave a router. */
export function clientOf(world: SimWorld, router: string): SimClient {
  const client = world.clients.get(`${router}-client`);
  if (client === undefined) throw new Error(`Router "${router}" has no client`);
  return client;
}

/** Crashes a router and starts it again, empty. Returns when its client is connected to it again. */
export function restart(world: SimWorld, id: string): void {
  world.crash(id, 500);
  world.clock.runUntil(() => !clientOf(world, id).isConnected, "the client to notice");
  world.router(id).start();
  world.clock.runUntil(() => clientOf(world, id).isConnected, "the client to come back");
}

/** Writes through the client of a router, and waits for the answer. */
export function write(
  world: SimWorld,
  router: string,
  address: string,
  options: SimSetOptions = {},
): ClientWrite["answers"][number] {
  const written = clientOf(world, router).set(address, options);
  let answer: ClientWrite["answers"][number] | undefined;
  world.clock.runUntil(() => {
    answer = written.answers[0];
    return answer !== undefined;
  }, `the answer to SET "${address}"`);
  // The others hear of it meanwhile.
  world.clock.runFor(50);
  if (answer === undefined) throw new Error("unreachable");
  return answer;
}

/** Records all that arrives at routers from routers from now on. */
export function recordLinks(world: SimWorld): LinkFrame[] {
  const frames: LinkFrame[] = [];
  world.network.observe(({ from, to, bytes }) => {
    if (!world.routers.has(from) || !world.routers.has(to)) return;
    for (const frame of readPeerFrames(bytes)) frames.push({ ...frame, from, to });
  });
  return frames;
}

/** What a router holds of an address, for people: value, revision and origin. */
export function held(world: SimWorld, router: string, address: string): string {
  const version = world.router(router).version(address);
  if (version === undefined) return "nothing";
  return `${String(decodeValue(version.value))} r${version.revision} of ${version.origin}`;
}
