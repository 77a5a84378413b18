import { PEERS_AWAY_MAX } from "../../../src/limits.ts";
import { SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { FederationNode } from "./federation_node.ts";
import { connectPeer, declaration, peerHello, registerLeaf } from "./test_peer.ts";

/** A hub with an event that waits for a leaf which is away. */
function setUp(): FederationNode {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  leaf.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  hub.core.closed(leaf.id, "cut", hub.nowMicros);
  hub.client().send({
    type: "PUBLISH",
    address: "/cue",
    signal: SIGNAL.event,
    phase: 0,
    value: encodeValue(1),
  });
  hub.flush();
  assertEquals(waitingFor(hub, "leaf"), 1);
  return hub;
}

function waitingFor(hub: FederationNode, routerId: string): number | undefined {
  return hub.federation.records.get(routerId)?.lane.waiting;
}

Deno.test("whoever says HELLO and no more takes no place among the peers that are away", () => {
  const hub = setUp();
  for (let index = 0; index <= PEERS_AWAY_MAX; index++) {
    const stranger = connectPeer(hub);
    stranger.send(peerHello(`stranger-${index}`));
    hub.core.closed(stranger.id, "gone", hub.nowMicros);
  }
  assertEquals(waitingFor(hub, "leaf"), 1);
  assertEquals(hub.federation.records.all().map(({ routerId }) => routerId), ["leaf"]);
});

Deno.test("a HELLO in the name of a peer that is away loses nothing that waits for it", () => {
  const hub = setUp();
  const stranger = connectPeer(hub);
  stranger.send(peerHello("leaf", { bootId: 99 }));
  hub.core.closed(stranger.id, "gone", hub.nowMicros);
  assertEquals([waitingFor(hub, "leaf"), hub.federation.records.get("leaf")?.bootId], [1, 1]);
  assertEquals(hub.events.filter(({ type }) => type === "eventLost"), []);
  const leaf = connectPeer(hub);
  leaf.send(peerHello("leaf"));
  leaf.send(declaration("leaf", []));
  assertEquals(hub.federation.records.get("leaf")?.hasLink, true);
});
