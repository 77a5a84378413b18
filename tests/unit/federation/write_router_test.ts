import { WRITE_LIFE_MS } from "../../../src/limits.ts";
import {
  TIME_STAMPED_PAST_MAX_MICROS,
  VERSION_NUMBER_STAMPED_PAST_MAX,
} from "../../../src/state/version.ts";
import type { ForwardMessage, Message, SetMessage } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { codeOf, set, type TestConnection } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import {
  answerSyncs,
  declaration,
  forwardReply,
  forwardRequest,
  forwardVersion,
  namespaceSync,
  registerHub,
  registerLeaf,
  type TestPeer,
} from "./test_peer.ts";

/** A leaf below a hub by hand, and a client of the leaf. */
function setUp(options: { imports?: readonly string[] } = {}): {
  readonly leaf: FederationNode;
  readonly hub: TestPeer;
  readonly client: TestConnection;
} {
  const leaf = new FederationNode({
    routerId: "leaf",
    hub: "hub",
    namespaces: ["/leaf/**"],
    ...options,
  });
  const hub = registerHub(leaf, "hub");
  return { leaf, hub, client: leaf.client() };
}

Deno.test("a write to what another router owns becomes a request, and its answer the ACK", () => {
  const { leaf, hub, client } = setUp();
  client.subscribe("/**");
  hub.send(...forwardVersion("update", "/x", { revision: 4, timestampMicros: 40 }));
  client.read();
  client.send(set("/x", 2, { revision: 4 }));
  leaf.flush();
  assertEquals(client.read(), [], "not before the owner has answered");
  const { context, message } = readRequest(hub);
  assertEquals([context.origin, context.bootId], ["leaf", 7]);
  assertEquals(context.entries, [{
    requestId: 1,
    remainingLifeMs: WRITE_LIFE_MS,
    knownTimestampMicros: 40,
    knownRevision: 4,
    holder: "",
  }]);
  assertEquals([message.address, message.revision], ["/x", 4]);
  hub.send(...accepted(context, "/x", 5));
  assertEquals(client.read().map(({ type }) => type), ["SET", "ACK"], "merged, then answered");
  const version = leaf.core.params.get("/x");
  assertEquals([version?.revision, version?.origin], [5, "stamper"]);
});

Deno.test("a refusal of the owner reaches the client as it is", () => {
  const { leaf, hub, client } = setUp();
  client.send(set("/x", 2, { revision: 9 }));
  leaf.flush();
  const { context } = readRequest(hub);
  const error: Message = { type: "ERROR", code: 400, message: "no", address: "/x" };
  hub.send(...forwardReply(identityOf(context), error, ""));
  assertEquals(client.readOne(), { ...error, correlationId: undefined });
});

Deno.test("a write whose link is lost, or that nobody answers in time, ends in 502 once", () => {
  for (const loss of [true, false]) {
    const { leaf, hub, client } = setUp();
    client.send(set("/x", 1));
    leaf.flush();
    const { context } = readRequest(hub);
    if (loss) leaf.core.closed(hub.id, "cut", leaf.nowMicros);
    else {
      leaf.advance(WRITE_LIFE_MS - 1);
      leaf.flush();
      assertEquals(client.read(), []);
      answerSyncs(hub);
      leaf.advance(251);
      leaf.flush();
    }
    const error = client.readOne();
    assert(error.type === "ERROR");
    assertEquals([error.code, error.address], [502, "/x"]);
    assertStringIncludes(error.message, "may have been applied");
    hub.send(...accepted(context, "/x", 1));
    assertEquals(client.read(), []);
  }
});

Deno.test("an answer that comes too late is still a version like any other", () => {
  const { leaf, hub, client } = setUp();
  client.send(set("/x", 1));
  leaf.flush();
  const { context } = readRequest(hub);
  for (let second = 0; second < 6; second++) {
    leaf.advance(1_000);
    leaf.flush();
    answerSyncs(hub);
  }
  assertEquals(codeOf(client.readOne()), 502);
  hub.send(...accepted(context, "/x", 3));
  assertEquals(leaf.core.params.get("/x")?.revision, 3);
});

Deno.test("what is answered and not mirrored here is not kept", () => {
  const { leaf, hub, client } = setUp({ imports: ["/imported/**"] });
  client.send(set("/x", 1));
  leaf.flush();
  hub.send(...accepted(readRequest(hub).context, "/x", 1));
  assertEquals(client.readOne().type, "ACK");
  assertEquals(leaf.core.params.get("/x"), undefined);
});

