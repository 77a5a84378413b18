import {
  BUNDLE_AHEAD_MAX_MS,
  BUNDLES_WAITING_PER_PEER_MAX,
  SHARES_SENT_MAX,
  SHARES_SENT_PER_PEER_MAX,
  WRITE_LIFE_MS,
} from "../../../src/limits.ts";
import type {
  ForwardMessage,
  Message,
  ShareEntry,
  ShareReplyEntry,
} from "../../../src/wire/message.ts";
import { SIGNAL } from "../../../src/wire/message.ts";
import { encodeValue } from "../../../src/wire/value_codec.ts";
import { assert, assertEquals, assertGreater, assertStringIncludes } from "../../support/assert.ts";
import { set } from "../router/test_router.ts";
import { FederationNode } from "./federation_node.ts";
import {
  connectPeer,
  declaration,
  forwardVersion,
  type Frame,
  namespaceSync,
  peerHello,
  registerHub,
  registerLeaf,
  type TestPeer,
} from "./test_peer.ts";

const EVENT: Message = {
  type: "PUBLISH",
  address: "/x/e",
  signal: SIGNAL.event,
  phase: 0,
  value: encodeValue(1),
};

Deno.test("a share is done as a whole by the owner, whose answer has its last revision", () => {
  const { hub, leaf } = hubAndLeaf();
  const reader = hub.client();
  reader.subscribe("/**");
  const answers = leaf.ask(...share([set("/x/1", 1), EVENT, set("/x/1", 2)]));
  assertEquals(answersOf(answers), [{ requestId: 1, afterwards: false, lateMs: 0, code: 0 }]);
  assertEquals(answers.findLast(({ type }) => type === "ACK"), { ...ACK, revision: 2 });
  assertEquals(reader.read().map(({ type }) => type), ["SET", "PUBLISH", "SET"]);
});

Deno.test("a stamp of a share exceeds what its router knew", () => {
  const { hub, leaf } = hubAndLeaf();
  const knownTimestampMicros = hub.wallMicros + 3_600_000_000;
  leaf.ask(...share([set("/x/1", 1)], { knownTimestampMicros }));
  assertGreater(hub.core.params.get("/x/1")?.timestampMicros ?? 0, knownTimestampMicros);
});

/** What a peer may say, and with what it is refused. */
const REFUSED: readonly (readonly [string, number, readonly Message[], ShareOptions])[] = [
  ["nothing in it", 101, [], {}],
  ["an address that is none", 200, [set("x", 1)], {}],
  ["an address of routers", 403, [set("/clasp/federation/x", 1)], {}],
  ["an event there", 403, [{ ...EVENT, address: "/clasp/federation/x" } as Message], {}],
  ["a param that is published", 101, [{ ...EVENT, signal: SIGNAL.param } as Message], {}],
  ["another message", 101, [{ type: "GET", address: "/x" }], {}],
  ["a bundle with a time in it", 101, [{ type: "BUNDLE", timestampMicros: 5, messages: [] }], {}],
  ["a value too large", 402, [set("/x/1", new Uint8Array(65_390))], {}],
  ["a timestamp that none can follow", 101, [set("/x/1", 1)], {
    knownTimestampMicros: 2 ** 53 - 1,
  }],
  ["this router as its origin", 403, [set("/x/1", 1)], { origin: "hub" }],
  ["another leaf as its origin", 501, [set("/x/1", 1)], { origin: "other" }],
  ["another leaf as its origin and no session", 501, [set("/x/1", 1)], {
    origin: "other",
    holder: "",
  }],
  ["no life left", 501, [set("/x/1", 1)], { remainingLifeMs: 0 }],
  ["a lock without a session", 101, [set("/x/1", 1, { lock: true })], { holder: "" }],
  ["a session that is none", 101, [set("/x/1", 1)], { holder: "a/b" }],
];

