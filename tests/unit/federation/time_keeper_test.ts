import {
  LATEST_TIME_MICROS,
  TIME_FORWARD_MAX_MICROS,
  TIME_SEEN_MAX_MICROS,
} from "../../../src/limits.ts";
import type { Message } from "../../../src/wire/message.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FederationClock } from "../../../src/federation/federation_clock.ts";
import { FederationNode } from "./federation_node.ts";
import {
  answerSyncs,
  connectPeer,
  declaration,
  greetedHub,
  peerHello,
  registerHub,
  registerLeaf,
} from "./test_peer.ts";

const BACK_MICROS = 4_000_000;
const HOUR_MICROS = 3_600_000_000;

Deno.test("the root goes forward when a leaf registers, and tells all leaves before anything else", () => {
  const root = new FederationNode({ routerId: "root" });
  const leaf = registerLeaf(root, "a", []);
  leaf.read();
  const aheadMicros = root.core.timeMicros() + HOUR_MICROS;
  const late = connectPeer(root);
  late.send(peerHello("b", { timeMicros: aheadMicros, timed: true }));
  assertEquals([leaf.read(), root.core.timeMicros()], [[], aheadMicros - HOUR_MICROS]);
  assertEquals(late.read().map(({ type }) => type), ["WELCOME"]);
  // What it took until then is in it.
  root.advance(5);
  late.send(declaration("b", []));
  const told = timeMessage(aheadMicros + 5_000);
  assertEquals(leaf.read()[0], told);
  const [first, second] = late.read();
  assertEquals([first, second?.type], [told, "ACK"]);
  assertEquals(root.events.filter(({ type }) => type === "timeMoved"), [{
    type: "timeMoved",
    routerId: "b",
    timeMicros: aheadMicros + 5_000,
    byMicros: HOUR_MICROS,
  }]);
});

Deno.test("the root does not go back, nor forward by less than a second", () => {
  for (const byMicros of [-HOUR_MICROS, 900_000]) {
    const root = new FederationNode({ routerId: "root" });
    const leaf = registerLeaf(root, "a", []);
    leaf.read();
    const before = root.core.timeMicros();
    greet(root, "b", Math.max(0, before + byMicros));
    assertEquals(root.core.timeMicros(), before);
    assertEquals(leaf.read().filter(isTime), []);
  }
});

Deno.test("a time that no clock shows in this century is not taken", () => {
  const root = new FederationNode({ routerId: "root" });
  const before = root.core.timeMicros();
  greet(root, "b", LATEST_TIME_MICROS + 1);
  assertEquals(root.core.timeMicros(), before);
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  const known = leaf.core.timeMicros();
  hub.send(timeMessage(TIME_SEEN_MAX_MICROS + 1));
  assertEquals(leaf.core.timeMicros(), known);
});

Deno.test("a leaf that knows the time takes a step from its hub, and asks for a measurement", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  hub.read();
  const steppedMicros = leaf.core.timeMicros() + HOUR_MICROS;
  hub.send(timeMessage(steppedMicros));
  assertEquals(leaf.core.timeMicros(), steppedMicros);
  assertEquals(hub.read().map(({ type }) => type), ["SYNC"]);
});

Deno.test("leaves move the root's time forward by so much in all, and the operator is told", () => {
  const root = new FederationNode({ routerId: "root" });
  const before = root.core.timeMicros();
  const half = TIME_FORWARD_MAX_MICROS / 2;
  greet(root, "a", before + half);
  greet(root, "b", before + 2 * half + 1);
  assertEquals(root.core.timeMicros(), before + half);
  const refused = root.events.find(({ type }) => type === "refused");
  assert(refused?.type === "refused");
  assertEquals(refused.routerId, "b");
  greet(root, "c", before + 2 * half);
  assertEquals(root.core.timeMicros(), before + 2 * half);
});

Deno.test("a leaf that knows the time keeps it until it is registered, and forgets what it measured", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  registerHub(leaf, "hub");
  const known = leaf.core.timeMicros();
  const startedMicros = leaf.core.nowMicros;
  const waitedMicros = (): number => leaf.core.nowMicros - startedMicros;
  const { uplink } = leaf.federation;
  assert(uplink?.link !== undefined);
  uplink.link.end({ kind: "lost", reason: "cut" }, 500);
  leaf.flush();
  leaf.port.take();
  leaf.advance(1_000);
  const hub = greetedHub(leaf, "hub");
  const slow = 1_000_000;
  const answer = (t: number): void => {
    for (const message of hub.read()) {
      if (message.type !== "SYNC") continue;
      hub.send({ type: "SYNC", t1: message.t1, t2: t, t3: t });
      assertEquals(leaf.core.timeMicros(), known + waitedMicros());
    }
  };
  for (let round = 0; round < 4; round++) answer(slow);
  hub.send(timeMessage(leaf.core.timeMicros()), { type: "ACK" });
  answer(leaf.core.timeMicros());
  // After so many heartbeats it would go back.
  for (let heartbeat = 0; heartbeat < 4; heartbeat++) {
    leaf.advance(2_000);
    leaf.flush();
    answer(leaf.core.timeMicros());
  }
});

