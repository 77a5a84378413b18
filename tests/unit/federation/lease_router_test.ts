import {
  LEASE_ENTRIES_MAX,
  LEASE_HOPS_MAX,
  LEASE_LIFE_MS,
  LEASE_RENEWAL_MS,
  LEASES_MAX,
} from "../../../src/limits.ts";
import type { LeaseMessage, Message, SetMessage } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { codeOf, set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import {
  connectPeer,
  declaration,
  forwardReply,
  forwardRequest,
  namespaceSync,
  peerHello,
  registerHub,
  registerLeaf,
  type TestPeer,
} from "./test_peer.ts";

Deno.test("a request with a lock is given it, and its reply says so", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  assertEquals(replyOf(leaf.ask(...locking("/x"))), { code: undefined, locked: true });
  assertEquals(hub.core.locks.holder("/x"), "leaf/s");
  const client = hub.client();
  const error = client.ask(set("/x", 1));
  assertEquals(codeOf(error), 401);
  assertStringIncludes(error.type === "ERROR" ? error.message : "", "locked by leaf/s");
  assertEquals(replyOf(leaf.ask(...locking("/x", {}, "other"))).code, 401);
  assertEquals(replyOf(leaf.ask(...locking("/x", { lock: false }, ""))).code, 401);
  assertEquals(replyOf(leaf.ask(...locking("/x", { lock: false }))).locked, true);
  const unlocked = leaf.ask(...locking("/x", { lock: false, unlock: true }));
  assertEquals(replyOf(unlocked), { code: undefined, locked: false });
  assertEquals(client.ask(set("/x", 1)).type, "ACK");
});

Deno.test("a lock without a session that can hold it is refused", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  for (const session of ["", "a/b", "s".repeat(129), "é".repeat(65)]) {
    assertEquals(replyOf(leaf.ask(...locking("/x", {}, session))).code, 101, session);
    leaf.read();
  }
  assertEquals([hub.core.params.size, hub.core.locks.holder("/x")], [0, undefined]);
});

Deno.test("an owner that gave as many locks as it can refuses more, and changes nothing", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  for (let from = 0; from < LEASES_MAX; from += LEASE_ENTRIES_MAX) {
    const entries = Array.from({ length: LEASE_ENTRIES_MAX }, (_, index) => `/${from + index}`);
    const [answer] = leaf.ask(lease("renew", entries));
    assert(answer?.type === "FEDERATION_SYNC" && answer.op === "Lease");
    assertEquals([answer.kind, answer.entries.length], ["confirmed", LEASE_ENTRIES_MAX]);
  }
  assertEquals(replyOf(leaf.ask(...locking("/more"))).code, 503);
  assertEquals(hub.core.params.size, 0);
  assertEquals(kindsOf(leaf.ask(lease("renew", ["/more", "/0"]))), [
    "confirmed /0",
    "denied /more",
  ]);
  assertEquals(replyOf(leaf.ask(...locking("/0", { lock: false, unlock: true }))).code, undefined);
  assertEquals(replyOf(leaf.ask(...locking("/more"))).locked, true);
});

Deno.test("a client that asks for more locks elsewhere than its router keeps is refused", () => {
  const { leaf, hub } = leafOfHub();
  const client = leaf.client();
  for (let index = 0; index < LEASES_MAX; index++) client.send(set(`/${index}`, 1, { lock: true }));
  client.read();
  assertEquals(codeOf(client.ask(set("/more", 1, { lock: true }))), 503);
  leaf.flush();
  assertEquals(hub.read().length > 0, true);
});

Deno.test("a peer speaks for the locks of nobody who is reached by another link", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const near = activeLeaf(hub, "near", []);
  const evil = activeLeaf(hub, "evil", []);
  near.ask(...locking("/near", {}, "s", "near"));
  near.ask(...locking("/far", {}, "s", "far"));
  assertEquals([hub.core.locks.holder("/near"), hub.core.locks.holder("/far")], [
    "near/s",
    "far/s",
  ]);
  for (const [origin, address] of [["near", "/near"], ["far", "/far"]] as const) {
    for (const kind of ["renew", "release"] as const) {
      assertEquals(evil.ask(lease(kind, [address], { origin })).map(codeOf), [501]);
    }
    const unlock = locking(address, { lock: false, unlock: true }, "s", origin);
    assertEquals(replyOf(evil.ask(...unlock)).code, 501);
    assertEquals(hub.core.locks.holder(address), `${origin}/s`);
  }
  assertEquals(evil.ask(lease("release", ["/near"], { origin: "hub" })).map(codeOf), [403]);
  // What was reached by a link that is gone may be elsewhere now.
  hub.core.closed(near.id, "cut", hub.nowMicros);
  assertEquals(kindsOf(evil.ask(lease("renew", ["/far"], { origin: "far" }))), ["confirmed /far"]);
});

