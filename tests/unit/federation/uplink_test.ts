import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
} from "../../support/assert.ts";
import { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";
import { greetedHub } from "./test_peer.ts";

const LONG_MS = 120_000;

Deno.test("a leaf dials again after a failed dial, soon in the first minute, later seldom", () => {
  const { dials } = dialsOf({ routerId: "leaf", hub: "hub" }, LONG_MS);
  const gaps = dials.slice(1).map((at, n) => at - (dials[n] ?? 0));
  for (const [n, gap] of gaps.entries()) {
    const downMs = dials[n] ?? 0;
    if (downMs < 60_000) {
      assertGreaterOrEqual(gap, 200);
      assertLessOrEqual(gap, 400);
    } else {
      assertLessOrEqual(gap, 5_000);
    }
  }
  assertGreaterOrEqual(gaps.at(-1) ?? 0, 2_500);
});

Deno.test("a leaf that may not dial again does not", () => {
  assertEquals(dialsOf({ routerId: "leaf", hub: "hub", autoReconnect: false }, LONG_MS).dials, [0]);
});

Deno.test("a leaf gives up after so many attempts and is Failed", () => {
  const { dials, node } = dialsOf(
    { routerId: "leaf", hub: "hub", maxReconnectAttempts: 3 },
    60_000,
  );
  assertEquals(dials.length, 4);
  assertEquals(node.linkState(), "Failed");
  assert(node.federation.uplink?.reason?.includes("3 attempts"));
});

Deno.test("each failed attempt tells when the next one is, the last one none", () => {
  const { dials, node } = dialsOf(
    { routerId: "leaf", hub: "hub", maxReconnectAttempts: 3 },
    60_000,
  );
  const told = node.events.flatMap((event) =>
    event.type === "stateChanged" && (event.state === "Disconnected" || event.state === "Failed")
      ? [event.nextAttemptMs]
      : []
  );
  const gaps = dials.slice(1).map((at, n) => at - (dials[n] ?? 0));
  assertEquals(told.map((ms) => ms === undefined ? undefined : Math.ceil(ms)), [
    ...gaps.map(Math.ceil),
    undefined,
  ]);
});

Deno.test("what was given up is tried again when the settings are read again, changed or not", () => {
  const options = { routerId: "leaf", hub: "hub", maxReconnectAttempts: 1 };
  const { node } = dialsOf(options, 10_000);
  assertEquals([node.linkState(), node.port.take()], ["Failed", []]);
  node.federation.reconfigure({ hubUrls: node.federation.config.hubUrls }, node.nowMicros);
  assertEquals(node.port.take().map(({ kind }) => kind), ["dial"]);
  // One that is under way is not begun twice.
  node.federation.reconfigure({ hubUrls: node.federation.config.hubUrls }, node.nowMicros);
  assertEquals(node.port.take(), []);
});

Deno.test("a leaf tries its hubs in turn", () => {
  const hubUrls = ["ws://one:1", "ws://two:2"];
  const { urls } = dialsOf({ routerId: "leaf", hub: "one", hubUrls }, 1_000);
  assertEquals(urls.slice(0, 3), ["ws://one:1", "ws://two:2", "ws://one:1"]);
});

Deno.test("the first refusal after a long outage is asked again within a second, not half a minute", () => {
  const { node } = dialsOf({ routerId: "leaf", hub: "hub" }, 30_000);
  // The dial that is open now gets through and is refused.
  node.advance(400);
  const hub = greetedHub(node, "hub");
  hub.send({ type: "ERROR", code: 503, message: "full" });
  node.port.take();
  const startMicros = node.nowMicros;
  while (node.port.actions.length === 0) {
    assert(node.nowMicros - startMicros < 60_000_000);
    node.advance(100);
  }
  assertLessOrEqual(node.nowMicros - startMicros, 1_000_000);
});

Deno.test("a leaf whose link is cut comes back by itself, and a stopped one does not", () => {
  const network = new TestNetwork();
  const hub = network.add({ routerId: "hub" });
  const leaf = network.add({ routerId: "leaf", hub: "hub", namespaces: ["/a/**"] });
  network.advance(100);
  network.cut(hub, leaf);
  assertEquals([leaf.linkState(), leaf.federation.uplink?.reason], ["Disconnected", "cut"]);
  assertEquals(hub.federation.claims.ownerOf("/a/1")?.live, false);
  network.advance(500);
  assertEquals(leaf.linkState(), "Active");
  assertEquals(hub.federation.claims.ownerOf("/a/1")?.live, true);
  leaf.core.stop("bye", leaf.nowMicros);
  network.advance(LONG_MS);
  assertEquals(hub.linkState("leaf"), undefined);
});

/** When a leaf dials a hub that never answers, ms after its start. */
function dialsOf(
  options: ConstructorParameters<typeof FederationNode>[0],
  ms: number,
): { readonly dials: number[]; readonly urls: string[]; readonly node: FederationNode } {
  const node = new FederationNode(options);
  const startMicros = node.nowMicros;
  const dials: number[] = [];
  const urls: string[] = [];
  node.federation.start(node.nowMicros);
  let random = 0;
  while (node.nowMicros < startMicros + ms * 1_000) {
    for (const action of node.port.take()) {
      if (action.kind !== "dial") continue;
      dials.push((node.nowMicros - startMicros) / 1_000);
      urls.push(action.url);
      node.port.randomValue = random = (random + 0.37) % 1;
      node.core.dialFailed(action.connection, "nobody listens", node.nowMicros);
    }
    node.advance(1);
  }
  return { dials, urls, node };
}
