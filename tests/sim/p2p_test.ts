import { P2P_LIFE_MS } from "../../src/limits.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { awaitActive, clientOf, restart, startFederation } from "./federation_setup.ts";
import type { SimClient } from "./sim_client.ts";
import type { SimWorld } from "./sim_world.ts";

const HUB = { id: "hub" };
const A = { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"] };
const B = { id: "b", hubs: ["hub"], namespaces: ["/site-b/**"], imports: ["/site-b/**"] };
const ANNOUNCE = "/clasp/p2p/announce";

Deno.test("a P2P signal reaches its session at another site, and nobody else", () => {
  const { world, alice, bob } = sites();
  const others = [clientOf(world, "hub"), clientOf(world, "a"), clientOf(world, "b")];
  const id = bob.publish(signalTo(alice));
  world.clock.runFor(200);
  assertEquals(eventsOf(alice), [id]);
  for (const client of others) assertEquals(eventsOf(client).includes(id), false);
  // The way back was learned from it.
  const back = alice.publish(signalTo(bob));
  world.clock.runFor(200);
  assertEquals(eventsOf(bob).at(-1), back);
  assertEquals([...errorsOf(alice), ...errorsOf(bob)], []);
});

Deno.test("a signal to a session that is gone is answered 404 at once", () => {
  const { world, alice, bob } = sites();
  const address = signalTo(alice);
  alice.disconnect();
  world.clock.runFor(200);
  bob.publish(address);
  world.clock.runFor(200);
  assertEquals(errorsOf(bob), [404]);
});

Deno.test("a signal into a link that is frozen is answered within its life, and not delivered late", () => {
  const { world, alice, bob } = sites();
  world.network.stall("hub", "a");
  const startMicros = world.clock.nowMicros;
  const id = bob.publish(signalTo(alice));
  world.clock.runUntil(() => errorsOf(bob).length > 0, "an answer", P2P_LIFE_MS + 1_000);
  assertEquals(errorsOf(bob), [502]);
  assertLess((world.clock.nowMicros - startMicros) / 1_000, P2P_LIFE_MS + 1_000);
  world.clock.runFor(2_000);
  world.network.resume("hub", "a");
  awaitActive(world);
  world.clock.runFor(5_000);
  assertEquals(eventsOf(alice).includes(id), false);
  assertEquals(errorsOf(bob), [502]);
});

Deno.test("a signal that was on a link when it broke is answered 502 at once, and not repeated", () => {
  const { world, alice, bob } = sites();
  world.network.stall("hub", "a");
  const id = bob.publish(signalTo(alice));
  world.clock.runFor(100);
  assertEquals(errorsOf(bob), []);
  const [connection] = world.network.connections("a", "hub");
  connection?.cut({ dialler: 0, acceptor: 0 });
  world.clock.runFor(50);
  assertEquals(errorsOf(bob), [502]);
  world.network.resume("hub", "a");
  awaitActive(world);
  world.clock.runFor(5_000);
  assertEquals([eventsOf(alice).includes(id), errorsOf(bob)], [false, [502]]);
});

Deno.test("signals pass again when a hub that crashed is back", () => {
  const { world, alice, bob } = sites();
  restart(world, "hub");
  awaitActive(world);
  world.clock.runFor(1_000);
  const id = bob.publish(signalTo(alice));
  world.clock.runFor(200);
  assertEquals(eventsOf(alice), [id]);
});

Deno.test("signals are refused while the hub is away, but for those to sessions at the same site", () => {
  const { world, alice, bob } = sites();
  world.crash("hub", 500);
  world.clock.runFor(10_000);
  bob.publish(signalTo(alice));
  world.clock.runFor(200);
  assertEquals(errorsOf(bob), [501]);
  const here = clientOf(world, "b");
  const id = bob.publish(`/clasp/p2p/signal/${here.sessionId}`);
  world.clock.runFor(200);
  assertEquals(eventsOf(here).at(-1), id);
});

interface Sites {
  readonly world: SimWorld;
  readonly alice: SimClient;
  readonly bob: SimClient;
}

/** Alice at site a has announced herself, Bob at site b, which imports little, has not. */
function sites(): Sites {
  const world = startFederation([HUB, A, B]);
  const join = (name: string, router: string) => {
    const client = world.addClient({ name, router, subscriptions: [] });
    client.connect();
    world.clock.runUntil(() => client.sessionId !== "" && client.isConnected, "a session");
    return client;
  };
  const [alice, bob] = [join("alice", "a"), join("bob", "b")];
  alice.publish(ANNOUNCE);
  world.clock.runFor(200);
  return { world, alice, bob };
}

function signalTo(client: SimClient): string {
  return `/clasp/p2p/signal/${client.sessionId}`;
}

function eventsOf({ events }: SimClient): string[] {
  return events.map(({ id }) => id);
}

function errorsOf({ messages }: SimClient): number[] {
  return messages.flatMap((message) => message.type === "ERROR" ? [message.code] : []);
}
