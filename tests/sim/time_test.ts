import { assert, assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import {
  awaitActive,
  clientOf,
  held,
  restart,
  startFederation,
  write,
} from "./federation_setup.ts";
import { ScriptedPeer } from "./scripted_peer.ts";
import { SimWorld } from "./sim_world.ts";

const HOUR_MICROS = 3_600_000_000;
const SECOND_MICROS = 1_000_000;

Deno.test("a root that restarts with a clock that is slow goes forward to the time its leaves know", () => {
  const world = startFederation([
    { id: "root" },
    { id: "a", hubs: ["root"], namespaces: ["/a/**"] },
    { id: "b", hubs: ["root"], namespaces: ["/b/**"] },
  ]);
  const before = timeOf(world, "a");
  world.router("root").clockOffsetMicros = -5 * HOUR_MICROS;
  restart(world, "root");
  awaitActive(world);
  for (const id of ["root", "a", "b"]) {
    assertLess(Math.abs(timeOf(world, id) - timeOf(world, "root")), 3 * SECOND_MICROS, id);
    assertGreater(timeOf(world, id), before, id);
  }
});

Deno.test("leaves that connected to a slow root before it went forward follow within a round trip", () => {
  const world = startFederation([
    { id: "root" },
    { id: "a", hubs: ["root"], namespaces: ["/a/**"] },
    { id: "b", hubs: ["root"], namespaces: ["/b/**"] },
  ]);
  // Known to b alone, which comes back later than a, a as a new process without memory.
  world.network.stall("b", "root");
  world.network.stall("root", "b");
  world.router("root").clockOffsetMicros = -5 * HOUR_MICROS;
  world.router("a").clockOffsetMicros = -5 * HOUR_MICROS;
  world.crash("a", 500);
  restart(world, "root");
  world.router("a").start();
  world.clock.runUntil(() => world.router("a").linkState("root") === "Active", "a to be Active");
  assertGreater(timeOf(world, "b") - timeOf(world, "a"), 4 * HOUR_MICROS);
  world.network.heal();
  world.clock.runUntil(
    () => timeOf(world, "b") - timeOf(world, "root") < SECOND_MICROS,
    "the root to go forward",
  );
  // Far less than the heartbeat, by which a would find out in the end.
  world.clock.runFor(5);
  assertLess(Math.abs(timeOf(world, "a") - timeOf(world, "root")), 10_000);
});

Deno.test("a hub that lost its uplink and its clock takes the time from a leaf that knows it", () => {
  const world = startFederation([
    { id: "root" },
    { id: "mid", hubs: ["root"] },
    { id: "leaf", hubs: ["mid"], namespaces: ["/leaf/**"] },
  ]);
  write(world, "leaf", "/leaf/x");
  world.router("mid").clockOffsetMicros = -5 * HOUR_MICROS;
  world.network.stall("mid", "root");
  world.network.stall("root", "mid");
  world.crash("mid", 500);
  world.router("mid").start();
  world.clock.runUntil(() => world.router("mid").linkState("leaf") === "Active", "mid to be back");
  assertEquals(world.router("mid").host.federation?.clock.timed, true);
  assertLess(Math.abs(timeOf(world, "mid") - timeOf(world, "root")), 3 * SECOND_MICROS);
});

Deno.test("a leaf of a hub that does not know the time hears of it on the same link", () => {
  const world = startFederation([
    { id: "root" },
    { id: "mid", hubs: ["root"] },
    { id: "leaf", hubs: ["mid"], namespaces: ["/leaf/**"] },
  ]);
  world.network.stall("mid", "root");
  world.network.stall("root", "mid");
  for (const id of ["mid", "leaf"]) {
    world.router(id).clockOffsetMicros = -5 * HOUR_MICROS;
    world.crash(id, 500);
  }
  world.router("mid").start();
  world.router("leaf").start();
  world.clock.runUntil(() => world.router("leaf").linkState("mid") === "Active", "leaf to be up");
  assertEquals(world.router("leaf").host.federation?.clock.timed, false);
  clientOf(world, "leaf").connect();
  world.clock.runUntil(() => clientOf(world, "leaf").isConnected, "the client to be back");
  write(world, "leaf", "/leaf/x");
  const untimed = world.router("leaf").version("/leaf/x")?.timestampMicros ?? 0;
  const link = world.router("leaf").host.federation?.hubLink;
  world.network.heal();
  world.clock.runUntil(
    () => world.router("leaf").host.federation?.clock.timed === true,
    "the leaf to be timed",
  );
  assert(world.router("leaf").host.federation?.hubLink === link, "the link was not closed");
  assertLess(Math.abs(timeOf(world, "leaf") - timeOf(world, "root")), 20_000);
  // What was written before is where it belongs, everywhere.
  const raised = world.router("leaf").version("/leaf/x")?.timestampMicros ?? 0;
  assertGreater(raised - untimed, 4 * HOUR_MICROS);
  awaitActive(world);
  for (const id of ["root", "mid"]) {
    assertEquals(held(world, id, "/leaf/x"), held(world, "leaf", "/leaf/x"), id);
  }
});

Deno.test("a leaf whose process did not run while the time stepped takes it with what it took since", () => {
  const world = startFederationWithSlowRoot();
  world.network.suspend("a");
  const witness = ScriptedPeer.leafOf("root", world, { id: "witness" });
  world.clock.runUntil(() => witness.peer !== undefined, "the root to hear of the right time");
  world.clock.runFor(4_000);
  // No measurement corrects it afterwards.
  world.network.stall("a", "root");
  world.network.wakeUp("a");
  world.clock.runFor(10);
  assertLess(Math.abs(world.router("a").timeMicros - world.router("root").timeMicros), 10_000);
  // Nor does one spoil it that was on its way for a second and a half.
  world.clock.runFor(1_500);
  world.network.heal();
  world.clock.runFor(10);
  assertLess(Math.abs(world.router("a").timeMicros - world.router("root").timeMicros), 10_000);
});

Deno.test("what a leaf knows of the time goes up to the root through a hub that does not, and never goes back there", () => {
  const world = startFederation([
    { id: "root" },
    { id: "mid", hubs: ["root"] },
    { id: "leaf", hubs: ["mid"], namespaces: ["/leaf/**"] },
  ]);
  // Known to the leaf alone, which is back last.
  world.network.stall("leaf", "mid");
  world.network.stall("mid", "leaf");
  for (const id of ["root", "mid"]) {
    world.router(id).clockOffsetMicros = -5 * HOUR_MICROS;
    world.crash(id, 500);
    world.router(id).start();
  }
  world.clock.runUntil(
    () => world.router("mid").linkState("root") === "Active",
    "mid to be Active",
  );
  assertGreater(timeOf(world, "leaf") - timeOf(world, "mid"), 4 * HOUR_MICROS);
  world.network.heal();
  let before = timeOf(world, "leaf");
  const isForward = () => {
    assertLess(before - timeOf(world, "leaf"), SECOND_MICROS);
    before = timeOf(world, "leaf");
    return timeOf(world, "root") > before - SECOND_MICROS;
  };
  world.clock.runUntil(isForward, "the root to go forward");
  awaitActive(world);
  for (const id of ["root", "mid"]) {
    assertLess(Math.abs(timeOf(world, id) - timeOf(world, "leaf")), 3 * SECOND_MICROS, id);
  }
});

Deno.test("the time that a leaf knows goes up, link by link, to routers that lost it", () => {
  const world = startFederation([
    { id: "root" },
    { id: "upper", hubs: ["root"], namespaces: ["/upper/**"] },
    { id: "lower", hubs: ["upper"] },
    { id: "leaf", hubs: ["lower"], namespaces: ["/leaf/**"] },
  ]);
  for (const [from, to] of [["upper", "root"], ["lower", "leaf"]] as const) {
    world.network.stall(from, to);
    world.network.stall(to, from);
  }
  for (const id of ["upper", "lower"]) {
    world.router(id).clockOffsetMicros = -5 * HOUR_MICROS;
    world.crash(id, 500);
    world.router(id).start();
  }
  const isUp = () => world.router("lower").linkState("upper") === "Active";
  world.clock.runUntil(isUp, "the two to be linked, neither of which knows the time");
  assertEquals(world.router("upper").host.federation?.clock.timed, false);
  // The root stays away.
  world.network.resume("leaf", "lower");
  world.network.resume("lower", "leaf");
  const isTimed = () => world.router("upper").host.federation?.clock.timed === true;
  world.clock.runUntil(isTimed, "the upper one to know the time");
  assertLess(Math.abs(world.router("upper").timeMicros - world.router("root").timeMicros), 20_000);
  // What is written with a life there lives at those below.
  world.clock.runUntil(() => clientOf(world, "upper").isConnected, "the client to be back");
  write(world, "upper", "/upper/x", { ttl: { kind: "absolute", seconds: 5 } });
  assertEquals(held(world, "leaf", "/upper/x"), "upper-client:1 r1 of upper");
});

function startFederationWithSlowRoot(): SimWorld {
  const world = new SimWorld();
  world.addRouter({ id: "root" }).clockOffsetMicros = -5 * HOUR_MICROS;
  world.addRouter({ id: "a", hubs: ["root"], namespaces: ["/a/**"] });
  for (const router of world.routers.values()) router.start();
  awaitActive(world);
  return world;
}

/** As of the router's last event, at most a heartbeat ago. */
function timeOf(world: SimWorld, id: string): number {
  return world.router(id).host.core.timeMicros();
}
