import { HEARTBEAT_MS, NEWCOMER_BYTES_MAX, NEWCOMER_WAIT_MS } from "../../../src/limits.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { codeOf } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { answerSyncs, connectPeer, peerHello, registerLeaf, type TestPeer } from "./test_peer.ts";

/** A hub with a leaf, and a second process with the leaf's id that has said HELLO. */
function setUp(): {
  readonly hub: FederationNode;
  readonly old: TestPeer;
  readonly newcomer: TestPeer;
} {
  const hub = new FederationNode({ routerId: "hub" });
  const old = registerLeaf(hub, "leaf", ["/a/**"]);
  old.read();
  const newcomer = connectPeer(hub);
  newcomer.send(peerHello("leaf", { bootId: 2 }));
  return { hub, old, newcomer };
}

Deno.test("a newcomer is answered when the link that has its id did not show a sign of life", () => {
  const { hub, old, newcomer } = setUp();
  assertEquals(old.read().map(({ type }) => type), ["SYNC"]);
  hub.advance(NEWCOMER_WAIT_MS - 1);
  assertEquals([newcomer.read(), old.closed], [[], undefined]);
  hub.advance(1);
  hub.flush();
  assertStringIncludes(old.closed?.reason ?? "", "Superseded");
  assertEquals(newcomer.read().map(({ type }) => type), ["WELCOME"]);
});

Deno.test("only an answer to what was asked now is a sign of life", () => {
  const { hub, old, newcomer } = setUp();
  const [sync] = old.read();
  assert(sync?.type === "SYNC");
  old.send({ type: "PING" }, { type: "SYNC", t1: sync.t1 - 1, t2: 1, t3: 1 });
  assertEquals(newcomer.closed, undefined);
  old.send({ ...sync, t2: 1, t3: 1 });
  assertEquals(newcomer.read().map(codeOf), [409]);
  assertEquals(newcomer.closed?.reason, newcomerReason(old));
  hub.advance(NEWCOMER_WAIT_MS);
  assertEquals(old.closed, undefined);
});

Deno.test("an answer that was on its way when the newcomer came is no sign of life", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const old = registerLeaf(hub, "leaf", []);
  hub.advance(HEARTBEAT_MS);
  hub.flush();
  const heartbeat = old.read().findLast(({ type }) => type === "SYNC");
  assert(heartbeat?.type === "SYNC");
  hub.advance(10);
  const newcomer = connectPeer(hub);
  newcomer.send(peerHello("leaf", { bootId: 2 }));
  old.send({ ...heartbeat, t2: 1, t3: 1 });
  assertEquals(newcomer.closed, undefined);
  hub.advance(NEWCOMER_WAIT_MS);
  hub.flush();
  assertEquals(newcomer.read().map(({ type }) => type), ["WELCOME"]);
});

Deno.test("what a newcomer says while it waits is handled when it was let in", () => {
  const { hub, old, newcomer } = setUp();
  newcomer.send({ type: "SYNC", t1: 5 }, { type: "PING" });
  assertEquals(newcomer.read(), []);
  hub.core.closed(old.id, "gone", hub.nowMicros);
  hub.flush();
  assertEquals(newcomer.read().map(({ type }) => type), ["WELCOME", "SYNC", "PONG"]);
});

Deno.test("a newcomer that says too much while it waits is refused, and the link stays", () => {
  const { hub, old, newcomer } = setUp();
  hub.core.received(newcomer.id, new Uint8Array(NEWCOMER_BYTES_MAX), hub.nowMicros);
  assertEquals(newcomer.closed, undefined);
  hub.core.received(newcomer.id, new Uint8Array(1), hub.nowMicros);
  assertEquals(newcomer.read().map(codeOf), [101]);
  hub.advance(NEWCOMER_WAIT_MS);
  answerSyncs(old);
  assertEquals(old.closed, undefined);
});

Deno.test("a boot id that is known takes no link over that answers", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const old = registerLeaf(hub, "leaf", ["/a/**"]);
  answerSyncs(old);
  const forger = connectPeer(hub);
  forger.send(peerHello("leaf", { bootId: 1 }));
  assertEquals([forger.read(), old.closed], [[], undefined]);
  answerSyncs(old);
  assertEquals([forger.read().map(codeOf), forger.closed?.reason], [[409], newcomerReason(old)]);
  hub.advance(NEWCOMER_WAIT_MS);
  assertEquals(old.closed, undefined);
});

Deno.test("a process that comes back goes before another that waits for its id, not before itself", () => {
  const { hub, old, newcomer } = setUp();
  const back = connectPeer(hub);
  back.send(peerHello("leaf", { bootId: 1 }));
  assertEquals(newcomer.read().map(codeOf), [409]);
  const again = connectPeer(hub);
  again.send(peerHello("leaf", { bootId: 1 }));
  assertEquals(again.read().map(codeOf), [409]);
  hub.advance(NEWCOMER_WAIT_MS);
  hub.flush();
  assertStringIncludes(old.closed?.reason ?? "", "Superseded");
  assertEquals(back.read().map(({ type }) => type), ["WELCOME"]);
});

function newcomerReason(old: TestPeer): string {
  return `Router id "leaf" is in use from peer:${old.id}; set --federation-id`;
}
