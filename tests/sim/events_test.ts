import { assertEquals } from "../support/assert.ts";
import { clientOf, recordLinks, startFederation } from "./federation_setup.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import type { SimWorld } from "./sim_world.ts";
import { tree } from "./topology.ts";

const LIFE_MS = 5_000;

function hubWithLeaves(): {
  readonly world: SimWorld;
  readonly x: ScriptedPeer;
  readonly y: ScriptedPeer;
} {
  const world = startFederation([{ id: "hub" }]);
  const x = ScriptedPeer.leafOf("hub", world, { id: "x" });
  const y = ScriptedPeer.leafOf("hub", world, { id: "y" });
  world.clock.runFor(1_000);
  return { world, x, y };
}

function heard(world: SimWorld): readonly string[] {
  return clientOf(world, "hub").events.map(({ id }) => id);
}

Deno.test("an event reaches all others, and does not go back on the link it came by", () => {
  const { world, x, y } = hubWithLeaves();
  // Its origin is behind x, so that only the link keeps it from going back.
  const entry = { sequence: 1, remainingLifeMs: LIFE_MS };
  x.sendEvent({ address: "/cue", id: "go", origin: "below-x", entry });
  world.clock.runFor(100);
  assertEquals(heard(world), ["go"]);
  assertEquals(y.forwarded("event").length, 1);
  assertEquals(x.forwarded("event").length, 0);
});

Deno.test("an event does not go to the router it is from", () => {
  const { world, x, y } = hubWithLeaves();
  y.sendEvent({
    address: "/cue",
    id: "go",
    origin: "x",
    entry: { sequence: 1, remainingLifeMs: LIFE_MS },
  });
  world.clock.runFor(100);
  assertEquals(heard(world), ["go"]);
  assertEquals(x.forwarded("event").length, 0);
});

Deno.test("an event of the router itself that comes round is dropped", () => {
  const { world, x, y } = hubWithLeaves();
  x.sendEvent({
    address: "/cue",
    id: "go",
    origin: "hub",
    entry: { sequence: 77, remainingLifeMs: LIFE_MS },
  });
  world.clock.runFor(100);
  assertEquals(heard(world), []);
  assertEquals(y.forwarded("event").length, 0);
});

Deno.test("an event that comes by two ways is delivered once", () => {
  const { world, x, y } = hubWithLeaves();
  const event = { address: "/cue", origin: "far", bootId: 5 };
  const entry = { sequence: 1, remainingLifeMs: LIFE_MS };
  x.sendEvent({ ...event, id: "go", entry });
  y.sendEvent({ ...event, id: "go", entry });
  world.clock.runFor(3_000);
  y.sendEvent({ ...event, id: "go", entry });
  world.clock.runFor(100);
  assertEquals(heard(world), ["go"]);
  assertEquals(y.forwarded("event").length, 1);
});

Deno.test("an event of a new process is not taken for one of the old", () => {
  const { world, x } = hubWithLeaves();
  const entry = { sequence: 1, remainingLifeMs: LIFE_MS };
  x.sendEvent({ address: "/cue", id: "old", bootId: 1, entry });
  x.sendEvent({ address: "/cue", id: "new", bootId: 2, entry });
  world.clock.runFor(100);
  assertEquals(heard(world), ["old", "new"]);
});

Deno.test("an event past its life is delivered to nobody", () => {
  const { world, x, y } = hubWithLeaves();
  x.sendEvent({ address: "/cue", id: "late", entry: { sequence: 1, remainingLifeMs: 0 } });
  world.clock.runFor(100);
  assertEquals(heard(world), []);
  assertEquals(y.forwarded("event").length, 0);
});

Deno.test("an event crosses each link of a tree once, and reaches every client but its own", () => {
  const world = startFederation(tree());
  const frames = recordLinks(world);
  const id = clientOf(world, "a").publish("/cue");
  world.clock.runFor(100);
  const passed = frames.flatMap(({ from, to, context }) =>
    context === undefined ? [] : [`${context.message.kind} ${from} > ${to}`]
  );
  assertEquals(passed.sort(), [
    "event a > mid",
    "event hub > c",
    "event mid > b",
    "event mid > hub",
  ]);
  for (const router of ["hub", "mid", "b", "c"]) {
    assertEquals(clientOf(world, router).events.map((event) => event.id), [id], router);
  }
  assertEquals(clientOf(world, "a").events, []);
});

Deno.test("a router with narrow imports hears what others publish in its own namespace", () => {
  const world = startFederation([
    { id: "hub" },
    { id: "a", hubs: ["hub"], namespaces: ["/site-a/**"], imports: ["/shared/**"] },
  ]);
  // No client asks for it: it is followed because the router answers for it.
  clientOf(world, "a").disconnect();
  world.clock.runFor(40_000);
  const frames = recordLinks(world);
  clientOf(world, "hub").publish("/site-a/cue");
  clientOf(world, "hub").publish("/nobodys/cue");
  world.clock.runFor(100);
  const heard = frames.flatMap(({ message }) =>
    message.type === "PUBLISH" ? [message.address] : []
  );
  assertEquals(heard, ["/site-a/cue"]);
});
