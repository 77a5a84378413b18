import { ALL_SIGNALS, type Message } from "../../../src/wire/message.ts";
import { decodeValue } from "../../../src/wire/value_codec.ts";
import { assertEquals } from "../../support/assert.ts";
import { FakeAuthenticator } from "../router/fake_authenticator.ts";
import { set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { connectPeer, declaration, peerHello, type TestPeer } from "./test_peer.ts";

const HIGH_WATER = 1_000;
const ADDRESSES = ["/a/1", "/shared/1", "/top/1"];

/** A hub, and a leaf that follows all it may and has stopped reading. */
function slowLeaf(): { readonly hub: FederationNode; readonly leaf: TestPeer } {
  const hub = new FederationNode({
    routerId: "hub",
    router: { outboxHighWaterBytes: HIGH_WATER },
    authenticator: new FakeAuthenticator({
      all: { scopes: ["admin:/**"] },
      a: { scopes: ["write:/a/**", "read:/shared/**"] },
    }),
  });
  const leaf = connectPeer(hub);
  leaf.send({ ...peerHello("a"), token: "a" });
  hub.answerTokens();
  hub.flush();
  leaf.send(declaration("a", ["/a/**"]));
  for (const [id, pattern] of ["/**", "/shared/**", "/top/**", "/a/**", "/*/1"].entries()) {
    leaf.send({ type: "SUBSCRIBE", id, pattern, types: ALL_SIGNALS });
  }
  leaf.read();
  hub.port.buffered.set(leaf.id, HIGH_WATER);
  return { hub, leaf };
}

function change(hub: FederationNode): void {
  const client = hub.clientWith("all");
  for (let value = 1; value <= 5; value++) {
    for (const address of ADDRESSES) client.send(set(address, value));
    hub.flush();
  }
  client.leave();
}

function drain(hub: FederationNode, leaf: TestPeer): readonly (readonly [unknown, unknown])[] {
  hub.port.buffered.set(leaf.id, 0);
  hub.advance(100);
  hub.flush();
  return leaf.read().flatMap((message: Message): [unknown, unknown][] => {
    if (message.type === "SET") return [[message.address, decodeValue(message.value)]];
    return message.type === "ERROR" ? [["ERROR", message.code]] : [];
  });
}

Deno.test("what is conflated for a slow leaf is what its token lets it read", () => {
  const { hub, leaf } = slowLeaf();
  change(hub);
  assertEquals(drain(hub, leaf), [["/a/1", 5], ["/shared/1", 5]]);
});

Deno.test("nothing that waited for a slow leaf is sent when its token is revoked", () => {
  const { hub, leaf } = slowLeaf();
  change(hub);
  assertEquals(leaf.read().filter(({ type }) => type === "SET"), []);
  hub.core.revoked("a", hub.nowMicros);
  change(hub);
  assertEquals(drain(hub, leaf), [["ERROR", 301]]);
  assertEquals([hub.core.queuedBytes, leaf.closed === undefined], [0, false]);
});