for (const [what, code, parts, options] of REFUSED) {
  Deno.test(`a share with ${what} is refused, and nothing of it is done`, () => {
    const { hub, leaf } = hubAndLeaf();
    registerLeaf(hub, "other", []);
    const reader = hub.client();
    reader.subscribe("/**");
    const messages = parts.length === 1 && code !== 402 ? [set("/x/0", 0), ...parts] : parts;
    for (const runAtMicros of [0, hub.wallMicros + 1_000_000]) {
      const answers = answersOf(leaf.ask(...share(messages, { runAtMicros, ...options })));
      assertEquals(answers.map((answer) => answer.code), [code]);
    }
    hub.advance(1_500);
    assertEquals([reader.read(), hub.core.params.size], [[], 0]);
    assertEquals(hub.core.bundles.waiting, 0);
  });
}

Deno.test("a share further ahead than a day is refused", () => {
  const { hub, leaf } = hubAndLeaf();
  const ask = (aheadMs: number, requestId: number) =>
    answersOf(leaf.ask(...share([EVENT], {
      runAtMicros: hub.wallMicros + aheadMs * 1_000,
      requestId,
    })))[0]?.code;
  assertEquals(ask(BUNDLE_AHEAD_MAX_MS + WRITE_LIFE_MS, 1), 0);
  assertEquals(ask(BUNDLE_AHEAD_MAX_MS + WRITE_LIFE_MS + 1, 2), 402);
});

Deno.test("a context of shares covers bundles only, and one of their answers ACK and ERROR", () => {
  const { hub, leaf } = hubAndLeaf();
  const [context] = share([]);
  assert(context.kind === "share");
  const { entries: _, ...base } = context;
  const answer: ForwardMessage = {
    ...base,
    kind: "shareReply",
    entries: [{ requestId: 1, afterwards: false, lateMs: 0 }],
  };
  for (const frames of [[context, set("/x/1", 1)], [answer, set("/x/1", 1)]] as const) {
    assertEquals(leaf.ask(...frames).map((error) => error.type === "ERROR" && error.code), [101]);
  }
  assertEquals(hub.core.params.size, 0);
});

Deno.test("a share that waits is not taken a second time, and may be taken back by who sent it", () => {
  const { hub, leaf } = hubAndLeaf();
  const other = registerLeaf(hub, "other", []);
  const runAtMicros = hub.wallMicros + 1_000_000;
  const ask = () => answersOf(leaf.ask(...share([set("/x/1", 1)], { runAtMicros })))[0]?.code;
  assertEquals([ask(), ask()], [0, 501]);
  other.ask(CANCEL);
  leaf.ask({ ...CANCEL, bootId: 2 });
  assertEquals(hub.core.bundles.waiting, 1);
  leaf.ask(CANCEL);
  assertEquals(hub.core.bundles.waiting, 0);
  assertEquals(ask(), 0);
  hub.advance(1_000);
  assertEquals(hub.core.params.get("/x/1")?.revision, 1);
});

Deno.test("a share is not taken back by who has not declared, whatever its name", () => {
  const { hub, leaf } = hubAndLeaf();
  leaf.ask(...share([set("/x/1", 1)], { runAtMicros: hub.wallMicros + 1_000_000 }));
  hub.core.closed(leaf.id, "cut", hub.nowMicros);
  const newcomer = connectPeer(hub);
  newcomer.send(peerHello("leaf"));
  newcomer.read();
  const refused = newcomer.ask(CANCEL).map((error) => error.type === "ERROR" && error.code);
  assertEquals([refused, hub.core.bundles.waiting], [[403], 1]);
});

Deno.test("a share whose BUNDLE has a time is refused, or it would be done at another", () => {
  const { hub, leaf } = hubAndLeaf();
  const [context] = share([]);
  const timed: Message = {
    type: "BUNDLE",
    timestampMicros: hub.wallMicros + 1_000_000,
    messages: [set("/x/1", 1)],
  };
  assertEquals(answersOf(leaf.ask(context, timed)).map(({ code }) => code), [101]);
  assertEquals([hub.core.params.size, hub.core.bundles.waiting], [0, 0]);
});