Deno.test("what a router below owns is kept from its answer, whatever is imported", () => {
  const { leaf: middle } = setUp({ imports: ["/imported/**"] });
  const below = activeLeaf(middle, "below", ["/leaf/below/**"]);
  const client = middle.client();
  client.send(set("/leaf/below/x", 1));
  middle.flush();
  below.send(...accepted(readRequest(below).context, "/leaf/below/x", 1));
  assertEquals(client.readOne().type, "ACK");
  assertEquals(middle.core.params.get("/leaf/below/x")?.revision, 1);
});

Deno.test("a leaf's answer to a question that nobody asked changes nothing outside its claims", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", ["/leaf/**"]);
  const nobody = { origin: "hub", bootId: 7, requestId: 99 };
  const answer = (address: string) =>
    leaf.send(
      ...forwardReply(nobody, [set(address, 1, { revision: 1 }), { timestampMicros: 1 }]),
    );
  answer("/other/x");
  answer("/clasp/federation/x");
  answer("not-an-address");
  assertEquals(hub.core.params.size, 0);
  answer("/leaf/x");
  assertEquals(hub.core.params.size, 1);
});

Deno.test("an answer counts only from the link that was asked, about the address that was asked", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const owner = activeLeaf(hub, "owner", ["/owner/**"]);
  const other = activeLeaf(hub, "other", ["/other/**"]);
  const client = hub.client();
  const ask = () => {
    client.send(set("/owner/x", 1));
    hub.flush();
    const { context } = readRequest(owner);
    return context;
  };
  const context = ask();
  other.send(...accepted(context, "/owner/x", 9));
  other.send(...forwardReply(identityOf(context), { type: "ERROR", code: 400, message: "no" }));
  assertEquals([client.read(), hub.core.params.size], [[], 0]);
  owner.send(...accepted(context, "/owner/x", 1));
  assertEquals(client.readOne().type, "ACK");
  // About another address: nothing is known of the write that was asked for.
  owner.send(...accepted(ask(), "/other/x", 9));
  assertEquals(codeOf(client.readOne()), 502);
  assertEquals(hub.core.params.get("/other/x"), undefined);
});

Deno.test("with offline writes rejected, a write to an owner that is away is 501 and changes nothing", () => {
  const hub = new FederationNode({ routerId: "hub", offlineWrites: "reject" });
  const owner = activeLeaf(hub, "owner", ["/owner/**"]);
  const client = hub.client();
  hub.core.closed(owner.id, "cut", hub.nowMicros);
  const error = client.ask(set("/owner/x", 1));
  assertEquals(codeOf(error), 501);
  assertStringIncludes(error.type === "ERROR" ? error.message : "", '"owner"');
  assertEquals(hub.core.params.size, 0);
  // A link that is not proven yet does not count.
  registerLeaf(hub, "owner", ["/owner/**"]);
  assertEquals(codeOf(client.ask(set("/owner/x", 1))), 501);
});

Deno.test("a write to an owner that is away is stamped by a caretaker, which gives no locks", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const owner = activeLeaf(hub, "owner", ["/owner/**"]);
  const client = hub.client();
  hub.core.closed(owner.id, "cut", hub.nowMicros);
  assertEquals(codeOf(client.ask(set("/owner/x", 1, { lock: true }))), 501);
  assertEquals(hub.core.params.size, 0);
  const ack = client.ask(set("/owner/x", 1));
  assertEquals(ack.type === "ACK" && ack.revision, 1);
  assertEquals(hub.core.params.get("/owner/x")?.origin, "hub");
  assertEquals(codeOf(client.ask(set("/owner/x", 2, { revision: 0 }))), 400);
});

Deno.test("a router that does not mirror an address takes no care of it", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub", imports: ["/shared/**"] });
  const client = leaf.client();
  assertEquals(codeOf(client.ask(set("/elsewhere", 1))), 501);
  assertEquals(client.ask(set("/shared/x", 1)).type, "ACK");
});

Deno.test("what nobody claims is written at the root, and asked of the hub below it", () => {
  const root = new FederationNode({ routerId: "root", namespaces: ["/root/**"] });
  const client = root.client();
  assertEquals([client.ask(set("/any", 1)).type, client.ask(set("/root/x", 1)).type], [
    "ACK",
    "ACK",
  ]);
  const { leaf, hub, client: below } = setUp();
  assertEquals(below.ask(set("/leaf/x", 1)).type, "ACK");
  leaf.flush();
  hub.read();
  below.send(set("/any", 1));
  leaf.flush();
  assertEquals(readRequest(hub).message.address, "/any");
});

Deno.test("a request is decided by the owner: stamped above what the requester knew, answered with the stamp", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", ["/leaf/**"]);
  const client = hub.client();
  client.subscribe("/**");
  leaf.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  const knownTimestampMicros = hub.wallMicros + 5_000_000;
  const [reply, stamped, ...rest] = leaf.ask(
    ...forwardRequest(setOf("/any"), { requestId: 7, knownTimestampMicros, knownRevision: 8 }),
  );
  assertEquals(rest, [], "the answer is the only news to the requester");
  assert(reply?.type === "FEDERATION_SYNC" && reply.op === "Forward" && reply.kind === "reply");
  assertEquals([reply.origin, reply.bootId], ["elsewhere", 1]);
  assertEquals(reply.entries, [{ requestId: 7, stamperId: "hub", locked: false }]);
  assert(stamped?.type === "SET");
  assertEquals(stamped.revision, 9);
  const version = hub.core.params.get("/any");
  assertEquals([version?.revision, version?.timestampMicros], [9, knownTimestampMicros + 1]);
  assertEquals(client.readOne().type, "SET");
});

Deno.test("a request is refused as a client's write would be", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  const holder = hub.client();
  holder.ask(set("/locked", 1, { lock: true }));
  const cases: readonly (readonly [number, SetMessage])[] = [
    [400, setOf("/any", { revision: 3 })],
    [401, setOf("/locked")],
    [402, setOf("/any", { value: encodeValue(new Uint8Array(65_390)) })],
    [403, setOf("/clasp/federation/x")],
    [200, setOf("any")],
    [200, setOf(`/${"a".repeat(65_500)}`)],
  ];
  for (const [code, message] of cases) {
    assertEquals(codeOfAnswer(leaf.ask(...forwardRequest(message))), code);
  }
  assertEquals(hub.core.params.size, 1);
});

Deno.test("a request that claims to know a version beyond all numbers is refused", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  for (
    const [key, number] of [
      ["knownTimestampMicros", TIME_STAMPED_PAST_MAX_MICROS + 1],
      ["knownRevision", VERSION_NUMBER_STAMPED_PAST_MAX + 1],
    ] as const
  ) {
    const request = forwardRequest(setOf("/any"), { [key]: number });
    assertEquals(codeOfAnswer(leaf.ask(...request)), 101, key);
    assertEquals(hub.core.params.size, 0);
  }
  const largest = forwardRequest(setOf("/any"), {
    knownTimestampMicros: TIME_STAMPED_PAST_MAX_MICROS,
    knownRevision: VERSION_NUMBER_STAMPED_PAST_MAX,
  });
  assertEquals(codeOfAnswer(leaf.ask(...largest)), undefined);
});

Deno.test("a peer's request in the name of this router is refused, unless it has come round", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  const request = forwardRequest(setOf("/any"), { origin: "hub" });
  assertEquals(codeOfAnswer(leaf.ask(...request)), 403);
  assertEquals(hub.core.params.size, 0);
});

Deno.test("a request past its life is not applied", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const leaf = registerLeaf(hub, "leaf", []);
  const request = forwardRequest(setOf("/any"), { remainingLifeMs: 0 });
  assertEquals(codeOfAnswer(leaf.ask(...request)), 501);
  assertEquals(hub.core.params.size, 0);
});

Deno.test("a request is passed on to the owner with its identity and less life, and its answer back", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const owner = activeLeaf(hub, "owner", ["/owner/**"]);
  const asker = activeLeaf(hub, "asker", []);
  asker.send({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  const request = forwardRequest(setOf("/owner/x"), {
    origin: "far",
    requestId: 3,
    remainingLifeMs: 60_000,
    knownRevision: 2,
  });
  assertEquals(asker.ask(...request), []);
  const { context } = readRequest(owner);
  assertEquals([context.origin, context.bootId], ["far", 1]);
  assertEquals(context.entries[0]?.knownRevision, 2);
  assertEquals(context.entries[0]?.remainingLifeMs, WRITE_LIFE_MS, "no longer than requests live");
  owner.send(...accepted(context, "/owner/x", 3));
  const [reply, stamped, ...rest] = asker.read();
  assert(reply?.type === "FEDERATION_SYNC" && reply.op === "Forward" && reply.kind === "reply");
  assertEquals(reply.entries, [{ requestId: 3, stamperId: "stamper", locked: false }]);
  assertEquals(stamped?.type === "SET" && stamped.revision, 3);
  assertEquals(rest, [], "told by the answer only");
});

Deno.test("a request that comes round is decided by whoever sees it twice", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const owner = activeLeaf(hub, "owner", ["/owner/**"]);
  const asker = activeLeaf(hub, "asker", []);
  const request = forwardRequest(setOf("/owner/x"), { origin: "far", requestId: 3 });
  asker.send(...request);
  readRequest(owner);
  assertEquals(codeOfAnswer(owner.ask(...request)), undefined);
  assertEquals(hub.core.params.get("/owner/x")?.origin, "hub");
});

Deno.test("a request with the number of another one is asked of the owner, or refused", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const owner = activeLeaf(hub, "owner", ["/owner/**"]);
  const near = activeLeaf(hub, "near", []);
  const other = activeLeaf(hub, "other", ["/other/**"]);
  // Parked: nobody answers it.
  const far = { origin: "far", requestId: 7 };
  other.send(...forwardRequest(setOf("/other/x"), far));
  near.read();
  assertEquals(codeOfAnswer(near.ask(...forwardRequest(setOf("/owner/x"), far))), 501);
  assertEquals(hub.core.params.size, 0);
  // A router that has a link of its own speaks for itself.
  other.read();
  const own = { origin: "near", requestId: 8 };
  assertEquals(codeOfAnswer(other.ask(...forwardRequest(setOf("/other/x"), own))), 501);
  assertEquals(near.ask(...forwardRequest(setOf("/owner/x"), own)), []);
  assertEquals(readRequest(owner).context.origin, "near");
});

Deno.test("only its owner gives a lock: no caretaker, and nobody who sees the request twice", () => {
  const hub = new FederationNode({ routerId: "hub" });
  const owner = activeLeaf(hub, "owner", ["/owner/**"]);
  const asker = activeLeaf(hub, "asker", []);
  for (const flags of [{ lock: true }, { unlock: true }]) {
    const options = { origin: "far", requestId: flags.lock ? 1 : 2, holder: "s" };
    const request = forwardRequest(setOf("/owner/x", flags), options);
    asker.send(...request);
    assertEquals(readRequest(owner).context.entries[0]?.holder, "s");
    assertEquals(codeOfAnswer(owner.ask(...request)), 501);
  }
  hub.core.closed(owner.id, "cut", hub.nowMicros);
  hub.flush();
  asker.read();
  for (const flags of [{ lock: true }, { unlock: true }]) {
    const options = { origin: "far", requestId: 3, holder: "s" };
    const request = forwardRequest(setOf("/owner/x", flags), options);
    assertEquals(codeOfAnswer(asker.ask(...request)), 501);
  }
  assertEquals([hub.core.params.size, hub.core.locks.holder("/owner/x")], [0, undefined]);
});

/** A leaf by hand whose link is Active on the hub's side. */
function activeLeaf(hub: FederationNode, id: string, patterns: readonly string[]): TestPeer {
  const leaf = registerLeaf(hub, id, patterns);
  // Registering read the SYNC that proves the link; the next heartbeat brings another.
  leaf.send(namespaceSync("SyncComplete", ["/**"]), declaration(id, patterns));
  leaf.send({ type: "SYNC", t1: hub.nowMicros, t2: 1, t3: 1 });
  assertEquals(hub.linkState(id), "Active");
  leaf.read();
  return leaf;
}

function readRequest(peer: TestPeer): {
  readonly context: ForwardMessage & { readonly kind: "request" };
  readonly message: SetMessage;
} {
  const messages = peer.read();
  const at = messages.findIndex((message) =>
    message.type === "FEDERATION_SYNC" && message.op === "Forward"
  );
  const [context, message] = messages.slice(at);
  assert(context?.type === "FEDERATION_SYNC" && context.op === "Forward");
  assert(context.kind === "request" && message?.type === "SET");
  return { context, message };
}

function identityOf(
  context: ForwardMessage & { readonly kind: "request" },
): { readonly origin: string; readonly bootId: number; readonly requestId: number } {
  const { origin, bootId, entries: [entry] } = context;
  return { origin, bootId, requestId: entry?.requestId ?? 0 };
}

function accepted(
  context: ForwardMessage & { readonly kind: "request" },
  address: string,
  revision: number,
): ReturnType<typeof forwardReply> {
  return forwardReply(identityOf(context), [set(address, 1, { revision, ttl: 0 }), {
    timestampMicros: 1_000 + revision,
  }]);
}

/** The code in the answer to a request; undefined when it was accepted. */
function codeOfAnswer(messages: readonly Message[]): number | undefined {
  const [context, answer] = messages;
  assert(context?.type === "FEDERATION_SYNC" && context.op === "Forward");
  assertEquals(context.kind, "reply");
  return answer?.type === "ERROR" ? answer.code : undefined;
}

function setOf(address: string, fields: Partial<SetMessage> = {}): SetMessage {
  return { type: "SET", address, value: encodeValue(1), ...fields };
}