Deno.test("renewals and releases are passed on towards the owner, and its answers back", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const owner = activeLeaf(hub, "owner", ["/owner/**"]);
  const asker = activeLeaf(hub, "asker", []);
  const mixed = lease("renew", ["/owner/x", "/mine"], { origin: "far" });
  assertEquals(kindsOf(asker.ask(mixed)), ["confirmed /mine"]);
  const [passed] = owner.read();
  assertEquals(passed, { ...mixed, hops: 1, entries: mixed.entries.slice(0, 1) });
  const answer = lease("confirmed", ["/owner/x"], { origin: "far" });
  // Nobody but the owner answers for it.
  asker.send(answer);
  assertEquals(owner.read(), []);
  owner.send(answer);
  assertEquals(asker.read(), [{ ...answer, hops: 1 }]);
  owner.send(lease("confirmed", ["/mine"], { origin: "far" }));
  assertEquals(asker.read(), []);
  asker.send(lease("release", ["/owner/x"], { origin: "far" }));
  assertEquals(kindsOf(owner.read()), ["release /owner/x"]);
});

Deno.test("what goes round is dropped after so many routers", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  assertEquals(kindsOf(leaf.ask(lease("renew", ["/x"], { hops: LEASE_HOPS_MAX - 1 }))), [
    "confirmed /x",
  ]);
  assertEquals(leaf.ask(lease("release", ["/x"], { hops: LEASE_HOPS_MAX })).map(codeOf), [501]);
  assertEquals(hub.core.locks.holder("/x"), "leaf/s");
});

Deno.test("what is no lock is refused, and the rest of its message counts", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  const entries = [
    { address: "no-address", holder: "s" },
    { address: "/clasp/federation/x", holder: "s" },
    { address: "/x", holder: "" },
    { address: "/y", holder: "s" },
  ];
  const answers = leaf.ask({ ...lease("renew", []), entries });
  assertEquals(answers.slice(0, 3).map(codeOf), [200, 403, 101]);
  assertEquals(kindsOf(answers.slice(3)), ["confirmed /y"]);
  assertEquals(leaf.ask(lease("renew", ["/x"], { origin: "" })).map(codeOf), [101]);
  assertEquals(leaf.closed, undefined);
});

Deno.test("a peer that has not declared its namespaces has no locks", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = connectPeer(hub);
  leaf.ask(peerHello("leaf"));
  assertEquals(leaf.ask(lease("renew", ["/x"])).map(codeOf), [403]);
  assertEquals(hub.core.locks.holder("/x"), undefined);
});

Deno.test("a denial and an answer to an earlier process are told apart", () => {
  const { leaf, hub } = leafOfHub();
  const client = leaf.client();
  client.send(set("/x", 1, { lock: true }));
  leaf.flush();
  grant(hub, "/x");
  const ack = client.readOne();
  assert(ack.type === "ACK");
  assertEquals([ack.locked, ack.holder?.split("/")[0]], [true, "leaf"]);
  const session = ack.holder?.split("/")[1] ?? "";
  const { leases } = leaf.federation;
  const denied = { ...lease("denied", []), entries: [{ address: "/x", holder: session }] };
  hub.send({ ...denied, origin: "leaf", bootId: 6 });
  assertEquals(leases.holds("/x", session, leaf.nowMicros), true);
  hub.send({ ...denied, origin: "leaf", bootId: 7 });
  assertEquals(leases.holds("/x", session, leaf.nowMicros), false);
  const lost = leaf.events.findLast(({ type }) => type === "refused");
  assert(lost?.type === "refused");
  assertEquals(lost.code, 401);
  assertStringIncludes(lost.message, '"/x"');
});

