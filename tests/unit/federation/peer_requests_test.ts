import { MAX_FEDERATION_PATTERNS, PEER_SUBSCRIPTIONS_MAX } from "../../../src/limits.ts";
import type { SubscribeMessage } from "../../../src/wire/message.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FederationNode } from "./federation_node.ts";
import { namespaceSync, registerLeaf } from "./test_peer.ts";

function subscribe(id: number): SubscribeMessage {
  return { type: "SUBSCRIBE", id, pattern: `/p/${id}`, types: 0xff };
}

Deno.test("a leaf may subscribe all that it imports, claims and wants beyond, and no more", () => {
  const leaf = registerLeaf(new FederationNode({ routerId: "hub" }), "leaf", ["/leaf/**"]);
  assertEquals(PEER_SUBSCRIPTIONS_MAX, 3 * MAX_FEDERATION_PATTERNS);
  const all = Array.from({ length: PEER_SUBSCRIPTIONS_MAX }, (_, id) => subscribe(id));
  const answers = leaf.ask(...all, subscribe(0)).filter(({ type }) => type !== "SYNC");
  assertEquals(answers.filter(({ type }) => type === "ERROR"), []);
  const [refused] = leaf.ask(subscribe(PEER_SUBSCRIPTIONS_MAX));
  assertEquals(refused?.type === "ERROR" && refused.code, 429);
  assertStringIncludes(refused?.type === "ERROR" ? refused.message : "", "at most 3000");
});

Deno.test("a peer's RequestSync of too many patterns, or of what it did not subscribe, is refused", () => {
  const leaf = registerLeaf(new FederationNode({ routerId: "hub" }), "leaf", ["/leaf/**"]);
  leaf.read();
  const codes = [
    namespaceSync("RequestSync", Array(MAX_FEDERATION_PATTERNS + 1).fill("/leaf/1")),
    namespaceSync("RequestSync", Array(60).fill("/leaf/".padEnd(1_020, "x"))),
    namespaceSync("RequestSync", ["/other"]),
  ].map((request) => leaf.ask(request).map((message) => message.type === "ERROR" && message.code));
  assertEquals(codes, [[400], [400], [403]]);
});