Deno.test("so many shares of one peer wait and no more, also when it comes anew", () => {
  const { hub, leaf } = hubAndLeaf();
  const runAtMicros = hub.wallMicros + 60_000_000;
  const ask = (peer: TestPeer, requestId: number) =>
    answersOf(peer.ask(...share([EVENT], { runAtMicros, requestId })))[0]?.code;
  for (let id = 1; id <= BUNDLES_WAITING_PER_PEER_MAX; id++) assertEquals(ask(leaf, id), 0);
  assertEquals(ask(leaf, BUNDLES_WAITING_PER_PEER_MAX + 1), 429);
  hub.core.closed(leaf.id, "gone", hub.nowMicros);
  const again = registerLeaf(hub, "leaf", []);
  assertEquals(ask(again, BUNDLES_WAITING_PER_PEER_MAX + 1), 429);
  const other = registerLeaf(hub, "other", []);
  assertEquals(
    answersOf(other.ask(...share([EVENT], { runAtMicros, origin: "other" })))[0]?.code,
    0,
  );
});

Deno.test("a share for a leaf is passed on as it came, with less life, and its answer back", () => {
  const { hub, leaf, owner } = hubLeafAndOwner();
  const parts = [set("/o/1", 1), set("/o/2", 2, { revision: 3 })];
  const [context, bundle] = share(parts, { runAtMicros: 0, knownTimestampMicros: 9 });
  assertEquals(answersOf(leaf.ask(context, bundle)), []);
  const [passed, frame] = owner.read();
  assert(passed?.type === "FEDERATION_SYNC" && passed.op === "Forward" && passed.kind === "share");
  assertEquals([passed.origin, passed.bootId], ["leaf", 1]);
  assertEquals(passed.entries, context.kind === "share" ? context.entries : []);
  assertEquals(frame?.type === "BUNDLE" && frame.messages.length, 2);
  assertEquals(hub.core.params.size, 0);
  owner.send(...answer({ lateMs: 12 }));
  const answers = leaf.read();
  assertEquals(answersOf(answers), [{ requestId: 1, afterwards: false, lateMs: 12, code: 0 }]);
  assertEquals(hub.federation.shares.sent, 0);
});

Deno.test("answers count from the link that was asked, once", () => {
  const { hub, leaf, owner } = hubLeafAndOwner();
  const other = registerLeaf(hub, "other", []);
  const runAtMicros = hub.wallMicros + 1_000_000;
  leaf.ask(...share([set("/o/1", 1)], { runAtMicros }));
  other.send(...answer({}));
  // What it says of its time counts when it has accepted.
  owner.send(...answer({ afterwards: true }, 401));
  assertEquals(answersOf(leaf.read()), []);
  owner.send(...answer({}));
  owner.send(...answer({}, 401));
  other.send(...answer({ afterwards: true }, 401));
  assertEquals(answersOf(leaf.read()).map(({ code }) => code), [0]);
  owner.send(...answer({ afterwards: true }, 401));
  owner.send(...answer({ afterwards: true }, 401));
  assertEquals(answersOf(leaf.read()).map(({ code, afterwards }) => [code, afterwards]), [
    [401, true],
  ]);
});

Deno.test("a share that is passed on is taken back by who sent it only", () => {
  const { hub, leaf, owner } = hubLeafAndOwner();
  const other = registerLeaf(hub, "other", []);
  leaf.ask(...share([set("/o/1", 1)], { runAtMicros: hub.wallMicros + 1_000_000 }));
  owner.read();
  other.send(CANCEL);
  assertEquals(owner.read(), []);
  leaf.send(CANCEL);
  assertEquals(owner.read(), [CANCEL]);
  assertEquals(hub.federation.shares.sent, 0);
});

