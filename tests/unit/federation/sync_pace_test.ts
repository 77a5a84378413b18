import { SYNC_PARAMS_PER_MS } from "../../../src/limits.ts";
import { assertEquals, assertGreater, assertLess } from "../../support/assert.ts";
import { set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { namespaceSync, registerLeaf, type TestPeer } from "./test_peer.ts";

const PARAMS = 5_000;
const PAUSE_MS = PARAMS / SYNC_PARAMS_PER_MS;

/** How many comparisons begin for one RequestSync a millisecond. */
function ask(hub: FederationNode, leaf: TestPeer, times: number): number {
  let begun = 0;
  for (let i = 0; i < times; i++) {
    leaf.send(namespaceSync("RequestSync", ["/leaf/**"]));
    begun += beginnings(leaf);
    hub.advance(1);
    hub.flush();
    begun += beginnings(leaf);
  }
  return begun;
}

function beginnings(leaf: TestPeer): number {
  return leaf.read().filter((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Digest" && message.root !== undefined
  ).length;
}

function setUp(params: number) {
  const hub = new FederationNode({ routerId: "hub" });
  const client = hub.client();
  for (let i = 0; i < params; i++) client.send(set(`/hub/${i}`, i));
  const leaf = registerLeaf(hub, "leaf", ["/leaf/**"]);
  hub.flush();
  leaf.read();
  return { hub, leaf };
}

Deno.test("a peer that asks for one comparison after the other has one now and then, the more params the rarer", () => {
  const { hub, leaf } = setUp(PARAMS);
  const begun = ask(hub, leaf, 10 * PAUSE_MS);
  assertGreater(begun, 5);
  assertLess(begun, 13);
});

Deno.test("a peer that asks once, or a little later again, waits for nothing", () => {
  const { hub, leaf } = setUp(PARAMS);
  leaf.send(namespaceSync("RequestSync", ["/leaf/**"]));
  assertEquals(beginnings(leaf), 1);
  hub.advance(PAUSE_MS);
  leaf.send(namespaceSync("RequestSync", ["/leaf/**"]));
  assertEquals(beginnings(leaf), 1);
});

Deno.test("the comparison that had to wait begins by itself, and with what was asked for last", () => {
  const { hub, leaf } = setUp(PARAMS);
  leaf.send(namespaceSync("RequestSync", ["/leaf/**"]));
  leaf.send(namespaceSync("RequestSync", ["/leaf/1"]));
  leaf.send(namespaceSync("RequestSync", ["/leaf/2"]));
  leaf.read();
  hub.advance(PAUSE_MS);
  hub.flush();
  const [digest] = leaf.read().filter((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Digest"
  );
  assertEquals(digest?.type, "FEDERATION_SYNC");
});

Deno.test("a comparison that waits when its link ends is not begun", () => {
  const { hub, leaf } = setUp(PARAMS);
  leaf.send(namespaceSync("RequestSync", ["/leaf/**"]));
  leaf.send(namespaceSync("RequestSync", ["/leaf/**"]));
  leaf.read();
  hub.core.closed(leaf.id, "gone", hub.nowMicros);
  hub.advance(10 * PAUSE_MS);
  hub.flush();
  assertEquals(beginnings(leaf), 0);
});
