import { HEARTBEAT_MS, SYNCS_WAITING_MAX } from "../../../src/limits.ts";
import type { SyncMessage } from "../../../src/wire/message.ts";
import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { FederationNode } from "./federation_node.ts";
import { registerLeaf, type TestPeer } from "./test_peer.ts";

function answerTo(t1: number): SyncMessage {
  return { type: "SYNC", t1, t2: 1, t3: 1 };
}

function setUp(): { readonly hub: FederationNode; readonly leaf: TestPeer } {
  const hub = new FederationNode({ routerId: "hub" });
  return { hub, leaf: registerLeaf(hub, "leaf", ["/leaf/**"]) };
}

/** The SYNCs that came, and nothing of the rest. */
function syncs(leaf: TestPeer): number[] {
  return leaf.read().flatMap((message) => message.type === "SYNC" ? [message.t1] : []);
}

function beat(hub: FederationNode): void {
  hub.advance(HEARTBEAT_MS);
  hub.flush();
}

Deno.test("answers to SYNCs that were never sent are refused, and no sign of life", () => {
  const { hub, leaf } = setUp();
  for (let beats = 0; beats < 4; beats++) {
    assertEquals(leaf.closed, undefined);
    const refused = leaf.ask(answerTo(hub.nowMicros - 1), answerTo(hub.nowMicros + 1));
    assertEquals(refused.flatMap((message) => message.type === "ERROR" ? [message.code] : []), [
      101,
      101,
    ]);
    beat(hub);
  }
  assertStringIncludes(leaf.closed?.reason ?? "", "No answer to 3 heartbeats");
});

Deno.test("one answer is one sign of life, however often it is repeated", () => {
  const { hub, leaf } = setUp();
  hub.advance(1);
  const last = () => hub.federation.leafLink("leaf");
  const link = last();
  if (link !== undefined && "sendSync" in link) link.sendSync();
  hub.flush();
  const [t1 = 0] = syncs(leaf).slice(-1);
  leaf.send(answerTo(t1));
  for (let beats = 0; beats < 4; beats++) {
    leaf.send(answerTo(t1));
    beat(hub);
  }
  assertStringIncludes(leaf.closed?.reason ?? "", "No answer to 3 heartbeats");
});

Deno.test("a peer that answers late but always keeps its link", () => {
  const { hub, leaf } = setUp();
  const late: number[] = syncs(leaf);
  for (let beats = 0; beats < 2 * SYNCS_WAITING_MAX; beats++) {
    beat(hub);
    late.push(...syncs(leaf));
    if (late.length > 2) leaf.send(answerTo(late.shift() ?? 0));
    assertEquals(leaf.closed, undefined);
  }
});