Deno.test("a leaf goes back with its hub, but not before the root can have heard of what it knows", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  const ahead = leaf.core.timeMicros();
  hub.read();
  for (let heartbeat = 1; heartbeat <= 3; heartbeat++) {
    leaf.advance(2_000);
    leaf.flush();
    for (const message of hub.read()) {
      if (message.type !== "SYNC" || message.t2 !== undefined) continue;
      const slow = ahead - BACK_MICROS + heartbeat * 2_000_000;
      hub.send({ type: "SYNC", t1: message.t1, t2: slow, t3: slow });
    }
    const backMicros = heartbeat < 3 ? 0 : BACK_MICROS;
    assertEquals(leaf.core.timeMicros(), ahead + heartbeat * 2_000_000 - backMicros);
  }
});

Deno.test("a hub whose time ran past the latest is measured all the same", () => {
  const clock = new FederationClock({ offsetMicros: 0, isRoot: false });
  const past = LATEST_TIME_MICROS + 1_000_000;
  clock.measure({ t1: 0, t2: past, t3: past, nowMicros: 0 });
  clock.adopt();
  assertEquals([clock.timed, clock.timeMicros(0)], [true, past]);
});

Deno.test("TIME from a leaf is as good as the time in its HELLO", () => {
  const root = new FederationNode({ routerId: "root" });
  const leaf = registerLeaf(root, "a", []);
  const before = root.core.timeMicros();
  leaf.send(timeMessage(before - HOUR_MICROS));
  assertEquals(root.core.timeMicros(), before);
  leaf.read();
  leaf.send(timeMessage(before + HOUR_MICROS));
  assertEquals(root.core.timeMicros(), before + HOUR_MICROS);
  // From now on it follows this hub.
  assertEquals(leaf.read(), [timeMessage(before + HOUR_MICROS)]);
});

Deno.test("a hub that knows the time takes none from a leaf", () => {
  const hub = new FederationNode({ routerId: "hub", hub: "root" });
  registerHub(hub, "root");
  const leaf = registerLeaf(hub, "a", []);
  const before = hub.core.timeMicros();
  leaf.send(timeMessage(before + HOUR_MICROS));
  assertEquals(hub.core.timeMicros(), before);
});

Deno.test("what a leaf says of the time goes up as a number that can be written, whatever it says", () => {
  const hub = new FederationNode({ routerId: "hub", hub: "root" });
  const root = registerHub(hub, "root");
  const leaf = registerLeaf(hub, "a", []);
  root.read();
  // Monotonic time has parts of microseconds, and so has what is measured by it.
  hub.advance(0.000_3);
  const told = () => root.read().filter((message) => "op" in message && message.op === "Time");
  leaf.send(timeMessage(hub.core.timeMicros() + HOUR_MICROS));
  assertEquals(told().length, 1);
  leaf.send(timeMessage(Number.MAX_SAFE_INTEGER));
  assertEquals(told(), [timeMessage(LATEST_TIME_MICROS)]);
  assertEquals(hub.linkState(), "Active");
});

Deno.test("a router that hears the time from a leaf tells its hub, once that has registered it", () => {
  const middle = new FederationNode({ routerId: "middle", hub: "hub" });
  const hub = greetedHub(middle, "hub", { timed: false });
  answerSyncs(hub);
  const timeMicros = 1_900_000_000_000_000;
  greet(middle, "a", timeMicros);
  assertEquals(timesIn(hub.read()), []);
  assertEquals(timesIn(hub.ask({ type: "ACK" })), [timeMicros]);
  // Before it, when it is registered already.
  const early = new FederationNode({ routerId: "early", hub: "hub" });
  const other = greetedHub(early, "hub", { timed: false });
  answerSyncs(other);
  assertEquals(timesIn(other.ask({ type: "ACK" })), []);
  greet(early, "a", timeMicros);
  assertEquals(timesIn(other.read()), [timeMicros]);
});

Deno.test("a leaf that does not know the time tells the newest timestamp it has by others", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  leaf.client().ask({ type: "SET", address: "/x", value: Uint8Array.of(0) });
  const own = leaf.core.params.get("/x")?.timestampMicros ?? 0;
  assert(own > 0);
  // What it stamped by a clock that nobody compared is no evidence.
  assertEquals(leaf.federation.trailer().timeMicros, 0);
});

function timesIn(messages: readonly Message[]): number[] {
  return messages.flatMap((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Time" ? [message.timeMicros] : []
  );
}

/** A leaf by hand says what time it is, and registers. */
function greet(root: FederationNode, routerId: string, timeMicros: number): void {
  const peer = connectPeer(root);
  peer.send(peerHello(routerId, { timeMicros, timed: true }));
  peer.send(declaration(routerId, []));
}

function isTime(message: Message): boolean {
  return message.type === "FEDERATION_SYNC" && message.op === "Time";
}

function timeMessage(timeMicros: number): Message {
  return { type: "FEDERATION_SYNC", op: "Time", timeMicros };
}
