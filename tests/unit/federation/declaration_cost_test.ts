import {
  DECLARATION_WORK_BURST,
  DECLARATION_WORK_MIN,
  DECLARATION_WORK_PER_SECOND,
} from "../../../src/limits.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FEATURE } from "../../../src/wire/message.ts";
import { FederationNode } from "./federation_node.ts";
import {
  connectPeer,
  declaration,
  namespaceSync,
  peerHello,
  registerLeaf,
  type TestPeer,
} from "./test_peer.ts";

/** Declares something else each time until the link ends; how often that was. */
function churn(leaf: TestPeer, timesMax: number): number {
  let times = 0;
  for (; times < timesMax && leaf.closed === undefined; times++) {
    leaf.send(declaration("leaf", [`/leaf/${times % 2}`]));
  }
  return times;
}

Deno.test("a leaf that declares without end is sent away with 429, and is not back at once", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", ["/leaf/**"]);
  const burst = DECLARATION_WORK_BURST / DECLARATION_WORK_MIN;
  assertEquals(churn(leaf, 2 * burst), burst);
  const [error] = leaf.read().filter(({ type }) => type === "ERROR");
  assertEquals(error?.type === "ERROR" && error.code, 429);
  assertStringIncludes(
    leaf.closed?.reason ?? "",
    "too many were declared from this address lately",
  );

  const again = connectPeer(hub);
  again.send(peerHello("leaf"));
  again.send(declaration("leaf", ["/leaf/**"]));
  assertEquals(again.closed?.code, 1008, "a new connection is no way around");

  hub.advance(1_000 * DECLARATION_WORK_BURST / DECLARATION_WORK_PER_SECOND);
  const later = registerLeaf(hub, "leaf", ["/leaf/**"]);
  assertEquals([later.closed, churn(later, 100)], [undefined, 100]);
});

Deno.test("a legacy leaf that declares without end is sent away alike", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = connectPeer(hub);
  leaf.send({
    type: "HELLO",
    version: 1,
    features: FEATURE.param | FEATURE.federation,
    name: "public leaf",
  });
  const burst = DECLARATION_WORK_BURST / DECLARATION_WORK_MIN;
  let times = 0;
  for (; times < 2 * burst && leaf.closed === undefined; times++) {
    leaf.send({ ...namespaceSync("DeclareNamespaces", ["/public/**"]), origin: "public" });
  }
  assertEquals(times, burst + 1);
});