Deno.test("a share without an answer is answered with 502 when its life is over, or its link is lost", () => {
  const { hub, leaf, owner } = hubLeafAndOwner();
  leaf.ask(...share([set("/o/1", 1)]));
  hub.advance(WRITE_LIFE_MS + 250);
  hub.flush();
  assertEquals(answersOf(leaf.read()).map(({ code }) => code), [502]);
  leaf.ask(...share([set("/o/1", 1)]));
  hub.core.closed(owner.id, "cut", hub.nowMicros);
  hub.flush();
  assertEquals(answersOf(leaf.read()).map(({ code }) => code), [502]);
});

Deno.test("addresses that go different ways are no share: their owner changed", () => {
  const { leaf } = hubLeafAndOwner();
  for (const parts of [["/o/1", "/x/1"], ["/x/1", "/o/1"]] as const) {
    const [answered] = leaf.ask(...share(parts.map((address) => set(address, 1)))).slice(-1);
    assert(answered?.type === "ERROR");
    assertEquals(answered.code, 501);
    assertStringIncludes(answered.message, "its owner changed");
  }
});

Deno.test("a share is not sent back to where it came from", () => {
  const { leaf, owner } = hubLeafAndOwner();
  const back = owner.ask(...share([set("/o/1", 1)], { origin: "owner" }));
  assertEquals(answersOf(back).map(({ code }) => code), [501]);
  assertEquals(leaf.read().filter(({ type }) => type === "BUNDLE"), []);
});

Deno.test("so many shares of one peer, and of all, are on their way, and no more", () => {
  const { hub, leaf, owner } = hubLeafAndOwner();
  const peers = [leaf, registerLeaf(hub, "other", []), registerLeaf(hub, "third", [])];
  const codes = peers.map((peer, index) => {
    const origin = ["leaf", "other", "third"][index] ?? "";
    for (let requestId = 1;; requestId++) {
      const [refused] = answersOf(peer.ask(...share([EVENT_AT_OWNER], { origin, requestId })));
      if (requestId % 500 === 0) owner.read();
      if (refused !== undefined) return [refused.code, requestId - 1];
    }
  });
  assertEquals(codes, [
    [429, SHARES_SENT_PER_PEER_MAX],
    [429, SHARES_SENT_PER_PEER_MAX],
    [503, SHARES_SENT_MAX - 2 * SHARES_SENT_PER_PEER_MAX],
  ]);
});

