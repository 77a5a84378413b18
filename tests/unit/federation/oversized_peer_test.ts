import { MAX_FEDERATION_PATTERNS, MAX_REVISION_ENTRIES } from "../../../src/limits.ts";
import { encodeFrame } from "../../../src/wire/frame.ts";
import { FrameTooLargeError } from "../../../src/wire/frame_too_large_error.ts";
import type { NamespaceSyncMessage } from "../../../src/wire/message.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { codeOf, set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { connectPeer, declaration, peerHello, registerLeaf, type TestPeer } from "./test_peer.ts";

function patterns(count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => `/leaf/${n}`);
}

function greeted(hub: FederationNode): TestPeer {
  const leaf = connectPeer(hub);
  leaf.send(peerHello("leaf"));
  leaf.read();
  return leaf;
}

Deno.test("a peer that declares one pattern too many is refused with 400, and owns nothing", () => {
  for (const split of [MAX_FEDERATION_PATTERNS + 1, 500]) {
    const hub = new FederationNode({ routerId: "hub" });
    const leaf = greeted(hub);
    const all = patterns(MAX_FEDERATION_PATTERNS + 1);
    leaf.send(declaration("leaf", all.slice(0, split), { more: split < all.length }));
    if (split < all.length) leaf.send(declaration("leaf", all.slice(split)));
    assertEquals(leaf.read().map(codeOf), [400]);
    assert(leaf.closed !== undefined);
    assertEquals([hub.federation.claims.size, [...hub.federation.leafIds()]], [0, []]);
  }
  const hub = new FederationNode({ routerId: "hub" });
  registerLeaf(hub, "leaf", patterns(MAX_FEDERATION_PATTERNS));
  assertEquals(hub.federation.claims.size, MAX_FEDERATION_PATTERNS);
});

Deno.test("a peer that declared as much as it may does not get more by declaring again", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", patterns(MAX_FEDERATION_PATTERNS));
  for (const more of ["/more/1", "/more/2"]) leaf.send(declaration("leaf", [more]));
  assertEquals(hub.federation.claims.of({ kind: "leaf", routerId: "leaf" }).length, 1);
  assertEquals(leaf.closed, undefined);
});

Deno.test("10,001 revisions fit no frame, and fewer are refused where nobody uses them", () => {
  const vector = (count: number): NamespaceSyncMessage => ({
    type: "FEDERATION_SYNC",
    op: "RevisionVector",
    patterns: [],
    revisions: Array.from({ length: count }, () => ["/a", 1] as const),
  });
  assertThrows(() => encodeFrame(vector(MAX_REVISION_ENTRIES + 1)), FrameTooLargeError);
  const hub = new FederationNode({ routerId: "hub" });
  const client = hub.client();
  client.send(set("/a", 1));
  client.read();
  assertEquals(codeOf(client.ask(vector(5_000))), 403);
  const leaf = registerLeaf(hub, "leaf", ["/a"]);
  assertEquals(leaf.ask(vector(5_000)).map(codeOf), [501]);
});
