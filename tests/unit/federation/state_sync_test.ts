import type { DigestMessage } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertLess } from "../../support/assert.ts";
import { set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import { TestNetwork } from "./test_network.ts";
import { namespaceSync, registerHub, registerLeaf } from "./test_peer.ts";

const EXCHANGE = 1;
const NOTHING = { count: 0, high: 0, low: 0 } as const;

function step(fields: Partial<DigestMessage>): DigestMessage {
  return {
    type: "FEDERATION_SYNC",
    op: "Digest",
    exchangeId: EXCHANGE,
    more: false,
    idle: false,
    groups: [],
    lists: [],
    wants: [],
    ...fields,
  };
}

/** A hub with some params, and a leaf made of frames that has asked for a comparison. */
function setUp(params: number): {
  readonly hub: FederationNode;
  readonly leaf: ReturnType<typeof registerLeaf>;
} {
  const hub = new FederationNode({ routerId: "hub" });
  const client = hub.client();
  for (let n = 0; n < params; n++) client.ask(set(`/hub/${n}`, n));
  const leaf = registerLeaf(hub, "leaf", ["/leaf/**"]);
  leaf.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  leaf.ask(namespaceSync("RequestSync", ["/**"]));
  return { hub, leaf };
}

function setsIn(messages: readonly { readonly type: string }[]): number {
  return messages.filter(({ type }) => type === "SET").length;
}

Deno.test("what a peer lacks is sent once, however often it says so", () => {
  const { leaf } = setUp(50);
  const emptyList = { depth: 0, index: 0, versions: [] };
  const first = leaf.ask(step({ more: true, lists: [emptyList, emptyList] }));
  const again = leaf.ask(step({ more: true, lists: [emptyList] }));
  assertEquals([setsIn(first), setsIn(again)], [50, 0]);
});

Deno.test("what waits for a peer that does not read is queued once, not at each comparison", () => {
  const { hub, leaf } = setUp(50);
  hub.port.buffered.set(leaf.id, Infinity);
  for (let n = 0; n < 10; n++) {
    leaf.send(namespaceSync("RequestSync", ["/**"]));
    leaf.send(step({ exchangeId: EXCHANGE + 1 + n, root: NOTHING }));
    leaf.send(
      step({ exchangeId: EXCHANGE + 1 + n, lists: [{ depth: 0, index: 0, versions: [] }] }),
    );
  }
  leaf.read();
  hub.port.buffered.set(leaf.id, 0);
  hub.advance(100);
  hub.flush();
  assertEquals(setsIn(leaf.read()), 50);
});

Deno.test("a step of too many parts ends the link", () => {
  const { leaf } = setUp(1);
  const lists = Array.from({ length: 200 }, (_, index) => ({ depth: 4, index, versions: [] }));
  leaf.ask(step({ more: true, lists }));
  assertEquals(leaf.closed, undefined);
  leaf.ask(step({ more: true, lists }));
  assert(leaf.closed !== undefined);
});

Deno.test("a peer gets nothing outside of what is compared, whatever it asks for", () => {
  const { hub, leaf } = setUp(3);
  hub.client().ask(set("/leaf/own", 1));
  leaf.ask(namespaceSync("RequestSync", ["/leaf/**"]));
  const exchangeId = EXCHANGE + 1;
  const answers = leaf.ask(step({ exchangeId, wants: ["/hub/0", "/leaf/own", "/hub/1"] }));
  const told = answers.flatMap((message) => message.type === "SET" ? message.address : []);
  assertEquals(told, ["/leaf/own"]);
});

Deno.test("many requests in one turn are one comparison", () => {
  const { leaf } = setUp(10);
  const requests = Array.from({ length: 20 }, () => namespaceSync("RequestSync", ["/leaf/**"]));
  const answers = leaf.ask(...requests);
  const begun = answers.filter((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Digest" && message.root !== undefined
  );
  assertEquals(begun.length, 1);
});

Deno.test("as many imports and namespaces as are allowed still sync", () => {
  const network = new TestNetwork();
  const many = (prefix: string): string[] =>
    Array.from({ length: 600 }, (_, n) => `/${prefix}${n}/**`);
  const hub = network.add({ routerId: "hub" });
  const leaf = network.add({
    routerId: "leaf",
    hub: "hub",
    imports: many("i"),
    namespaces: many("n"),
  });
  network.advance(5_000);
  assertEquals([leaf.linkState(), hub.linkState("leaf")], ["Active", "Active"]);
  assertLess(leaf.events.filter(({ type }) => type === "refused").length, 1);
  hub.client().ask(set("/i599/x", 1));
  network.advance(100);
  assertEquals(leaf.core.params.get("/i599/x")?.value, encodeValue(1));
});

Deno.test("comparisons that end while a peer does not read are one SyncComplete, behind all versions", () => {
  const { hub, leaf } = setUp(50);
  hub.port.buffered.set(leaf.id, Infinity);
  for (let n = 0; n < 50; n++) {
    leaf.send(namespaceSync("RequestSync", ["/**"]));
    const exchangeId = EXCHANGE + 1 + n;
    // The last of them asks for what is here.
    if (n === 49) leaf.send(step({ exchangeId, root: NOTHING, more: true }));
    leaf.send(step({ exchangeId, idle: true }));
    leaf.send(step({ exchangeId, idle: true }));
  }
  leaf.read();
  hub.port.buffered.set(leaf.id, 0);
  hub.advance(100);
  hub.flush();
  const messages = leaf.read();
  const completed = messages.flatMap((message, index) =>
    message.type === "FEDERATION_SYNC" && message.op === "SyncComplete" ? [index] : []
  );
  const lastSet = messages.findLastIndex(({ type }) => type === "SET");
  assertEquals([setsIn(messages), completed.length], [50, 1]);
  assert((completed[0] ?? -1) > lastSet);
});

Deno.test("a SyncComplete is told once, and only of what was compared", () => {
  const { hub, leaf } = setUp(0);
  const told = () => hub.events.filter(({ type }) => type === "syncComplete");
  const many = ["/**", "/**", ...Array.from({ length: 500 }, (_, index) => `/made-up/${index}`)];
  leaf.send(namespaceSync("SyncComplete", many));
  leaf.send(namespaceSync("SyncComplete", ["/**"]));
  assertEquals(told(), [{ type: "syncComplete", routerId: "leaf", pattern: "/**" }]);
});

Deno.test("a leaf tells of no SyncComplete that it does not wait for", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  const told = () => leaf.events.filter(({ type }) => type === "syncComplete").length;
  const before = told();
  hub.send(namespaceSync("SyncComplete", ["/**"]), namespaceSync("SyncComplete", ["/**"]));
  assertEquals([before, told()], [1, 1]);
});