Deno.test("an answer counts from when its renewal was sent, however late it comes", () => {
  const { leaf, hub } = leafOfHub();
  const client = leaf.client();
  client.send(set("/x", 1, { lock: true }));
  leaf.flush();
  grant(hub, "/x");
  const ack = client.readOne();
  const session = ack.type === "ACK" ? ack.holder?.split("/")[1] ?? "" : "";
  leaf.advance(LEASE_RENEWAL_MS);
  leaf.flush();
  const renewal = hub.read().find((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Lease"
  );
  assert(renewal?.type === "FEDERATION_SYNC" && renewal.op === "Lease");
  assertEquals([renewal.kind, renewal.entries], ["renew", [{ address: "/x", holder: session }]]);
  const sentMicros = leaf.nowMicros;
  leaf.advance(1_000);
  hub.send({ ...renewal, kind: "confirmed" });
  const until = sentMicros + LEASE_LIFE_MS * 1_000;
  const { leases } = leaf.federation;
  assertEquals(leases.holds("/x", session, until - 1), true);
  assertEquals(leases.holds("/x", session, until), false);
  // A time that has not come yet is no later than now.
  hub.send({ ...renewal, kind: "confirmed", sentMicros: 2 ** 53 - 1 });
  assertEquals(leases.holds("/x", session, leaf.nowMicros + LEASE_LIFE_MS * 1_000), false);
});

Deno.test("a lock that another session took when its address came here is told as lost", () => {
  const { leaf, hub } = leafOfHub();
  const owned = [{ ownerId: "other", live: true }];
  hub.send(declaration("hub", ["/leaf/stage/**"], { claims: owned }));
  const first = leaf.client();
  first.send(set("/leaf/stage/x", 1, { lock: true }));
  leaf.flush();
  grant(hub, "/leaf/stage/x");
  assertEquals(first.readOne().type, "ACK");
  leaf.core.locks.acquire("/leaf/stage/x", "another");
  hub.send(declaration("hub", []));
  leaf.advance(LEASE_RENEWAL_MS);
  const lost = leaf.events.findLast(({ type }) => type === "refused");
  assert(lost?.type === "refused");
  assertEquals([lost.code, lost.routerId], [401, "leaf"]);
  assertStringIncludes(lost.message, 'Lock of "/leaf/stage/x" by session');
});

/** A leaf below a hub by hand. */
function leafOfHub(): { readonly leaf: FederationNode; readonly hub: TestPeer } {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub", namespaces: ["/leaf/**"] });
  return { leaf, hub: registerHub(leaf, "hub") };
}

/** A leaf by hand whose link is Active on the hub's side. */
function activeLeaf(hub: FederationNode, id: string, patterns: readonly string[]): TestPeer {
  const leaf = registerLeaf(hub, id, patterns);
  leaf.send(namespaceSync("SyncComplete", ["/**"]), declaration(id, patterns));
  leaf.send({ type: "SYNC", t1: hub.nowMicros, t2: 1, t3: 1 });
  assertEquals(hub.linkState(id), "Active");
  leaf.read();
  return leaf;
}

/** Answers the last request that came: stamped, and locked. */
function grant(owner: TestPeer, address: string): void {
  const context = owner.read().findLast((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Forward"
  );
  assert(context?.type === "FEDERATION_SYNC" && context.op === "Forward");
  assert(context.kind === "request");
  const { origin, bootId, entries: [entry] } = context;
  owner.send(
    ...forwardReply(
      { origin, bootId, requestId: entry?.requestId ?? 0 },
      [set(address, 1, { revision: 1, ttl: 0 }), { timestampMicros: 1 }],
      "hub",
      true,
    ),
  );
}

let lastRequest = 0;

function locking(
  address: string,
  flags: { readonly lock?: boolean; readonly unlock?: boolean } = {},
  holder: string = "s",
  origin: string = "leaf",
): ReturnType<typeof forwardRequest> {
  const message: SetMessage = {
    type: "SET",
    address,
    value: encodeValue(1),
    lock: true,
    ...flags,
  };
  return forwardRequest(message, { origin, holder, requestId: ++lastRequest });
}

function lease(
  kind: LeaseMessage["kind"],
  addresses: readonly string[],
  fields: Partial<LeaseMessage> = {},
): LeaseMessage {
  return {
    type: "FEDERATION_SYNC",
    op: "Lease",
    kind,
    origin: "leaf",
    bootId: 1,
    sentMicros: 5,
    hops: 0,
    entries: addresses.map((address) => ({ address, holder: "s" })),
    ...fields,
  };
}

function kindsOf(messages: readonly Message[]): string[] {
  return messages.map((message) => {
    assert(message.type === "FEDERATION_SYNC" && message.op === "Lease", message.type);
    return `${message.kind} ${message.entries.map(({ address }) => address).join(" ")}`;
  });
}

function replyOf(
  messages: readonly Message[],
): { readonly code: number | undefined; readonly locked: boolean | undefined } {
  const at = messages.findIndex((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Forward"
  );
  const [context, answer] = messages.slice(at);
  assert(context?.type === "FEDERATION_SYNC" && context.op === "Forward");
  assert(context.kind === "reply");
  return {
    code: answer?.type === "ERROR" ? answer.code : undefined,
    locked: context.entries[0]?.locked,
  };
}