Deno.test("a client's bundle for several owners asks each once, and of a legacy hub nobody", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub", namespaces: ["/leaf/**"] });
  const hub = registerHub(leaf, "hub");
  hub.send(declaration("hub", ["/o/**"], { claims: [{ ownerId: "o", live: true }] }));
  hub.read();
  const client = leaf.client();
  client.send({ type: "BUNDLE", messages: [set("/leaf/1", 1), set("/o/1", 1), set("/n/1", 1)] });
  leaf.flush();
  const shares = hub.read().filter(({ type }) => type === "BUNDLE");
  assertEquals(shares.map((message) => message.type === "BUNDLE" && message.messages.length), [
    1,
    1,
  ]);
  assertEquals(leaf.core.params.get("/leaf/1")?.revision, 1);
  leaf.core.closed(hub.id, "cut", leaf.nowMicros);
  const error = client.read().find(({ type }) => type === "ERROR");
  assert(error?.type === "ERROR");
  assertEquals(error.code, 502);
  assertStringIncludes(error.message, 'the share of router "o" ("/o/1")');
  assertStringIncludes(error.message, 'the share of the root ("/n/1")');
});

Deno.test("what a slow link has not sent of a share's addresses comes before the answer", () => {
  const { hub, leaf, owner } = hubLeafAndOwner();
  leaf.ask({ type: "SUBSCRIBE", id: 1, pattern: "/**", types: 0xff });
  hub.port.buffered.set(leaf.id, SLOW_BYTES);
  leaf.send(...share([set("/x/1", 1), set("/x/2", 1)]));
  leaf.send(...share([set("/o/1", 1)], { requestId: 2 }));
  owner.send(
    ...forwardVersion("update", "/o/1", { origin: "owner", timestampMicros: hub.wallMicros }),
    ...answer({ requestId: 2 }),
  );
  hub.port.buffered.delete(leaf.id);
  hub.advance(100);
  const told = leaf.read().flatMap((message) =>
    message.type === "SET" ? [message.address] : message.type === "ACK" ? ["ACK"] : []
  );
  assertEquals(told, ["/x/1", "/x/2", "ACK", "/o/1", "ACK"]);
});

Deno.test("a version that waits for a slow link comes before a share that is about its address", () => {
  const leaf = new FederationNode({ routerId: "leaf", hub: "hub" });
  const hub = registerHub(leaf, "hub");
  const client = leaf.client();
  leaf.port.buffered.set(hub.id, SLOW_BYTES);
  leaf.core.params.stamp({ address: "/n/1", value: encodeValue(1), holder: "" });
  leaf.core.params.stamp({ address: "/n/2", value: encodeValue(1), holder: "" });
  client.send({ type: "BUNDLE", messages: [set("/n/1", 2, { revision: 1 })] });
  leaf.flush();
  leaf.port.buffered.delete(hub.id);
  leaf.advance(100);
  const told = hub.read().flatMap((message) =>
    message.type === "SET" ? [message.address] : message.type === "BUNDLE" ? ["BUNDLE"] : []
  );
  assertEquals(told, ["/n/1", "BUNDLE", "/n/2"]);
});

const SLOW_BYTES = 10_000_000;
const EVENT_AT_OWNER = { ...EVENT, address: "/o/e" } as Message;
const CANCEL = {
  type: "FEDERATION_SYNC",
  op: "ShareCancel",
  origin: "leaf",
  bootId: 1,
  requestId: 1,
} as const;
const ACK = {
  type: "ACK",
  address: undefined,
  revision: undefined,
  locked: undefined,
  holder: undefined,
  correlationId: undefined,
} as const;

type ShareOptions = Partial<ShareEntry> & { readonly origin?: string };

function hubAndLeaf() {
  const hub = new FederationNode({ routerId: "hub" });
  return { hub, leaf: registerLeaf(hub, "leaf", []) };
}

/** The owner's link is Active. */
function hubLeafAndOwner() {
  const { hub, leaf } = hubAndLeaf();
  const owner = registerLeaf(hub, "owner", ["/o/**"]);
  owner.send(namespaceSync("SyncComplete", ["/**"]));
  owner.send({ type: "SYNC", t1: hub.nowMicros, t2: 1, t3: 1 });
  owner.read();
  assertEquals(hub.linkState("owner"), "Active");
  return { hub, leaf, owner };
}

function share(
  messages: readonly Message[],
  { origin = "leaf", ...entry }: ShareOptions = {},
): readonly [ForwardMessage, Frame] {
  return [{
    type: "FEDERATION_SYNC",
    op: "Forward",
    kind: "share",
    origin,
    bootId: 1,
    count: 1,
    entries: [{
      requestId: 1,
      remainingLifeMs: WRITE_LIFE_MS,
      runAtMicros: 0,
      knownTimestampMicros: 0,
      holder: "s",
      ...entry,
    }],
  }, { type: "BUNDLE", messages }];
}

function answer(
  entry: Partial<ShareReplyEntry>,
  code?: number,
): readonly [ForwardMessage, Frame] {
  return [{
    type: "FEDERATION_SYNC",
    op: "Forward",
    kind: "shareReply",
    origin: "leaf",
    bootId: 1,
    count: 1,
    entries: [{ requestId: 1, afterwards: false, lateMs: 0, ...entry }],
  }, code === undefined ? { type: "ACK" } : { type: "ERROR", code, message: "no" }];
}

/** What is said of shares, with the code of the ERROR, or 0. */
function answersOf(messages: readonly Message[]) {
  return messages.flatMap((message, index) => {
    if (message.type !== "FEDERATION_SYNC" || message.op !== "Forward") return [];
    if (message.kind !== "shareReply") return [];
    const frame = messages[index + 1];
    return message.entries.map((entry) => ({
      ...entry,
      code: frame?.type === "ERROR" ? frame.code : 0,
    }));
  });
}
