import { LATEST_TIME_MICROS } from "../../../src/limits.ts";
import type { Message } from "../../../src/wire/message.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { FederationNode } from "./federation_node.ts";
import {
  answerSyncs,
  connectPeer,
  greetedHub,
  peerHello,
  registerHub,
  registerLeaf,
} from "./test_peer.ts";

const HOUR_MICROS = 3_600_000_000;

Deno.test("the root tells its leaves when it goes forward, before it answers the HELLO", () => {
  const root = new FederationNode({ routerId: "root" });
  const leaf = registerLeaf(root, "a", []);
  leaf.read();
  const aheadMicros = root.core.timeMicros() + HOUR_MICROS;
  const late = connectPeer(root);
  late.send(peerHello("b", { timeMicros: aheadMicros, timed: true }));
  assertEquals(leaf.read(), [timeMessage(aheadMicros)]);
  const [welcome] = late.read();
  assert(welcome?.type === "WELCOME", JSON.stringify(welcome));
  assertEquals(welcome.router?.timeMicros, aheadMicros);
});

Deno.test("the root does not go back, nor forward by less than a second", () => {
  for (const byMicros of [-HOUR_MICROS, 900_000]) {
    const root = new FederationNode({ routerId: "root" });
    const leaf = registerLeaf(root, "a", []);
    leaf.read();
    const before = root.core.timeMicros();
    connectPeer(root).send(
      peerHello("b", { timeMicros: Math.max(0, before + byMicros), timed: true }),
    );
    assertEquals([root.core.timeMicros(), leaf.read()], [before, []]);
  }
});

Deno.test("a time that no clock shows in this century is not taken", () => {
  const root = new FederationNode({ routerId: "root" });
  const before = root.core.timeMicros();
  connectPeer(root).send(peerHello("b", { timeMicros: LATEST_TIME_MICROS + 1, timed: true }));
  assertEquals(root.core.timeMicros(), before);
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  const known = leaf.core.timeMicros();
  hub.send(timeMessage(LATEST_TIME_MICROS + 1));
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

Deno.test("a router that hears the time from a leaf tells its hub, once that has registered it", () => {
  const middle = new FederationNode({ routerId: "middle", hub: "hub" });
  const hub = greetedHub(middle, "hub", { timed: false });
  answerSyncs(hub);
  const timeMicros = 1_900_000_000_000_000;
  connectPeer(middle).send(peerHello("a", { timeMicros, timed: true }));
  assertEquals(hub.read(), []);
  assertEquals(timesIn(hub.ask({ type: "ACK" })), [timeMicros]);
  // Before it, when it is registered already.
  const early = new FederationNode({ routerId: "early", hub: "hub" });
  const other = greetedHub(early, "hub", { timed: false });
  answerSyncs(other);
  assertEquals(timesIn(other.ask({ type: "ACK" })), []);
  connectPeer(early).send(peerHello("a", { timeMicros, timed: true }));
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

function timeMessage(timeMicros: number): Message {
  return { type: "FEDERATION_SYNC", op: "Time", timeMicros };
}
